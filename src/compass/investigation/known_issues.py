"""Let the issues that a team knows propose what they are: with the least lead there is, and scored like others."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.proposed import BY_TEAM
from compass.mechanisms.propose import MIN_LEAD, hypothesis_id
from compass.projections.team.known import Known, known_issues
from compass.projections.team.names import known_entities, named
from compass.projections.team.reach import chain


def written_down(
    board: Board, mechanisms: Mapping[str, Mechanism], raised: Collection[str] = ()
) -> tuple[Hypothesis, ...]:
    """Theories that known issues propose and nobody has yet (`raised` are about to be), without a label.

    That the team wrote it down is no evidence: nothing suggested it here, so all that it requires, once seen, is fresh.
    """
    if board.onset is None:
        return ()
    found: dict[str, Hypothesis] = {}
    for issue in known_issues(board):
        mechanism = mechanisms.get(issue.entry.mechanism)
        entity = place_of(issue, mechanism, board) if mechanism is not None else None
        if mechanism is None or entity is None:
            continue
        key = hypothesis_id(mechanism.id, entity)
        if key in board.hypotheses or key in raised or key in found:
            continue
        found[key] = Hypothesis(
            id=key, label="", mechanism=mechanism.id, entity=entity, onset=board.onset.instant,
            proposed_by=f"{BY_TEAM}{issue.entry.id}", suggested_by=frozenset(), lead=MIN_LEAD,
        )  # fmt: skip
    return tuple(found.values())


def place_of(issue: Known, mechanism: Mechanism, board: Board) -> EntityRef | None:
    """Where the issue's mechanism would be at work: where the entry says, else the outermost thing that contains what
    was seen and that the mechanism can strike. None where there is no such thing here."""
    if issue.entry.entity:
        kinds = sorted(mechanism.strikes)
        return named(issue.entry.entity, known_entities(board), kinds=kinds, namespace=issue.entry.reach.namespace)
    line = chain(issue.seen[0].entity, board.containment)
    return next((one for one in reversed(line) if one.kind in mechanism.strikes), None)
