"""Planning: from what is on the board to theories, accounts, weighed evidence and a posterior. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from types import MappingProxyType

from compass.analysis.accounts import form_accounts
from compass.analysis.evidence import (
    evidence_of_attempts,
    evidence_of_incident,
    evidence_of_triggers,
    trigger_weights,
)
from compass.analysis.graph import build_graph
from compass.analysis.history import history_of
from compass.analysis.likelihood import LikelihoodTable, source_of
from compass.analysis.posterior import update
from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.hypothesis import Account, Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.posterior import Evidence, Posterior
from compass.domain.proposed import engine_part
from compass.investigation.answers import what_and_where
from compass.investigation.known_issues import written_down
from compass.investigation.proposals import standing_part, tempered
from compass.investigation.recall import remembered
from compass.mechanisms.evidence import PatternWeights, pattern_evidence
from compass.mechanisms.loader import Catalogue
from compass.mechanisms.match import index
from compass.mechanisms.propose import propose

SIGN_KINDS = frozenset({"suggestion", "required", "expected", "missing", "forbidden"})
"""Kinds of evidence that a sign gives."""


def believe(board: Board, mechanisms: Mapping[str, Mechanism], table: LikelihoodTable) -> list[tuple[str, c.Payload]]:
    """The events of one planning step, keyed by the round they follow.

    The engine's theories, accounts and evidence come from its own part of the board (`domain.proposed`), so that they
    are what they would be without any language model; what it proposed is weighed beside them.
    """
    catalogue = catalogue_of(mechanisms)
    own = engine_part(board)
    raised = (*propose(own, catalogue), *adopted(board, catalogue))
    past = remembered(board, mechanisms, {h.id for h in raised})
    known = written_down(board, mechanisms, {h.id for h in (*raised, *past)})
    fresh = _labelled(board, (*raised, *past, *known))
    own = replace(own, hypotheses={**own.hypotheses, **{h.id: h for h in fresh}})
    whole = replace(board, hypotheses={**board.hypotheses, **{h.id: h for h in fresh}})
    accounts = accounts_of(own, mechanisms, table)
    evidence = evidence_of(replace(own, accounts=accounts), catalogue, mechanisms, table)
    standing = standing_part(whole)
    if standing.hypotheses:
        stated = known_mechanisms(board, mechanisms)
        more = tuple(
            account for head in standing.hypotheses.values() for account in _alone(standing, head, stated, table)
        )
        measured = evidence_of(replace(standing, accounts=more), catalogue_of(stated), stated, table)
        accounts, evidence = (*accounts, *more), (*evidence, *tempered(measured, standing, mechanisms))
    posterior = posterior_of(replace(whole, accounts=accounts, evidence=evidence), mechanisms, table)
    prefix = f"beliefs/{board.round}/{board.reopened}"
    if board.unweighed:  # theories that others proposed since: weighed once more within the same round
        prefix += f"/{len(board.hypotheses)}"
    if board.orders.given:  # a person may answer the same request again and again
        prefix += f"/{board.seq}"
    payloads: list[tuple[str, c.Payload]] = [
        (f"{'adopted' if h.id in board.hypotheses else 'hypothesis'}/{h.id}", c.Proposed(hypothesis=h)) for h in fresh
    ]
    if "what" not in board.answers:
        payloads += what_and_where(whole)
    payloads.append((f"{prefix}/accounts", c.AccountsFormed(accounts=accounts)))
    payloads.append((f"{prefix}/evidence", c.EvidenceWeighed(evidence=evidence)))
    payloads.append((f"{prefix}/posterior", c.PosteriorUpdated(posterior=posterior)))
    return payloads


def adopted(board: Board, catalogue: Catalogue) -> tuple[Hypothesis, ...]:
    """Proposals of known mechanisms that stand and of which everything required is seen by now: see `proposals`."""
    held = standing_part(board).hypotheses
    if not held:
        return ()
    own = replace(engine_part(board), observations=board.observations)
    before = {h.id for h in propose(engine_part(board), catalogue)}
    return tuple(h for h in propose(own, catalogue) if h.id in held and h.id not in before)


def _alone(
    board: Board, head: Hypothesis, mechanisms: Mapping[str, Mechanism], table: LikelihoodTable
) -> tuple[Account, ...]:
    """A proposal's account, with its triggers and without links: what others rest on is not lent to it."""
    return accounts_of(replace(board, hypotheses={head.id: head}), mechanisms, table)


