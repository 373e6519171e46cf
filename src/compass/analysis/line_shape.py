"""The shape of a log line: a 64-bit hash of its words with everything variable left out, for many lines at once.

A token with a digit in it is variable (numbers, times, hexadecimal ids, UUIDs, addresses, versions), runs of variable
tokens count as one, and so do weekday and month names and the elements of a list in square brackets. Digits that are
part of what the program says stay: source locations (`Class#42`, `file.go:17`), HTTP statuses, numeric levels and
klog's `E0102`. Bytes are processed in bulk with numpy; nothing here loops over lines in Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from compass.analysis.log_level import LEVEL_WORDS

U64 = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

MAX_CHARS = 400  # what a statement says stands at the front; long tails are data
_CHUNK = 1200  # lines at once: enough to make up for numpy's calls, few enough for the processor's cache
_SEPARATOR, _WORD, _DIGIT = 0, 1, 2
SEPARATORS = " \t\r\n\v\f,;=()[]{}\"'<>|&?:/\\#`!*"
EXTENSIONS = (".go", ".py", ".rs", ".js", ".ts", ".cs", ".rb", ".kt", ".cc", ".c", ".h", ".cpp", ".java", ".php")
_STATUS_TAILS = (b"tatus", b"_code", b" code", b'"code', b"_CODE", b"TATUS", b"sCode")
_CALENDAR = (
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
    "Oct", "Nov", "Dec", "AM", "PM", "UTC", "GMT", "CST", "CET", "CEST", "EST", "EDT", "PST", "PDT",
)  # fmt: skip


def _classes() -> Bytes:
    table = np.full(256, _WORD, dtype=np.uint8)
    table[[ord(c) for c in SEPARATORS]] = _SEPARATOR
    table[ord("0") : ord("9") + 1] = _DIGIT
    return table


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
_BYTE = _constants(256, 1)
_BASE = 0xD1342543DE82EF95  # odd, so that it has an inverse modulo 2^64
_POWERS = 1 << 19  # bytes at once; more than one line ever has
_SLOT = _constants(256, 3)
PLACE = _constants(256, 6)
"""A number for each place in a line."""
MASKED = _constants(1, 4)[0]
_EMPTY = _constants(1, 5)[0]
_BREAK, _HASH, _COLON = ord("\n"), ord("#"), ord(":")
_KLOG = np.isin(np.arange(256), list(b"IWEF"))
_LOCATES = np.isin(np.arange(256), list(b"#:"))
_STATUS_ENDS = np.isin(np.arange(256), sorted({tail[-1] for tail in _STATUS_TAILS}))


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
    waiting = [(at, at + _CHUNK) for at in range(0, len(lines), _CHUNK)][::-1]
    while waiting:
        at, end = waiting.pop()
        data = _bytes(lines[at:end])
        if data.size > _POWERS:
            middle = (at + min(end, len(lines))) // 2
            waiting += [(middle, end), (at, middle)]
            continue
        words = _words(data, levels)
        if words is not None:
            yield at, words


def _bytes(lines: Sequence[str]) -> Bytes:
    """The fronts of the lines, each between two line breaks."""
    text = "\n".join([line[:MAX_CHARS] for line in lines])
    if text.count("\n") != len(lines) - 1:
        text = "\n".join([line[:MAX_CHARS].replace("\n", " ") for line in lines])
    return np.frombuffer(("\n" + text + "\n").encode("utf-8", "replace"), dtype=np.uint8)


def _words(data: Bytes, levels: bool) -> Words | None:
    """None without any word. `levels`: whether words that state a severity have to be marked as fixed everywhere."""
    kind = _CLASS[data]
    word = kind != _SEPARATOR
    edge = np.flatnonzero(word[1:] != word[:-1]) + 1
    begin, end = edge[0::2], edge[1::2]
    if begin.size == 0:
        return None
    breaks = np.flatnonzero(data == _BREAK)
    line = np.repeat(np.arange(breaks.size - 1), np.diff(np.searchsorted(begin, breaks)))
    hashes = _token_hashes(data, begin, end)
    counted = np.cumsum(kind == _DIGIT, dtype=np.int32)
    digits = counted[end - 1] - counted[begin - 1]
    kept = _kept(data, begin, end, digits, np.r_[True, line[1:] != line[:-1]], hashes)
    variable = (digits > 0) & ~kept
    sizes = end - begin
    short = np.flatnonzero((digits == 0) & (sizes <= _LONGEST_CALENDAR))
    variable[short] = _found(hashes[short], _CALENDAR_HASHES)
    located = kept[1:] & _LOCATES[data[begin[1:] - 1]]
    fixed = kept | np.r_[located, False]
    inside = _listed(data, breaks, begin)
    named = np.flatnonzero((digits == 0) & (sizes <= _LONGEST_LEVEL) & (levels | inside))
    fixed[named] |= _found(hashes[named], _LEVEL_HASHES)
    variable |= inside & ~fixed
    start = breaks[line] + 1
    return Words(line=line, hash=hashes, variable=variable, fixed=fixed, begin=begin - start, end=end - start)


def _listed(data: Bytes, breaks: Ints, begin: Ints) -> Bools:
    """Words between a pair of square brackets that holds a comma and no bracket: elements of a list are data."""
    inside = np.zeros(begin.size + 1, dtype=np.int8)
    opens = np.flatnonzero(data == ord("["))
    if not opens.size:
        return inside[1:].astype(np.bool_)
    brackets = np.sort(np.r_[opens, np.flatnonzero(data == ord("]"))])
    paired = np.flatnonzero((data[brackets[:-1]] == ord("[")) & (data[brackets[1:]] == ord("]")))
    left, right = brackets[paired], brackets[paired + 1]
    commas = np.flatnonzero(data == ord(","))
    listed = np.searchsorted(commas, left) < np.searchsorted(commas, right)
    listed &= np.searchsorted(breaks, left) == np.searchsorted(breaks, right)
    np.add.at(inside, np.searchsorted(begin, left[listed]), 1)
    np.subtract.at(inside, np.searchsorted(begin, right[listed]), 1)
    return np.asarray(np.cumsum(inside, dtype=np.int8)[:-1] > 0)


def _powers(base: int, count: int) -> U64:
    """base^0, base^1, ... modulo 2^64."""
    out = np.full(count, base % 2**64, dtype=np.uint64)
    out[0] = 1
    return np.asarray(np.multiply.accumulate(out), dtype=np.uint64)


_UP = _powers(_BASE, _POWERS)
_DOWN = _powers(pow(_BASE, -1, 2**64), _POWERS)


def _token_hashes(data: Bytes, begin: Ints, end: Ints) -> U64:
    """Polynomial hashes of data[begin:end] from one running sum, shifted back by the inverse of the base."""
    running = np.cumsum(_BYTE[data] * _UP[: data.size], dtype=np.uint64)
    hashes = (running[end - 1] - running[begin - 1]) * _DOWN[begin]
    return np.asarray(hashes ^ (hashes >> np.uint64(29)), dtype=np.uint64)


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
    data = np.frombuffer(("\n" + "\n".join(words) + "\n").encode(), dtype=np.uint8)
    breaks = np.flatnonzero(data == ord("\n"))
    return np.sort(_token_hashes(data, breaks[:-1] + 1, breaks[1:]))


_CALENDAR_HASHES = _hashes_of(_CALENDAR)
_LEVEL_HASHES = _hashes_of([form for word in LEVEL_WORDS for form in (word, word.upper(), word.capitalize())])
_LONGEST_CALENDAR, _LONGEST_LEVEL = max(map(len, _CALENDAR)), max(map(len, LEVEL_WORDS))
_NONE = Words(
    line=np.empty(0, dtype=np.int64), hash=np.empty(0, dtype=np.uint64), variable=np.empty(0, dtype=np.bool_),
    fixed=np.empty(0, dtype=np.bool_), begin=np.empty(0, dtype=np.int64), end=np.empty(0, dtype=np.int64),
)  # fmt: skip


def _kept(data: Bytes, begin: Ints, end: Ints, digits: npt.NDArray[np.int32], first: Bools, hashes: U64) -> Bools:
    """Tokens with digits that are part of what the program says. Sets the hash of klog's severity tokens."""
    kept = np.zeros(begin.size, dtype=bool)
    sizes = end - begin
    numeric = np.flatnonzero((digits == sizes) & ~first & (begin > 8) & (digits <= 5))
    at, size = begin[numeric], digits[numeric]
    before, beyond = data[at - 1], _CLASS[data[at - 2]]
    kept[numeric[(before == _HASH) & (beyond == _WORD)]] = True
    colon = np.flatnonzero((before == _COLON) & (beyond == _WORD))
    named = np.zeros(colon.size, dtype=bool)
    for extension in EXTENSIONS:
        named |= _ends_with(data, at[colon] - 1, extension.encode())
    kept[numeric[colon[named]]] = True
    lead = data[at]
    gap = np.where(beyond == _SEPARATOR, 2, 1)  # status=500, "status":500
    gap = np.where((gap == 2) & (_CLASS[data[at - 3]] == _SEPARATOR), 3, gap)
    three = np.flatnonzero((size == 3) & (lead >= ord("1")) & (lead <= ord("5")) & _STATUS_ENDS[data[at - gap - 1]])
    status = np.zeros(three.size, dtype=bool)
    for tail in _STATUS_TAILS:
        status |= _ends_with(data, at[three] - gap[three], tail)
    kept[numeric[three[status]]] = True
    two = np.flatnonzero((size == 2) & (data[at + 1] == ord("0")))
    kept[numeric[two[_ends_with(data, at[two] - gap[two], b"evel")]]] = True
    klog = np.flatnonzero(first & (sizes == 5) & (digits == 4) & _KLOG[data[begin]])
    kept[klog] = True
    hashes[klog] = _BYTE[data[begin[klog]]]
    return kept


def _ends_with(data: Bytes, end: Ints, tail: bytes) -> Bools:
    """Whether the bytes before `end` are `tail` (indexes before the start of the data never match)."""
    good = end >= len(tail)
    for offset, byte in enumerate(reversed(tail), start=1):
        if not good.any():
            break
        good &= data[np.maximum(end - offset, 0)] == byte
    return good
