"""The shape of a log line: a 64-bit hash of its words with everything variable left out, for many lines at once.

A token with a digit in it is variable (numbers, times, hexadecimal ids, UUIDs, addresses, versions), runs of variable
tokens count as one, and so do weekday and month names. Digits that are part of what the program says stay: source
locations (`Class#42`, `file.go:17`), HTTP statuses, numeric levels and klog's `E0102`. Bytes are processed in bulk
with numpy; nothing here loops over lines in Python.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

MAX_CHARS = 400  # what a statement says stands at the front; long tails are data
_CHUNK = 300  # lines whose bytes and hashes stay in the processor's cache together
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
_POWERS = 1 << 19  # more than 300 lines of 400 four-byte characters
_SLOT = _constants(256, 3)
_MASKED = _constants(1, 4)[0]
_EMPTY = _constants(1, 5)[0]


def shapes(lines: Sequence[str]) -> U64:
    """One hash a line. Lines with the same words in the same order (variable ones aside) have the same hash."""
    parts = [_shapes(lines[i : i + _CHUNK]) for i in range(0, len(lines), _CHUNK)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)


def _shapes(lines: Sequence[str]) -> U64:
    text = "\n".join([line[:MAX_CHARS] for line in lines])
    if text.count("\n") != len(lines) - 1:
        text = "\n".join([line[:MAX_CHARS].replace("\n", " ") for line in lines])
    data = np.frombuffer(("\n" + text + "\n").encode("utf-8", "replace"), dtype=np.uint8)
    out = np.full(len(lines), _EMPTY, dtype=np.uint64)
    kind = _CLASS[data]
    word = kind != _SEPARATOR
    edge = np.flatnonzero(word[1:] != word[:-1]) + 1
    begin, end = edge[0::2], edge[1::2]
    if begin.size == 0:
        return out
    breaks = np.flatnonzero(data == ord("\n"))
    line = np.searchsorted(breaks, begin) - 1
    hashes = _token_hashes(data, begin, end)
    counted = np.cumsum(kind == _DIGIT, dtype=np.int32)
    digits = (counted[end - 1] - counted[begin - 1]).astype(np.int64)
    masked = (digits > 0) | _found(hashes, _CALENDAR_HASHES)
    masked &= ~_kept(data, begin, end, digits, np.r_[True, line[1:] != line[:-1]], hashes)
    hashes = np.where(masked, _MASKED, hashes)
    keep = ~(masked & np.r_[False, masked[:-1] & (line[1:] == line[:-1])])
    return _line_hashes(hashes[keep], line[keep], out)


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


def _line_hashes(hashes: U64, line: Ints, out: U64) -> U64:
    first = np.flatnonzero(np.r_[True, line[1:] != line[:-1]])
    slot = np.arange(line.size) - np.repeat(first, np.diff(np.r_[first, line.size]))
    mixed = (hashes ^ (hashes >> np.uint64(31))) * _SLOT[slot & 255]
    mixed ^= mixed >> np.uint64(27)
    out[line[first]] = np.add.reduceat(mixed, first)
    return out


def _found(hashes: U64, wanted: U64) -> Bools:
    """Membership in a small sorted set."""
    at = np.minimum(np.searchsorted(wanted, hashes), wanted.size - 1)
    return np.asarray(wanted[at] == hashes)


def _hashes_of(words: Sequence[str]) -> U64:
    data = np.frombuffer(("\n" + "\n".join(words) + "\n").encode(), dtype=np.uint8)
    breaks = np.flatnonzero(data == ord("\n"))
    return np.sort(_token_hashes(data, breaks[:-1] + 1, breaks[1:]))


_CALENDAR_HASHES = _hashes_of(_CALENDAR)


def _kept(data: Bytes, begin: Ints, end: Ints, digits: Ints, first: Bools, hashes: U64) -> Bools:
    """Tokens with digits that are part of what the program says. Sets the hash of klog's severity tokens."""
    kept = np.zeros(begin.size, dtype=bool)
    numeric = np.flatnonzero((digits == end - begin) & ~first & (begin > 8) & (digits <= 5))
    at, size = begin[numeric], digits[numeric]
    before = data[at - 1]
    letter = _CLASS[data[at - 2]] == _WORD
    location = (before == ord("#")) & letter
    for extension in EXTENSIONS:
        location |= (before == ord(":")) & _ends_with(data, at - 1, extension.encode())
    lead = data[at]
    gap = np.where(_CLASS[data[at - 2]] == _SEPARATOR, 2, 1)  # status=500, "status":500
    gap = np.where((gap == 2) & (_CLASS[data[at - 3]] == _SEPARATOR), 3, gap)
    status = np.zeros(at.size, dtype=bool)
    for tail in _STATUS_TAILS:
        status |= _ends_with(data, at - gap, tail)
    status &= (size == 3) & (lead >= ord("1")) & (lead <= ord("5"))
    level = (size == 2) & (data[at + 1] == ord("0")) & _ends_with(data, at - gap, b"evel")
    kept[numeric] = location | status | level
    klog = np.flatnonzero(first & (end - begin == 5) & (digits == 4) & np.isin(data[begin], list(b"IWEF")))
    kept[klog] = True
    hashes[klog] = _BYTE[data[begin[klog]]]
    return kept


def _ends_with(data: Bytes, end: Ints, tail: bytes) -> Bools:
    """Whether the bytes before `end` are `tail` (indexes before the start of the data never match)."""
    good = end >= len(tail)
    for offset, byte in enumerate(reversed(tail), start=1):
        good &= data[np.maximum(end - offset, 0)] == byte
    return good