def known_mechanisms(board: Board, mechanisms: Mapping[str, Mechanism]) -> Mapping[str, Mechanism]:
    """The catalogue, and what was stated for this investigation alone. What ships cannot be restated."""
    return {**board.advice.stated, **mechanisms} if board.advice.stated else mechanisms


def catalogue_of(mechanisms: Mapping[str, Mechanism]) -> Catalogue:
    """A catalogue over mechanisms by id."""
    ordered = tuple(mechanisms[key] for key in sorted(mechanisms))
    by_id = MappingProxyType({m.id: m for m in ordered})
    return Catalogue(mechanisms=ordered, origins=MappingProxyType({}), sha256="", by_id=by_id)


def accounts_of(board: Board, mechanisms: Mapping[str, Mechanism], table: LikelihoodTable) -> tuple[Account, ...]:
    """One account a theory, with the trigger options weighed by the attempts on them."""
    graph = build_graph(board.dependencies, board.containment)
    formed = form_accounts(board.hypotheses, mechanisms, board.observations, graph, board.changes, board.onset, table)
    attempts = tuple(board.attempts.values())
    return tuple(replace(account, triggers=trigger_weights(account, attempts, table)) for account in formed)


def evidence_of(
    board: Board, catalogue: Catalogue, mechanisms: Mapping[str, Mechanism], table: LikelihoodTable
) -> tuple[Evidence, ...]:
    """Everything that is scored: patterns, attempts, and what speaks about there being an incident at all."""
    p = table.patterns
    weights = PatternWeights(
        suggestion=p.suggestion, required=p.required, expected=p.expected, missing=p.missing, forbidden=p.forbidden,
        coverage=p.coverage, closeness=p.closeness,
    )  # fmt: skip
    return (
        *_by_source(pattern_evidence(board, catalogue, weights, index(board)), board, table),
        *evidence_of_attempts(board, _priors(mechanisms), table),
        *evidence_of_incident(board, table),
        *evidence_of_triggers(board, mechanisms),
    )


def _by_source(items: Iterable[Evidence], board: Board, table: LikelihoodTable) -> Iterable[Evidence]:
    """Signs of each sort of telemetry at what they proved to be worth."""
    for item in items:
        source = source_of_evidence(item, board)
        factor = float(getattr(table.sources, source)) if source is not None else 1.0
        scaled = {key: value * factor for key, value in item.log_likelihood.items()}
        yield item if factor == 1.0 else replace(item, log_likelihood=scaled)


def source_of_evidence(item: Evidence, board: Board) -> str | None:
    """The sort of telemetry that a pattern's evidence rests on; None for summaries and for what no pattern gave."""
    if item.kind not in SIGN_KINDS or not item.rests_on or item.rests_on[0] not in board.observations:
        return None
    return source_of(board.observations[item.rests_on[0]].sign)


def posterior_of(board: Board, mechanisms: Mapping[str, Mechanism], table: LikelihoodTable) -> Posterior:
    """The posterior of the board's accounts and evidence: what `replay` recomputes."""
    series = {key: observation.series for key, observation in board.observations.items()}
    past = history_of(board.hypotheses.values(), board.memory.history) if board.memory is not None else None
    return update(
        board.accounts, board.hypotheses, _priors(mechanisms), board.evidence, table, series=series, history=past
    )


def _priors(mechanisms: Mapping[str, Mechanism]) -> dict[str, tuple[str, float]]:
    return {key: (m.family, m.prior) for key, m in mechanisms.items()}


def _labelled(board: Board, fresh: tuple[Hypothesis, ...]) -> tuple[Hypothesis, ...]:
    """H1, H2 ... in the order proposed (best lead first), continuing what is there. What a model had proposed before
    the engine came to it keeps its label."""
    numbers = count(len(board.hypotheses) + 1)
    known = board.hypotheses
    return tuple(replace(h, label=known[h.id].label if h.id in known else f"H{next(numbers)}") for h in fresh)
