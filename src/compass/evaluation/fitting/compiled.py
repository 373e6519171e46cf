"""Many posteriors at once, as arrays: the same figures as `analysis.posterior`, for any values of the parameters.

What belongs together (groups, links, cuts) does not depend on the parameters, so it is worked out once; what remains
is maxima and sums over segments. `tests/evaluation/fitting/test_compiled.py` holds the two implementations together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from compass.analysis.groups import SUPPORT, Piece, connected, tokens_of
from compass.analysis.likelihood import SOURCES, LikelihoodTable
from compass.analysis.posterior import NO_INCIDENT
from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.hypothesis import Account
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Quality
from compass.domain.place import counted_as
from compass.domain.posterior import Evidence
from compass.evaluation.fitting.parameters import WEIGHTS, unit
from compass.evaluation.fitting.sample import Sample
from compass.investigation.beliefs import catalogue_of, evidence_of, source_of_evidence

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
CellKey = tuple[str, str, Outcome, Quality, bool]
"""What the value of an attempt's outcome depends on: family, strategy, outcome, quality, decisive."""
_Kind = tuple[int, int, float]  # weight, source, coefficient
_NO_SOURCE = len(SOURCES)
_FIXED = -1  # the last weight: 1, whatever the parameters are
_OUTCOMES = frozenset({Outcome.REFUTED.value, Outcome.SURVIVED.value})
_SCALE = 1000.0  # evidence is rounded to six decimals: a large unit keeps that out of the coefficients


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Groups of coefficients and the row each group belongs to. Rows: accounts, then one "no incident" a sample.

    `weight`: index into WEIGHTS, or len(WEIGHTS) + index into the cells. `source`: index into SOURCES, or their number
    for what comes from none of them.
    """

    coefficient: Floats
    weight: Ints
    source: Ints
    starts: Ints
    row: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """All samples. `sample`, `mechanism_mass`, `lead`, `share` and `cut` are by account.

    `share` numbers the (sample, mechanism) that accounts divide a mass by. `judged` numbers what is right or wrong
    together: an account, or where a sample has no mechanism labelled all accounts at one place. `right`: by account;
    `truth`: by sample, 0 an account, 1 no incident, 2 not on the list.
    """

    own: Segments
    lent: Segments
    sample: Ints
    mechanism_mass: Floats
    lead: Floats
    share: Ints
    judged: Ints
    cut: NDArray[np.bool_]
    right: NDArray[np.bool_]
    truth: Ints
    cells: tuple[CellKey, ...] = ()


@dataclass(slots=True)
class _Builder:
    coefficient: list[float] = field(default_factory=list)
    weight: list[int] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    row: list[int] = field(default_factory=list)

    def add(self, group: Sequence[Piece], kinds: Mapping[str, _Kind], row: int, *, support: float = 1.0) -> None:
        """`support` multiplies what speaks for it."""
        self.starts.append(len(self.coefficient))
        self.row.append(row)
        for piece in group:
            weight, source, coefficient = kinds[piece.evidence.id]
            self.weight.append(weight)
            self.source.append(source)
            supports = piece.value > 0 and piece.evidence.kind in SUPPORT
            self.coefficient.append(support * coefficient if supports else coefficient)

    def made(self) -> Segments:
        return Segments(
            coefficient=np.array(self.coefficient, dtype=np.float64),
            weight=np.array(self.weight, dtype=np.intp),
            source=np.array(self.source, dtype=np.intp),
            starts=np.array(self.starts, dtype=np.intp), row=np.array(self.row, dtype=np.intp),
        )  # fmt: skip


def compile_samples(samples: Sequence[Sample], mechanisms: Mapping[str, Mechanism], table: LikelihoodTable) -> Compiled:
    """`table` gives the form of the prior and `explained_share`; its weights and cells do not matter here."""
    weights = {key: m.prior for key, m in mechanisms.items()}
    total = sum(weights.values())
    own, lent = _Builder(), _Builder()
    cells: dict[CellKey, int] = {}
    columns: dict[str, list[float]] = {k: [] for k in ("sample", "mass", "lead", "share", "judged", "cut", "right")}
    shares: dict[tuple[int, str], int] = {}
    judged: dict[tuple[int, str], int] = {}
    truths: list[int] = []
    accounts = sum(len(s.board.accounts) for s in samples)
    for number, sample in enumerate(samples):
        view = _View.of(sample, mechanisms, table, cells)
        for account in sorted(sample.board.accounts, key=lambda a: (a.id, a.head)):
            row = len(columns["sample"])
            head = sample.board.hypotheses[account.head]
            share = shares.setdefault((number, head.mechanism), len(shares))
            place = counted_as(head.entity, sample.board.containment).key
            one = judged.setdefault((number, account.id if sample.mechanism_labelled else place), len(judged))
            lead = min(1.0, max(0.01, head.lead)) ** table.prior.lead_power
            cut = account.head in view.cut
            for key, value in zip(columns, (
                number, weights[head.mechanism] / total, lead, share, one, cut, account.id in sample.right
            ), strict=True):  # fmt: skip
                columns[key].append(float(value))
            if not cut:
                view.add(account, row, own, lent)
        view.add_key(NO_INCIDENT, accounts + number, own)
        truths.append(1 if sample.healthy else 0 if sample.right else 2)
    return Compiled(
        own=own.made(), lent=lent.made(), sample=np.array(columns["sample"], dtype=np.intp),
        mechanism_mass=np.array(columns["mass"]), lead=np.array(columns["lead"]),
        share=np.array(columns["share"], dtype=np.intp), judged=np.array(columns["judged"], dtype=np.intp),
        cut=np.array(columns["cut"], dtype=bool),
        right=np.array(columns["right"], dtype=bool), truth=np.array(truths, dtype=np.intp),
        cells=tuple(cells),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """One sample's evidence by what it speaks about, with the weight and coefficient of each item."""

    pieces: Mapping[str, tuple[Piece, ...]]
    kinds: Mapping[str, _Kind]
    cut: frozenset[str]
    explained: frozenset[str]
    explained_share: float

    @staticmethod
    def of(
        sample: Sample, mechanisms: Mapping[str, Mechanism], table: LikelihoodTable, cells: dict[CellKey, int]
    ) -> _View:
        """Every item of evidence on the board with the weight that scales it, found by weighing with one weight at a
        time (`unit`). Cells of attempts get their numbers in `cells`, which grows.

        What speaks for a trigger is fixed; an item that no weight moves has the coefficient 0.
        """
        catalogue, board = catalogue_of(mechanisms), sample.board
        kinds: dict[str, _Kind] = {}
        items: dict[str, Evidence] = {}
        for number, weight in enumerate(WEIGHTS):
            for item in evidence_of(board, catalogue, mechanisms, unit(table, weight, _SCALE)):
                items.setdefault(item.id, item)
                value = next(iter(item.log_likelihood.values()))
                if item.kind in _OUTCOMES:
                    cell = _cell_of(item.id.removeprefix("attempt/"), board, mechanisms)
                    kinds[item.id] = (len(WEIGHTS) + cells.setdefault(cell, len(cells)), _NO_SOURCE, 1.0)
                elif item.kind == "trigger":
                    kinds[item.id] = (_FIXED, _NO_SOURCE, value)
                elif value:
                    source = source_of_evidence(item, board)
                    where = SOURCES.index(source) if source is not None else _NO_SOURCE
                    kinds[item.id] = (number, where, value / _SCALE)
        series = {key: o.series for key, o in board.observations.items()}
        pieces: dict[str, list[Piece]] = {}
        for item in items.values():
            for key in item.log_likelihood:
                _, _, sign = kinds.setdefault(item.id, (0, _NO_SOURCE, 0.0))
                # Only the sign matters for who lends: it is the same for every size of the parameters.
                value = -1.0 if item.kind == Outcome.REFUTED else sign
                pieces.setdefault(key, []).append(Piece(evidence=item, value=value, tokens=tokens_of(item, series)))
        cut = frozenset(i.link for i in items.values() if i.kind == Outcome.REFUTED and i.link is not None)
        explained = frozenset(key for i in items.values() if i.explained for key in i.log_likelihood)
        return _View(
            pieces={k: tuple(v) for k, v in pieces.items()}, kinds=kinds, cut=cut, explained=explained,
            explained_share=table.groups.explained_share,
        )  # fmt: skip

    def add(self, account: Account, row: int, own: _Builder, lent: _Builder) -> None:
        used = self.add_key(account.head, row, own)
        found: dict[str, Piece] = {}
        for member in account.reached(self.cut.__contains__):
            for piece in self.pieces.get(member, ()):
                if piece.value > 0 and piece.evidence.kind in SUPPORT and not piece.tokens & used:
                    found[piece.evidence.id] = piece
        for group in connected([found[key] for key in sorted(found)]):
            lent.add(group, self.kinds, row)

    def add_key(self, key: str, row: int, own: _Builder) -> frozenset[str]:
        pieces = self.pieces.get(key, ())
        share = self.explained_share if key in self.explained else 1.0
        for group in connected(pieces):
            own.add(group, self.kinds, row, support=share)
        return frozenset[str]().union(*(piece.tokens for piece in pieces))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """`account` by account; `no_incident`, `not_listed` and `right` (the whole of the right answer) by sample."""

    account: Floats
    no_incident: Floats
    not_listed: Floats
    right: Floats


