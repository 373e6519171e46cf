"""What an investigation would have believed, had it been told other knowledge of the team. Pure: nothing is recorded.

The chronicle is folded again with the other briefing where its own was, or would have been; whenever beliefs were
formed, they are formed again from what the board then holds. Nothing is measured anew: the facts and the attempts are
those that were made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from compass.analysis.likelihood import LikelihoodTable
from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.briefed import TeamBriefed
from compass.domain.mechanism import Mechanism
from compass.domain.proposed import is_proposal
from compass.domain.team import TeamKnowledge
from compass.investigation.beliefs import believe
from compass.investigation.briefing import briefing
from compass.projections.board import fold


def rethought(
    events: Iterable[c.Event], team: TeamKnowledge | None, mechanisms: Mapping[str, Mechanism], table: LikelihoodTable
) -> Board:
    """The board at the end, with `team` in place of what was told. `mechanisms` are those it has with that knowledge.

    What models and people proposed and ordered stays; what the engine stated is stated again, or is not.
    """
    told = briefing(team) if team is not None else None
    board = Board()
    for event in events:
        payload = event.payload
        if isinstance(payload, TeamBriefed | c.EvidenceWeighed | c.PosteriorUpdated) or _stated(payload):
            continue
        if isinstance(payload, c.AccountsFormed):
            for _, again in believe(board, mechanisms, table):
                board = _folded(board, event, again)
            continue
        board = fold(board, event)
        if isinstance(payload, c.Opened) and told is not None:
            board = _folded(board, event, told)
    return board


def _stated(payload: object) -> bool:
    """Whether the engine, or what was known before, proposed a theory: that follows from the board."""
    return isinstance(payload, c.Proposed) and not is_proposal(payload.hypothesis)


def _folded(board: Board, event: c.Event, payload: c.Payload) -> Board:
    return fold(board, replace(event, kind=c.KIND_OF[type(payload)], payload=payload))
