"""Log templates: which lines are the same statement with other values.

Three steps. Lines are grouped by shape in bulk (line_shape). One example of every shape is read: severity, source
location, and the message of structured lines. Shapes that differ only in words that vary freely (names without
digits) are then merged: those of one source location and severity that begin alike, and those equal but for one
position that takes many values. The same location at another level stays another template. Deterministic: numbering
follows the order of first appearance.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compass.analysis import free_words
from compass.analysis.free_words import ALIKE, MANY_VALUES
from compass.analysis.line_shape import EXTENSIONS, MAX_CHARS, SEPARATORS, Ints, shapes, words_of
from compass.analysis.log_level import ERROR_LEVELS, LEVELS, is_continuation, level_of, structured

WILDCARD = "<*>"
_MAX_ALIKE = 5_000
_HEAD_WORDS = 2  # words after the location that must agree for two shapes to be one statement
MAX_TOKENS = 60
_MAX_SHAPES_COMPARED = 200_000  # word for word; the rarest shapes beyond are one template
_MAX_READ = 50_000  # examples that are read, after words that vary freely were left out; likewise
_MAX_SHAPES = 20_000  # beyond, shapes are grouped by their first words only
_ext = "|".join(re.escape(extension) for extension in EXTENSIONS)
LOCATION = re.compile(rf"(?<![\w/])([A-Za-z_$][\w.$-]{{0,100}}#\d{{1,5}}|[\w/.-]{{0,100}}(?:{_ext}):\d{{1,5}})\b")
_KEPT = re.compile(r"(?i)(?:status|[_ \"s]code)\W{1,3}$")
_SPLIT = re.compile("([" + re.escape(SEPARATORS) + "]+)")
_DIGIT = re.compile(r"\d")
_DIGITS = re.compile(rb"\d")
_CALENDAR = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """`ids` int32 [lines]: the template of each line. The rest has one element a template: `texts` with `<*>` for what
    varies, `levels` (log_level.LEVELS), `examples` (number of the first such line), `locations` ("" when none) and
    `continuation` (a frame of a stack trace, no event of its own)."""

    ids: npt.NDArray[np.int32]
    texts: tuple[str, ...]
    levels: tuple[str, ...]
    examples: tuple[int, ...]
    locations: tuple[str, ...]
    continuation: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def errors(self) -> npt.NDArray[np.bool_]:
        """bool [templates]: stated as error or worse."""
        return np.array([level in ERROR_LEVELS for level in self.levels], dtype=bool)


@dataclass(frozen=True, slots=True)
class _Shape:
    """One example, read: `words` with WILDCARD for variable ones, `gaps` the separators before each word."""

    level: str
    location: str
    words: tuple[str, ...]
    gaps: tuple[str, ...]
    continuation: bool


def mine(lines: Sequence[str] | npt.NDArray[np.object_]) -> Templates:
    """The templates of `lines` (any order, any dialect)."""
    texts = list(map(str, lines))
    if not texts:
        empty = np.empty(0, dtype=np.int32)
        return Templates(ids=empty, texts=(), levels=(), examples=(), locations=(), continuation=())
    examples, shape = _in_order(_bounded(shapes(texts), _MAX_SHAPES_COMPARED))
    read, alike = _read_each([texts[row] for row in examples], np.bincount(shape))
    groups = _merge(read)
    group_of = np.zeros(len(read), dtype=np.int32)
    for number, group in enumerate(groups):
        group_of[group] = number
    heads = [read[group[0]] for group in groups]
    first = _in_order(alike)[0]
    return Templates(
        ids=group_of[alike[shape]],
        texts=tuple(_text([read[i] for i in group]) for group in groups),
        levels=tuple(head.level for head in heads),
        examples=tuple(int(examples[first[group[0]]]) for group in groups),
        locations=tuple(head.location for head in heads), continuation=tuple(head.continuation for head in heads),
    )  # fmt: skip


def _in_order(
    codes: npt.NDArray[np.uint64] | npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(where each distinct code comes first, ascending; its number in that order for every element)."""
    _, first, number = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    return first[order], rank[number]


def _bounded(
    codes: npt.NDArray[np.uint64], most: int, weights: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.uint64]:
    """The same codes, the rarest of too many replaced by 0: such lines are noise to every later step."""
    if codes.size <= most:
        return codes
    values, number = np.unique(codes, return_inverse=True)
    if values.size <= most:
        return codes
    counts = np.bincount(number, weights=weights)
    rare = np.ones(values.size, dtype=np.bool_)
    rare[np.argsort(-counts, kind="stable")[:most]] = False
    return np.where(rare[number], np.uint64(0), codes)


