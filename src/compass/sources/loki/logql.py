"""LogQL as text. https://grafana.com/docs/loki/latest/query/ (RE2; label matchers are anchored, line filters not)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from compass.signals.severity import BAD_LEVELS, BAD_LINE, GOOD_LEVELS, LEVEL_LABELS

_RE2_META = re.compile(r"[\\.+*?()|\[\]{}^$]")
_WORDS = frozenset(
    [
        "unwrap",
        "by",
        "without",
        "bool",
        "label_replace",
        "offset",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "or",
        "and",
        "unless",
        "json",
        "regexp",
        "logfmt",
        "unpack",
        "pattern",
        "label_format",
        "line_format",
        "ip",
        "decolorize",
        "drop",
        "keep",
    ]
)
_CAPTURE = re.compile(r"<[A-Za-z_]\w*>", re.ASCII)  # pkg/logql/log/pattern/lexer.rl
_CAPTURES = re.compile("(?:<_>)+")
_PART = "compass_part"  # of a label that exists only while a query runs


def quoted(text: str) -> str:
    """A string literal (Go's): quotes, backslashes and control characters escaped; other characters as they are."""
    # JSON escapes are a subset of Go's, but for DEL, which both allow as it is.
    return json.dumps(text, ensure_ascii=False)


def literally(text: str) -> str:
    """A regular expression (RE2) that matches `text` and nothing else."""
    return _RE2_META.sub(lambda found: "\\" + found[0], text)


def nameable(label: str) -> bool:
    """Whether a label can be written in a query: some are words of LogQL (pkg/logql/syntax/lex.go), or Loki's own."""
    return label not in _WORDS and not label.startswith("__")


def matcher(label: str, operator: str, value: str) -> str:
    """`label="value"`, with `operator` one of = != =~ !~."""
    return f"{label}{operator}{quoted(value)}"


def one_of(label: str, values: Sequence[str]) -> str:
    """A matcher for a label that has one of `values`, literally."""
    if len(values) == 1:
        return matcher(label, "=", values[0])
    return matcher(label, "=~", "|".join(literally(value) for value in values))


def none_of(label: str, values: Sequence[str]) -> str:
    """A matcher for a label that has none of `values`, literally."""
    return matcher(label, "!~", "|".join(literally(value) for value in values))


def having(label: str) -> str:
    """A selector of every stream that has `label`."""
    return "{" + matcher(label, "=~", ".+") + "}"


def narrowed(selector: str, *matchers: str) -> str:
    """`selector` with further matchers."""
    inside = selector.strip()[1:-1].strip().rstrip(",").rstrip()
    return "{" + ", ".join(filter(None, (inside, *matchers))) + "}"


def _any_of(levels: frozenset[str]) -> str:
    return "(?i)(" + "|".join(sorted(levels)) + ")"


def bad_by_level(selector: str, levels: Sequence[str] = LEVEL_LABELS) -> str:
    """Lines whose labels or metadata state a warning or worse. `levels`: the labels that may state it."""
    wanted = quoted(_any_of(BAD_LEVELS))
    return f"{selector} | {' or '.join(f'{label}=~{wanted}' for label in levels)}"


def others(selector: str, levels: Sequence[str] = LEVEL_LABELS) -> str:
    """The complement of `bad_by_level`."""
    unwanted = quoted(_any_of(BAD_LEVELS))
    return " | ".join([selector, *(f"{label}!~{unwanted}" for label in levels)])


def bad_by_words(selector: str, levels: Sequence[str] = LEVEL_LABELS) -> str:
    """Lines that state no level we know, and whose words are those of a warning or worse.

    BAD_LINE is the dearest step by far (measured: ten times the reading of a line). So words that every such line has
    are looked for first, which Loki does without a regular expression; then come the levels. It would put all line
    filters first: `line_format`, which changes nothing, keeps the dear one last.
    """
    known = quoted(_any_of(BAD_LEVELS | GOOD_LEVELS))
    stages = [f"{selector} |~ `{SOME_WORD}`", *(f"{label}!~{known}" for label in levels)]
    return " | ".join([*stages, f"line_format `{{{{__line__}}}}` |~ `{BAD_LINE}`"])


SOME_WORD = (
    "(?i)(warn|err|fatal|critical|panic|severe|emerg|exception|traceback|fail|refused|denied|time|unavailable|abort)"
)
"""A line that BAD_LINE matches has one of these."""


def one_in(query: str, modulus: int) -> str:
    """About one of `modulus` lines of `query`, spread evenly over time: those whose millisecond it divides.

    A line is in whatever the others are, so that shards and pages agree. (The parameter `interval` of query_range would
    be cheaper, but is applied after the limit of lines: Loki 3 then gives 50 lines of 18 s for 5,000 of 30 minutes.)
    """
    if modulus == 1:
        return query
    made = f"label_format {_PART}=`{{{{mod __timestamp__.UnixMilli {modulus}}}}}`"
    return f"{query} | {made} | {_PART}=`0` | drop {_PART}"


def pattern_filter(pattern: str) -> str:
    """A pattern that Loki found in lines, as its filters take it; "" for one that says nothing of a line.

    They take no captures with names, which a line may have in it as text, and none right after another.
    """
    text = _CAPTURES.sub("<_>", _CAPTURE.sub("<_>", pattern))
    return text if any(char.isalpha() for char in text.replace("<_>", "")) else ""


def unlike(selector: str, patterns: Sequence[str]) -> str:
    """Lines that match none of `patterns` (of `pattern_filter`). Since Loki 3, which is the first that finds any."""
    return " ".join([selector, *(f"!> {quoted(pattern)}" for pattern in patterns)])


def counted(query: str, by: Sequence[str], step_s: int) -> str:
    """How many lines, by labels, in each step."""
    return f"sum by ({', '.join(by)}) (count_over_time({query} [{step_s}s]))"


def class_of(labels: dict[str, str]) -> str:
    """What `bad_by_level` and `bad_by_words` would say of a line with these labels: bad, good, or unsaid."""
    stated = {labels.get(label, "").lower() for label in LEVEL_LABELS}
    if stated & BAD_LEVELS:
        return "bad"
    return "good" if stated & GOOD_LEVELS else "unsaid"
