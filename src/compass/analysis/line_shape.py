"""The shape of a log line: a 64-bit hash of its words with everything variable left out, for many lines at once.

A token with a digit in it is variable (numbers, times, hexadecimal ids, UUIDs, addresses, versions), runs of variable
tokens count as one, and so do weekday and month names and the elements of a list in square brackets. Digits that are
part of what the program says stay: source locations (`Class#42`, `file.go:17`), HTTP statuses, numeric levels and
klog's `E0102`. Bytes are processed in bulk with numpy; nothing here loops over lines in Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from compass.analysis.log_level import LEVEL_WORDS

U64 = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

MAX_CHARS = 400  # what a statement says stands at the front; long tails are data
_CHUNK = 2000  # lines at once: enough to make up for numpy's calls, few enough for the processor's cache
_WORD, _DIGIT, _SEPARATOR, _MARK = 0, 1, 2, 3  # a mark is a separator that the structure of the line hangs on
_MARKS = "\n[],"
SEPARATORS = " \t\r\n\v\f,;=()[]{}\"'<>|&?:/\\#`!*"
EXTENSIONS = (".go", ".py", ".rs", ".js", ".ts", ".cs", ".rb", ".kt", ".cc", ".c", ".h", ".cpp", ".java", ".php")
_FILE_TAILS = tuple(extension.encode() for extension in EXTENSIONS)
_STATUS_TAILS = (b"tatus", b"_code", b" code", b'"code', b"_CODE", b"TATUS", b"sCode")
_LEVEL_TAILS = (b"evel",)
_CALENDAR = (
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
    "Oct", "Nov", "Dec", "AM", "PM", "UTC", "GMT", "CST", "CET", "CEST", "EST", "EDT", "PST", "PDT",
)  # fmt: skip


def _classes() -> bytes:
    """The class of every byte, as bytes.translate wants it."""
    table = np.full(256, _WORD, dtype=np.uint8)
    table[[ord(c) for c in SEPARATORS]] = _SEPARATOR
    table[[ord(c) for c in _MARKS]] = _MARK
    table[ord("0") : ord("9") + 1] = _DIGIT
    return table.tobytes()


def _constants(count: int, seed: int) -> U64:
    """Fixed odd 64-bit numbers (splitmix64; Steele, Lea and Flood 2014): the same on every machine."""
    state, out = seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        out.append((z ^ (z >> 31)) | 1)
    return np.array(out, dtype=np.uint64)


_CLASS = _classes()
_LETTER = _constants(256, 1)
_BASE, _SIZE = _constants(2, 2)
_FRONTS = np.array([2 ** (8 * count) - 1 for count in range(9)], dtype=np.uint64)  # masks of so many bytes
_ROOM = " " * 16  # around the lines, so that eight bytes can be read before and after every word
_SLOT = _constants(256, 3)
PLACE = _constants(256, 6)
"""A number for each place in a line."""
MASKED = _constants(1, 4)[0]
_EMPTY = _constants(1, 5)[0]
_BREAK, _OPEN, _CLOSE, _COMMA, _HASH, _COLON = b"\n[],#:"


def _among(these: Iterable[int]) -> Bools:
    """bool [256]: which bytes are among these."""
    return np.isin(np.arange(256), list(these))


_KLOG = _among(b"IWEF")
_LOCATES = _among(b"#:")
_CALENDAR_STARTS = _among(ord(word[0]) for word in _CALENDAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """The fronts of some lines, each between two line breaks, with room around them: `data` the bytes, `kind` the class
    of each, `eights` each with the seven after it as one number (the first lowest), `marks` where the marks are."""

    data: Bytes
    kind: Bytes
    eights: U64
    marks: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Words of many lines, one element a word, in order: `line` the number of its line, `hash` of its bytes, `variable`
    (to be left out), `fixed` (part of what the program says: never variable), `begin` and `end` its bytes in the line.
    """

    line: Ints
    hash: U64
    variable: Bools
    fixed: Bools
    begin: Ints
    end: Ints


def shapes(lines: Sequence[str]) -> U64:
    """One hash a line. Lines with the same words in the same order (variable ones aside) have the same hash."""
    out = np.full(len(lines), _EMPTY, dtype=np.uint64)
    for at, words in _chunks(lines, levels=False):
        kept = once(words.line, words.variable)
        hashes = np.where(words.variable, MASKED, words.hash)[kept]
        where, totals, _ = line_hashes(hashes, words.line[kept])
        out[at + where] = totals
    return out