def _read_each(lines: Sequence[str], counts: Ints) -> tuple[list[_Shape], Ints]:
    """(the shapes that are read, in order of appearance; which of them each line is), words that vary freely masked."""
    inside = [structured(line) if line.lstrip().startswith("{") else None for line in lines]
    texts = [line if found is None else found[0] for line, found in zip(lines, inside, strict=True)]
    kinds = np.array([0 if found is None else 1 + LEVELS.index(found[1]) for found in inside], dtype=np.int64)
    words = words_of(texts)
    stands, variable = free_words.merge(words, len(texts), kinds)
    bounded = _bounded(stands.astype(np.uint64) + np.uint64(1), _MAX_READ, counts)
    heads, alike = _in_order(bounded)
    start = np.searchsorted(words.line, np.arange(len(texts) + 1))
    read = []
    for row in heads.tolist():
        own = slice(start[row], start[row + 1])
        free = np.flatnonzero(variable[own])
        spans = zip(words.begin[own][free].tolist(), words.end[own][free].tolist(), strict=True)
        read.append(_read(lines[row], texts[row], inside[row], spans))
    return read, alike


def _read(line: str, text: str, inside: tuple[str, str] | None, variable: Iterable[tuple[int, int]]) -> _Shape:
    text = _blanked(text[:MAX_CHARS], variable)
    level = inside[1] if inside else level_of(line)
    found = LOCATION.search(text)
    location = found.group(1) if found else ""
    words, gaps = _words(text)
    return _Shape(level, location, words, gaps, inside is None and is_continuation(line))


def _blanked(text: str, variable: Iterable[tuple[int, int]]) -> str:
    """The text with a digit in place of variable words that hold none; positions are bytes."""
    data, parts, at = text.encode("utf-8", "replace"), [], 0
    for begin, end in variable:
        if not _DIGITS.search(data, begin, end):
            parts += [data[at:begin], b"0"]
            at = end
    return (b"".join(parts) + data[at:]).decode("utf-8", "replace") if parts else text


