"""Words that vary freely though they hold no digit (names of people, hosts, topics), found for many lines at once.

Take one word out of a line: when four or more lines are then equal, that place takes many values and is a variable.
Line hashes are sums over words (line_shape), so that taking a word out is one subtraction, and all words of all lines
are tried by sorting one array. Words found variable are masked, runs of them count as one (so that lists of any length
become alike), equal lines are joined, and the search goes on until nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compass.analysis.line_shape import MASKED, PLACE, U64, Bools, Ints, Words, line_hashes, once

MANY_VALUES = 4
"""So many values at one position of otherwise equal lines make it a variable."""
MIN_CONSTANT = 3  # a line with fewer constant words keeps them all
ALIKE = 0.6
"""Share of places that must agree for two lines to be considered variants of one."""
_MAX_ALIKE = 20_000
_ROUNDS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """Words of distinct lines with runs of variable ones as one. All [words] but `total` [lines], the lines' hashes.

    `at` numbers the word, `rank` counts constant words (1 = the first), `free` may become variable.
    """

    at: Ints
    line: Ints
    slot: Ints
    mixed: U64
    masked: Bools
    fixed: Bools
    constant: Ints
    free: Bools
    first: Ints
    total: U64


def merge(words: Words, count: int, kinds: Ints) -> tuple[Ints, Bools]:
    """(the first line that each of `count` lines is equal to, int64 [lines]; which words are variable [words]).

    Lines are equal only within one of `kinds` [lines]. The first constant word of a line and `fixed` words stay, and
    two constant words always remain. Variable flags are exact for the lines that stand for others.
    """
    variable = words.variable.copy()
    stands = np.arange(count, dtype=np.int64)
    salt = kinds.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    alive = np.arange(words.line.size)
    without = np.flatnonzero(np.bincount(words.line, minlength=count) == 0)
    _, first, same = np.unique(kinds[without], return_index=True, return_inverse=True)
    stands[without] = without[first[same]]
    for _ in range(_ROUNDS):
        alive = alive[once(words.line[alive], variable[alive])]
        where, totals, mixed = line_hashes(np.where(variable[alive], MASKED, words.hash[alive]), words.line[alive])
        total = np.zeros(count, dtype=np.uint64)
        total[where] = totals + salt[where]
        _, first, same = np.unique(total[where], return_index=True, return_inverse=True)
        stands[where] = where[first[same]]
        kept = np.zeros(count, dtype=np.bool_)
        kept[where[first]] = True
        inside = kept[words.line[alive]]
        alive = alive[inside]
        if not alive.size:
            break
        view = _view(alive, mixed[inside], total, words, variable)
        wide = _one_out(view)
        if not wide.any():
            wide = _alike(view, words, salt)
        if not wide.any():
            break
        variable[view.at[_two_remain(view, wide)]] = True
    while True:
        further = stands[stands]
        if (further == stands).all():
            return stands, variable
        stands = further


def _view(at: Ints, mixed: U64, total: U64, words: Words, variable: Bools) -> _View:
    line, masked, fixed = words.line[at], variable[at], words.fixed[at]
    first = np.flatnonzero(np.r_[True, line[1:] != line[:-1]])
    sizes = np.diff(np.r_[first, at.size])
    counted = np.r_[0, np.cumsum(~masked)]
    constant = np.repeat(counted[first + sizes] - counted[first], sizes)
    second = counted[1:] - np.repeat(counted[first], sizes) > 1
    return _View(
        at=at, line=line, slot=np.arange(at.size) - np.repeat(first, sizes), mixed=mixed, masked=masked, fixed=fixed,
        constant=constant, free=~masked & ~fixed & second & (constant >= MIN_CONSTANT), first=first, total=total,
    )  # fmt: skip


def _one_out(view: _View) -> Bools:
    """Words whose place takes many values, or the variable, in lines that are equal otherwise."""
    tried = np.flatnonzero(view.free | view.masked)
    keys = view.total[view.line[tried]] - view.mixed[tried] + PLACE[view.slot[tried] & 255]
    shared = _shared(keys)
    tried, keys = tried[shared], keys[shared]
    order = np.argsort(keys)  # the order of equal keys does not matter
    keys = keys[order]
    wide = np.zeros(view.at.size, dtype=np.bool_)
    if not keys.size:
        return wide
    begins = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    values = np.diff(np.r_[begins, order.size])
    joins = np.logical_or.reduceat(view.masked[tried][order], begins)
    wide[tried[order[np.repeat((values >= MANY_VALUES) | (joins & (values > 1)), values)]]] = True
    return np.asarray(wide & view.free)


def _shared(keys: U64) -> Bools:
    """Where a key may occur more than once: false only where it does not. Counting is far cheaper than sorting, and
    most keys of most logs occur once."""
    low = (keys & np.uint64((2 << keys.size.bit_length()) - 1)).astype(np.int64)
    return np.asarray(np.bincount(low)[low] > 1)


def _alike(view: _View, words: Words, salt: U64) -> Bools:
    """Words whose place takes many values among lines of one length that agree in most words and in all fixed ones.

    Combinations of several free words repeat too rarely for `_one_out`.
    """
    sizes = np.diff(np.r_[view.first, view.at.size])
    lines = view.line[view.first]
    stays = np.add.reduceat(np.where(view.fixed & ~view.masked, view.mixed, np.uint64(0)), view.first)
    bucket = np.unique(
        (stays + salt[lines]) * np.uint64(0x9E3779B97F4A7C15) + sizes.astype(np.uint64), return_inverse=True
    )[1]
    code = np.where(view.masked, 0, 1 + np.unique(words.hash[view.at], return_inverse=True)[1]).astype(np.int32)
    wide = np.zeros(view.at.size, dtype=np.bool_)
    order = np.argsort(bucket, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(bucket[order])) + 1):
        if MANY_VALUES <= own.size <= _MAX_ALIKE:
            places = view.first[own][:, None] + np.arange(sizes[own[0]])[None, :]
            wide[places] = _many_values(code[places])
    return np.asarray(wide & view.free)


def _many_values(codes: npt.NDArray[np.int32]) -> Bools:
    """bool [lines, places] of lines that are compared with the first one of their sort; 0 = variable."""
    wide = np.zeros(codes.shape, dtype=np.bool_)
    left = np.arange(codes.shape[0])
    while left.size >= MANY_VALUES:
        rest = codes[left]
        agree = ((rest == rest[0]) | (rest == 0) | (rest[0] == 0)).mean(axis=1) >= ALIKE
        members = rest[agree]
        if members.shape[0] >= MANY_VALUES:
            ordered = np.sort(members, axis=0)
            values = (np.diff(ordered, axis=0) != 0).sum(axis=0) + 1 - (ordered[0] == 0)
            wide[left[agree]] = values >= MANY_VALUES
        left = left[~agree]
    return wide


def _two_remain(view: _View, wide: Bools) -> Ints:
    """Numbers of the `wide` words: all of a line where two constant words remain, else its first one only."""
    at = np.flatnonzero(wide)
    begins = np.r_[True, view.line[at][1:] != view.line[at][:-1]]
    sizes = np.diff(np.r_[np.flatnonzero(begins), at.size])
    return np.asarray(at[begins | (view.constant[at] - np.repeat(sizes, sizes) >= MIN_CONSTANT - 1)])