def words_of(lines: Sequence[str]) -> Words:
    """The words of every line, each variable one by itself."""
    parts = [replace(words, line=words.line + at) for at, words in _chunks(lines, levels=True)]
    return (
        Words(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Words)})
        if parts
        else _NONE
    )


def once(line: Ints, variable: Bools) -> Bools:
    """Which words stay when a run of variable words in one line counts as one."""
    if not line.size:
        return np.empty(0, dtype=np.bool_)
    return np.asarray(~(variable & np.r_[False, variable[:-1] & (line[1:] == line[:-1])]))


def _chunks(lines: Sequence[str], *, levels: bool) -> Iterator[tuple[int, Words]]:
    for at in range(0, len(lines), _CHUNK):
        words = _words(_text(lines[at : at + _CHUNK]), levels)
        if words is not None:
            yield at, words


def _text(lines: Sequence[str]) -> _Text:
    """A line break inside a line counts as a space."""
    raw = "\n".join([_ROOM, *[line[:MAX_CHARS] for line in lines], _ROOM]).encode("utf-8", "replace")
    data = np.frombuffer(raw, dtype=np.uint8)
    kind = np.frombuffer(raw.translate(_CLASS), dtype=np.uint8)
    marks = np.flatnonzero(kind == _MARK)
    if np.count_nonzero(data[marks] == _BREAK) != len(lines) + 1:
        return _text([line[:MAX_CHARS].replace("\n", " ") for line in lines])
    eights = np.ndarray(shape=(data.size - 7,), dtype="<u8", buffer=raw, strides=(1,))
    return _Text(data=data, kind=kind, eights=eights, marks=marks)


def _words(text: _Text, levels: bool) -> Words | None:
    """None without any word. `levels`: whether words that state a severity have to be marked as fixed everywhere."""
    data, kind = text.data, text.kind
    word = kind < _SEPARATOR
    edge = np.flatnonzero(word[1:] != word[:-1]) + 1
    begin, end = edge[0::2].copy(), edge[1::2].copy()
    if begin.size == 0:
        return None
    breaks = text.marks[data[text.marks] == _BREAK]
    line = np.repeat(np.arange(breaks.size - 1), np.diff(np.searchsorted(begin, breaks)))
    sizes = end - begin
    hashes = _token_hashes(text, begin, sizes)
    counted = np.cumsum(kind == _DIGIT, dtype=np.int32)
    digits = counted[end - 1] - counted[begin - 1]
    kept = _kept(text, begin, sizes, digits, np.r_[True, line[1:] != line[:-1]], hashes)
    variable = (digits > 0) & ~kept
    short = np.flatnonzero((digits == 0) & (sizes <= _LONGEST_CALENDAR))
    short = short[_CALENDAR_STARTS[data[begin[short]]]]
    variable[short] = _found(hashes[short], _CALENDAR_HASHES)
    located = 1 + np.flatnonzero(kept[1:])
    fixed = kept.copy()
    fixed[located[_LOCATES[data[begin[located] - 1]]] - 1] = True
    inside = _listed(text, begin)
    named = np.flatnonzero((digits == 0) & (sizes <= _LONGEST_LEVEL) & (levels | inside))
    fixed[named] |= _found(hashes[named], _LEVEL_HASHES)
    variable |= inside & ~fixed
    start = breaks[line] + 1
    return Words(line=line, hash=hashes, variable=variable, fixed=fixed, begin=begin - start, end=end - start)


def _listed(text: _Text, begin: Ints) -> Bools:
    """Words between a pair of square brackets that holds a comma and no bracket: elements of a list are data."""
    marks, signs = text.marks, text.data[text.marks]
    others = np.flatnonzero(signs != _COMMA)
    left, right = others[:-1], others[1:]
    listed = (signs[left] == _OPEN) & (signs[right] == _CLOSE) & (right - left > 1)
    enters = np.bincount(np.searchsorted(begin, marks[left[listed]]), minlength=begin.size + 1)
    leaves = np.bincount(np.searchsorted(begin, marks[right[listed]]), minlength=begin.size + 1)
    return np.asarray(np.cumsum(enters - leaves)[:-1] > 0)


def _token_hashes(text: _Text, begin: Ints, sizes: Ints) -> U64:
    """Hashes of tokens, eight bytes at a time, so that most take one step."""
    hashes = _mixed((text.eights[begin] & _FRONTS[np.minimum(sizes, 8)]) ^ (sizes.astype(np.uint64) * _SIZE))
    longer, at = np.flatnonzero(sizes > 8), 8
    while longer.size:
        part = text.eights[begin[longer] + at] & _FRONTS[np.minimum(sizes[longer] - at, 8)]
        hashes[longer] = _mixed(hashes[longer] ^ part)
        at += 8
        longer = longer[sizes[longer] > at]
    return hashes


