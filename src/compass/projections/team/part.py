"""Make the lines about the team's knowledge from the board."""

from __future__ import annotations

from compass.domain.board import Board
from compass.domain.hypothesis import Hypothesis
from compass.domain.proposed import BY_TEAM
from compass.domain.team import Escalation
from compass.projections.team.critical import criticals
from compass.projections.team.edges import STATED
from compass.projections.team.known import Known, known_issues
from compass.projections.team.reach import chain
from compass.projections.team.shown import AsideLine, CriticalLine, KnownLine, StatedLine, TeamPart, WhomLine, WorkLine
from compass.projections.team.whom import whom
from compass.projections.team.words import kind_of, where
from compass.projections.team.work import Work, announced


def team_part(board: Board) -> TeamPart | None:
    """None where the investigation was told nothing."""
    team = board.team
    if team is None:
        return None
    return TeamPart(
        version=team.version, digest=team.digest, commit=team.commit, aside=aside_lines(board),
        known=tuple(_known(board, one) for one in known_issues(board)), work=tuple(map(_work, announced(board))),
        stated=tuple(StatedLine(caller=d.caller, callee=d.callee) for d in board.dependencies if d.seen == STATED),
        whom=tuple(map(_whom, whom(board))),
    )  # fmt: skip


def _known(board: Board, known: Known) -> KnownLine:
    entry, theory = known.entry, _theory(board, known)
    account = next((a for a in board.accounts if theory is not None and a.head == theory.id), None)
    belief = board.posterior.accounts.get(account.id, 0.0) if board.posterior is not None and account else 0.0
    return KnownLine(
        name=entry.id, says=entry.says, workaround=entry.workaround, link=entry.link, written=where(entry),
        labels=tuple(board.observation_labels.get(o.id, "E?") for o in known.seen),
        here=f"{theory.label}, {belief:.0%}" if theory is not None else "",
    )  # fmt: skip


def _theory(board: Board, known: Known) -> Hypothesis | None:
    """What it proposed, or the same theory where somebody else had stated it before."""
    entry = known.entry
    own = next((h for h in board.hypotheses.values() if h.proposed_by == f"{BY_TEAM}{entry.id}"), None)
    if own is not None or not entry.mechanism:
        return own
    here = {one.name for o in known.seen for one in chain(o.entity, board.containment)}
    names = {entry.entity} if entry.entity else here
    return next(
        (h for h in board.hypotheses.values() if (h.mechanism, h.entity.name in names) == (entry.mechanism, True)), None
    )


def _work(one: Work) -> WorkLine:
    return WorkLine(
        name=one.entry.id, says=one.entry.says, start_ns=one.window.start_ns, end_ns=one.window.end_ns,
        after_onset=one.after_onset, written=where(one.entry),
    )  # fmt: skip


def _whom(entry: Escalation) -> WhomLine:
    return WhomLine(
        who=entry.who, how=entry.how, severities=tuple(one.value for one in entry.severities), why=entry.why,
        written=where(entry),
    )  # fmt: skip


def critical_lines(board: Board) -> tuple[CriticalLine, ...]:
    """Facts about critical errors, what was looked for by name first."""
    return tuple(
        CriticalLine(
            label=board.observation_labels.get(o.id, "E?"), entity=o.entity, text=o.text, observation=o,
            names=tuple(entry.id for entry in met), means=tuple(entry.means for entry in met if entry.means),
            written=tuple(where(entry) for entry in met),
        )
        for o, met in criticals(board)
    )  # fmt: skip


def aside_lines(board: Board) -> tuple[AsideLine, ...]:
    """What was set aside, in the order of the labels."""
    return tuple(
        AsideLine(
            label=board.observation_labels.get(key, "E?"), entity=one.observation.entity, text=one.observation.text,
            what=kind_of(one.entry), name=one.entry.id, why=one.entry.why, written=where(one.entry),
        )
        for key, one in board.discounted.items()
    )  # fmt: skip