def _words(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(words, the separators before each): variable words masked, runs of them as one."""
    parts = _SPLIT.split(text)  # word, gap, word, gap, ..., word
    kept_spans = [found.span(1) for found in LOCATION.finditer(text)]
    words: list[str] = []
    gaps: list[str] = []
    at, gap = 0, ""
    for number, part in enumerate(parts):
        if number % 2:
            gap = part
        elif part:
            inside = any(start <= at < end for start, end in kept_spans)
            status = len(part) == 3 and part.isdigit() and _KEPT.search(text[:at]) is not None
            variable = not (inside or status) and (_DIGIT.search(part) is not None or _CALENDAR.match(part) is not None)
            if not (variable and words and words[-1] == WILDCARD):
                words.append(WILDCARD if variable else part)
                gaps.append(gap)
                gap = ""
        at += len(part)
    return tuple(words[:MAX_TOKENS]), tuple(gaps[:MAX_TOKENS])


def _head(shape: _Shape) -> tuple[str, ...]:
    """The first words after the location that are no labels of a value ("TraceID: <*>")."""
    start = next((i + 1 for i, word in enumerate(shape.words) if word and shape.location.endswith(word)), 0)
    rest = shape.words[start:]
    free = [a for a, b in zip(rest, (*rest[1:], ""), strict=False) if a != WILDCARD and b != WILDCARD]
    return tuple(free[:_HEAD_WORDS])


def _merge(read: Sequence[_Shape]) -> list[list[int]]:
    """Numbers of the shapes of each template; templates and members in order of appearance."""
    keys: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, shape in enumerate(read):
        if shape.location and not shape.continuation:
            keys[(shape.level, shape.location, _head(shape))].append(number)
        elif len(read) > _MAX_SHAPES:
            keys[(shape.level, shape.continuation, shape.words[: 2 * _HEAD_WORDS])].append(number)
        else:
            keys[(shape.level, shape.continuation, shape.words)].append(number)
    groups = list(keys.values())
    if len(groups) <= _MAX_SHAPES:
        words = _generalise([read[group[0]] for group in groups])
        joined: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for group, pattern in zip(groups, words, strict=True):
            head = read[group[0]]
            joined[(head.level, head.location, head.continuation, pattern)].extend(group)
        groups = [sorted(group) for group in joined.values()]
    return sorted(groups)


def _generalise(shapes_: Sequence[_Shape]) -> list[tuple[str, ...]]:
    """Word tuples with positions that take many values replaced by WILDCARD, repeated until nothing changes."""
    patterns = [shape.words for shape in shapes_]
    buckets: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, shape in enumerate(shapes_):
        buckets[(shape.level, shape.location, shape.continuation, len(shape.words))].append(number)
    for bucket in buckets.values():
        changed = len(bucket) >= 2
        while changed:
            changed = False
            seen: dict[tuple[str, ...], set[str]] = defaultdict(set)
            for pattern in {patterns[i] for i in bucket}:
                for j in _free_positions(pattern):
                    seen[(str(j), *pattern[:j], *pattern[j + 1 :])].add(pattern[j])
            wide = {key for key, values in seen.items() if len(values) >= MANY_VALUES or _joins(values)}
            for i in bucket if wide else ():
                for j in _free_positions(patterns[i]):
                    pattern = patterns[i]
                    if pattern[j] != WILDCARD and (str(j), *pattern[:j], *pattern[j + 1 :]) in wide:
                        patterns[i] = (*pattern[:j], WILDCARD, *pattern[j + 1 :])
                        changed = True
                        break
        _widen(patterns, bucket)
        _absorb(patterns, bucket)
    return patterns


def _matrix(distinct: Sequence[tuple[str, ...]]) -> npt.NDArray[np.int32]:
    """Words as numbers, 0 = WILDCARD."""
    code = {word: number for number, word in enumerate(sorted({w for p in distinct for w in p} - {WILDCARD}), start=1)}
    return np.array([[code.get(word, 0) for word in pattern] for pattern in distinct], dtype=np.int32)


def _widen(patterns: list[tuple[str, ...]], bucket: Sequence[int]) -> None:
    """Among patterns alike in most positions, make those with many values variable, in place: combinations of several
    varying words repeat too rarely to be seen one position at a time."""
    distinct = sorted({patterns[i] for i in bucket})
    if not MANY_VALUES <= len(distinct) <= _MAX_ALIKE:
        return
    words = _matrix(distinct)
    free, to = np.ones(len(distinct), dtype=bool), dict(zip(distinct, distinct, strict=True))
    while free.any():
        head = words[np.flatnonzero(free)[0]]
        alike = free & (((words == head) | (words == 0) | (head == 0)).mean(axis=1) >= ALIKE)
        free &= ~alike
        members = np.flatnonzero(alike)
        values = [np.unique(words[members, j]) for j in range(words.shape[1])]
        wide = [j for j, seen in enumerate(values) if (seen > 0).sum() >= MANY_VALUES]
        for k in members:
            allowed = set(wide) & set(_free_positions(distinct[k]))
            widened = tuple(WILDCARD if j in allowed else word for j, word in enumerate(distinct[k]))
            if sum(word != WILDCARD for word in widened) >= 2:
                to[distinct[k]] = widened
    for i in bucket:
        patterns[i] = to[patterns[i]]


def _absorb(patterns: list[tuple[str, ...]], bucket: Sequence[int]) -> None:
    """Give patterns that a more general one of the bucket covers that one's words, in place (rare combinations of
    values never reach MANY_VALUES at a single position). Of several the most special one takes them."""
    distinct = sorted({patterns[i] for i in bucket})
    if len(distinct) < 2:
        return
    words = _matrix(distinct)
    constant = (words > 0).sum(axis=1)
    becomes = np.arange(len(distinct))
    general = np.flatnonzero((constant >= 2) & (constant < words.shape[1]))
    for k in general[np.argsort(-constant[general], kind="stable")][::-1]:
        covered = ((words == words[k]) | (words[k] == 0)).all(axis=1)
        becomes[covered & (np.arange(len(distinct)) != k)] = k
    for _ in range(words.shape[1]):
        becomes = becomes[becomes]
    to = {distinct[i]: distinct[int(k)] for i, k in enumerate(becomes)}
    for i in bucket:
        patterns[i] = to[patterns[i]]


def _joins(values: set[str]) -> bool:
    return WILDCARD in values and len(values) > 1


def _free_positions(pattern: tuple[str, ...]) -> list[int]:
    """Positions that may become variable: not the first constant word, and two constant words must remain."""
    constant = [j for j, word in enumerate(pattern) if word != WILDCARD]
    first = constant[0] if constant else -1
    return [j for j in range(len(pattern)) if j != first] if len(constant) >= 3 else []


def _text(members: Sequence[_Shape]) -> str:
    """The template's text: the first example's, with a wildcard where the members differ."""
    head = members[0]
    words = list(head.words)
    for other in members[1:]:
        shared = min(len(words), len(other.words))
        same_length = len(words) == len(other.words)
        for j in range(shared):
            if words[j] != other.words[j]:
                words[j] = WILDCARD
                if not same_length:
                    words = words[: j + 1]
                    break
    return "".join(gap + word for gap, word in zip(head.gaps, words, strict=False)).strip()