def beliefs(data: Compiled, table: LikelihoodTable) -> Beliefs:
    """The posteriors of all samples under `table`."""
    samples, accounts = len(data.truth), len(data.sample)
    weight = np.array([*(_weight(table, name) for name in WEIGHTS), *(_value(table, cell) for cell in data.cells), 1.0])
    rows = accounts + samples
    source = np.array([*(float(getattr(table.sources, name)) for name in SOURCES), 1.0])
    evidence = table.temper * _summed(data.own, _values(data.own, weight, source), table, rows)
    links = np.zeros(rows)
    if len(data.lent.starts):
        values = _values(data.lent, weight, source) * table.temper
        best = np.maximum.reduceat(values, data.lent.starts)
        top = np.full(rows, -np.inf)
        np.maximum.at(top, data.lent.row, best)
        total = np.bincount(data.lent.row, weights=best, minlength=rows)
        top = np.where(np.isfinite(top), top, 0.0)
        combined = top + table.groups.share_of_rest * (total - top)
        links = np.minimum(table.groups.link_cap, table.groups.link_share * combined)
    score = evidence + links
    own = np.maximum(score[:accounts], table.decisive_floor)
    own = np.where(data.cut, table.decisive_floor, own)
    mass, free = _masses(data, table)
    with_prior = own + np.log(mass)
    nothing = score[accounts:] + np.log(table.prior.no_incident)
    unlisted = np.log(_unlisted(free, table, stated=np.bincount(data.sample, minlength=samples) > 0))
    return _softmax(data, with_prior, nothing, unlisted)


