"""A question as the text that is sent: what is the same in many calls, then facts, all of it through the gate.

The order is that of how long a text stays the same, since providers keep beginnings of prompts: the rules of all tasks,
the task, the shape of its reply and the words that all questions of it share; then the words of one specialist; then
the facts. Everything before the facts is COMPASS's own. Facts are JSON lines between marks.

Nothing in a fact can end its mark or its line: line feeds and quotes are escaped by JSON, and every `<` except that of
`<*>` is written as \\u003c. Characters that people do not see, or that look like others, are taken out or folded (NFKC)
before anything is searched for secrets.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compass.llm import replies
from compass.llm.prompts import prompt_of
from compass.llm.tokens import tokens_of
from compass.ports.language_model import Item, Question, Section
from compass.redaction import Masker, bound
from compass.redaction.gate import MAX_CHARS

__all__ = ["Rendered", "plain", "render", "tokens_of"]

MOST_TEXT, LEAST_TEXT = 2_000, 120  # characters of one fact; the least is tried last
MOST_ID, MOST_TITLE = 300, 120
BETWEEN = 16  # tokens: what stands between the parts, and what rounding each of them hides
_WILDCARD = "<*>"
# Format characters, private use, unassigned; variation selectors, fillers and blanks that show nothing.
_UNSEEN = frozenset({"Cf", "Co", "Cn", "Cs"})
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_STACKED = re.compile(r"([\u0300-\u036f]{2})[\u0300-\u036f]+")


FACTS = 0.25
"""So much of a prompt is for the facts at least: the words before them never depend on how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`rules` are the same for all questions of a task, `words` for all of one specialist (or empty), `user` are the
    facts. `version` is that of the prompt files. `left_out`: so many facts did not fit."""

    rules: str
    user: str
    version: str
    words: str = ""
    left_out: int = 0

    @property
    def system(self) -> str:
        """All that is COMPASS's own."""
        return f"{self.rules}\n\n{self.words}" if self.words else self.rules

    @property
    def text(self) -> str:
        """All of it, as it is recorded."""
        return f"{self.system}\n\n{self.user}"


def render(question: Question[Any], masker: Masker, limit_tokens: int) -> Rendered:
    """The same text for the same question and masker key, of at most about `limit_tokens` tokens.

    Over the limit the last facts of the largest section go first, down to what each section keeps; then texts are
    shortened. Lists of words lose their last only where the rules with them would leave no room for facts. What was
    left out is said in the prompt.
    """
    prompt = prompt_of(question.task)
    form = f"Reply with one JSON object of this shape, and nothing else:\n{replies.shape(question.reply)}"
    rules = f"{prompt.text}\n\n{form}"
    most = MOST_TEXT
    shared = [_List(section, masker, most) for section in question.shared]
    stable = [_List(section, masker, most) for section in question.stable]
    _drop([*shared, *stable], int((1 - FACTS) * limit_tokens) - tokens_of(rules))
    rules, words = _joined([rules], shared), _joined([], stable)
    room = limit_tokens - tokens_of(rules) - tokens_of(words) - BETWEEN
    while True:
        parts = [_Part(section, masker, most) for section in question.sections]
        if _drop(parts, room) or most <= LEAST_TEXT:
            break
        most = max(LEAST_TEXT, most // 2)
    return Rendered(
        rules=rules, words=words, user=_joined([], parts), version=prompt.version,
        left_out=sum(part.left_out for part in (*shared, *stable, *parts)),
    )  # fmt: skip


def _joined(before: list[str], parts: Sequence[_Part]) -> str:
    return "\n\n".join([*before, *(part.text() for part in parts)])


def plain(text: str) -> str:
    """`text` as it reads: compatibility forms folded (NFKC), nothing invisible, no control or bidi characters."""
    folded = unicodedata.normalize("NFKC", bound(text, MAX_CHARS))
    if not folded.isascii():
        folded = _STACKED.sub(r"\1", _BLANK.sub("", folded))
        folded = "".join(c for c in folded if unicodedata.category(c) not in _UNSEEN)
    return folded


class _Part:
    """One section as lines, and how many of them are kept."""

    def __init__(self, section: Section, masker: Masker, most: int) -> None:
        self._title = bound(masker.mask(plain(section.title)), MOST_TITLE)
        self._lines = [self._line(item, masker, most) for item in section.items]
        self._sizes = [tokens_of(line) + 1 for line in self._lines]
        self._keep = section.keep
        self._kept = len(self._lines)

    @property
    def left_out(self) -> int:
        return len(self._lines) - self._kept

    @property
    def tokens(self) -> int:
        return sum(self._sizes[: self._kept]) + tokens_of(self._title) + 16

    @property
    def can_drop(self) -> bool:
        return self._kept > self._keep

    def drop(self) -> None:
        self._kept -= 1

    def text(self) -> str:
        more = f' left_out="{self.left_out}"' if self.left_out else ""
        return "\n".join([f"<facts title={_json(self._title)}{more}>", *self._lines[: self._kept], "</facts>"])

    def _line(self, item: Item, masker: Masker, most: int) -> str:
        # First searched whole, then cut: a cut secret would not be recognised.
        given = {"id": bound(masker.mask(plain(item.id)), MOST_ID)} if item.id else {}
        text = bound(masker.mask(plain(item.text)), most)
        return _json(given | {"text" if item.trusted else "untrusted": text})


class _List(_Part):
    """COMPASS's own words in a shorter form than facts have: nothing in them has to be held to its place."""

    def text(self) -> str:
        more = f" ({self.left_out} left out)" if self.left_out else ""
        return "\n".join([f"{self._title}{more}:", *self._lines[: self._kept]])

    def _line(self, item: Item, masker: Masker, most: int) -> str:
        return " ".join(bound(masker.mask(plain(f"{item.id}: {item.text}")), most).split())


def _drop(parts: Sequence[_Part], room: int) -> bool:
    """Drop the last items of the largest part until all fit; False where too much must be kept."""
    while sum(part.tokens for part in parts) > room:
        able = [part for part in parts if part.can_drop]
        if not able:
            return False
        max(able, key=lambda part: part.tokens).drop()
    return True


def _json(value: object) -> str:
    """`value` as one line of JSON in which nothing can look like a mark."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(f"\\u003c{_WILDCARD[1:]}", _WILDCARD)