def _mixed(numbers: U64) -> U64:
    """The same numbers in another order: tokens of one size with up to eight bytes never share a hash."""
    spread = numbers * _BASE
    return np.asarray(spread ^ (spread >> np.uint64(32)), dtype=np.uint64)


def line_hashes(hashes: U64, line: Ints) -> tuple[Ints, U64, U64]:
    """(the lines that have words, the hash of each, what each word adds to it). A line's hash is the sum of its words'
    parts, each mixed with the word's place, so that a word can be taken out of it."""
    if not line.size:
        return line, hashes, hashes
    first = np.flatnonzero(np.r_[True, line[1:] != line[:-1]])
    slot = np.arange(line.size) - np.repeat(first, np.diff(np.r_[first, line.size]))
    mixed = (hashes ^ (hashes >> np.uint64(31))) * _SLOT[slot & 255]
    mixed ^= mixed >> np.uint64(27)
    return line[first], np.add.reduceat(mixed, first), mixed


def _found(hashes: U64, wanted: U64) -> Bools:
    """Membership in a small sorted set."""
    at = np.minimum(np.searchsorted(wanted, hashes), wanted.size - 1)
    return np.asarray(wanted[at] == hashes)


def _hashes_of(words: Sequence[str]) -> U64:
    """Sorted."""
    text = _text(words)
    breaks = np.flatnonzero(text.data == _BREAK)
    return np.sort(_token_hashes(text, breaks[:-1] + 1, np.diff(breaks) - 1))


_CALENDAR_HASHES = _hashes_of(_CALENDAR)
_LEVEL_HASHES = _hashes_of([form for word in LEVEL_WORDS for form in (word, word.upper(), word.capitalize())])
_LONGEST_CALENDAR, _LONGEST_LEVEL = max(map(len, _CALENDAR)), max(map(len, LEVEL_WORDS))
_NONE = Words(
    line=np.empty(0, dtype=np.int64), hash=np.empty(0, dtype=np.uint64), variable=np.empty(0, dtype=np.bool_),
    fixed=np.empty(0, dtype=np.bool_), begin=np.empty(0, dtype=np.int64), end=np.empty(0, dtype=np.int64),
)  # fmt: skip


def _kept(text: _Text, begin: Ints, sizes: Ints, digits: npt.NDArray[np.int32], first: Bools, hashes: U64) -> Bools:
    """Tokens with digits that are part of what the program says. Sets the hash of klog's severity tokens."""
    data = text.data
    kept = np.zeros(begin.size, dtype=bool)
    numeric = np.flatnonzero((digits == sizes) & ~first & (digits <= 5))
    at, size = begin[numeric], digits[numeric]
    before, lead = data[at - 1], data[at]
    placed = np.flatnonzero(_LOCATES[before] & (text.kind[at - 2] == _WORD))
    kept[numeric[placed]] = (before[placed] == _HASH) | _ends_with(text, at[placed] - 1, _FILE_TAILS)
    three = np.flatnonzero((size == 3) & (lead >= ord("1")) & (lead <= ord("5")))
    kept[numeric[three]] |= _value_of(text, at[three], _STATUS_TAILS)
    two = np.flatnonzero((size == 2) & (data[at + 1] == ord("0")))
    kept[numeric[two]] |= _value_of(text, at[two], _LEVEL_TAILS)
    klog = np.flatnonzero(first)
    klog = klog[(sizes[klog] == 5) & (digits[klog] == 4) & _KLOG[data[begin[klog]]]]
    kept[klog] = True
    hashes[klog] = _LETTER[data[begin[klog]]]
    return kept


def _value_of(text: _Text, at: Ints, names: Sequence[bytes]) -> Bools:
    """Whether what begins at `at` is said to be the value of a name with one of these ends."""
    one = text.kind[at - 2] >= _SEPARATOR  # status=500, "status":500, "status": 500
    return _ends_with(text, at - 1 - one - (one & (text.kind[at - 3] >= _SEPARATOR)), names)


def _ends_with(text: _Text, end: Ints, tails: Sequence[bytes]) -> Bools:
    """Whether the bytes before `end` are one of `tails`, none longer than eight bytes."""
    before = text.eights[end - 8]
    good = np.zeros(end.size, dtype=np.bool_)
    for tail in tails:
        good |= before >> np.uint64(64 - 8 * len(tail)) == np.uint64(int.from_bytes(tail, "little"))
    return good