def _weight(table: LikelihoodTable, name: str) -> float:
    section = table.patterns if hasattr(table.patterns, name) else table.incident
    return abs(float(getattr(section, name)))


def _value(table: LikelihoodTable, cell: CellKey) -> float:
    family, strategy, outcome, quality, decisive = cell
    return table.outcome(family, strategy, outcome, quality, decisive=decisive)


def _cell_of(plan: str, board: Board, mechanisms: Mapping[str, Mechanism]) -> CellKey:
    attempt = board.attempts[plan]
    family = mechanisms[board.hypotheses[attempt.hypothesis].mechanism].family
    return family, attempt.strategy, attempt.outcome, attempt.quality, attempt.decisive


def _values(segments: Segments, weight: Floats, source: Floats) -> Floats:
    return np.asarray(segments.coefficient * weight[segments.weight] * source[segments.source], dtype=np.float64)


def _summed(segments: Segments, values: Floats, table: LikelihoodTable, rows: int) -> Floats:
    """Strongest plus a share of the rest, for and against apart, summed by row."""
    if not len(segments.starts):
        return np.zeros(rows)
    share = table.groups.share_of_rest
    total = np.zeros(len(segments.starts))
    for sign in (1.0, -1.0):
        side = np.maximum(sign * values, 0.0)
        strongest = np.maximum.reduceat(side, segments.starts)
        total += sign * (strongest + share * (np.add.reduceat(side, segments.starts) - strongest))
    return np.asarray(np.bincount(segments.row, weights=total, minlength=rows), dtype=np.float64)


def _masses(data: Compiled, table: LikelihoodTable) -> tuple[Floats, Floats]:
    """Prior mass by account, and what is left for "not on this list" by sample."""
    prior = table.prior
    together = np.bincount(data.share, weights=data.lead, minlength=int(data.share.max(initial=-1)) + 1)
    capacity = np.maximum(prior.entity_capacity, together)
    listed = 1 - prior.no_incident - prior.not_listed
    mass = np.maximum(1e-9, listed * data.mechanism_mass * data.lead / capacity[data.share])
    taken = np.bincount(data.sample, weights=mass, minlength=len(data.truth))
    return mass, np.maximum(1e-9, 1 - taken - prior.no_incident)


def _unlisted(free: Floats, table: LikelihoodTable, *, stated: NDArray[np.bool_]) -> Floats:
    reserve = np.minimum(free, table.prior.not_listed)
    kept = reserve + table.prior.unseen * (free - reserve)
    return np.where(stated & (free > reserve), kept, free)


def _softmax(data: Compiled, accounts: Floats, nothing: Floats, unlisted: Floats) -> Beliefs:
    samples = len(data.truth)
    top = np.maximum(nothing, unlisted)
    np.maximum.at(top, data.sample, accounts)
    raised = np.exp(accounts - top[data.sample])
    none, other = np.exp(nothing - top), np.exp(unlisted - top)
    total = np.bincount(data.sample, weights=raised, minlength=samples) + none + other
    account = raised / total[data.sample]
    listed = np.bincount(data.sample, weights=account * data.right, minlength=samples)
    right = np.choose(data.truth, [listed, none / total, other / total])
    return Beliefs(account=account, no_incident=none / total, not_listed=other / total, right=right)
