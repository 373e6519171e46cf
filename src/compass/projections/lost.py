"""Lost sources, one line each, and the gaps that are left when what follows from them is taken out.

When a source is lost, every step of every agent that reads it fails with its error. The chronicle keeps each; a person
is told once which source, since when, and what that hides (DESIGN §5, `source_lost`).
"""

from __future__ import annotations

from collections.abc import Iterable

from compass.domain.board import Board
from compass.domain.documents import DocumentsRead
from compass.domain.telemetry import Health, HealthStatus, Loss
from compass.domain.told import TOOLS, ToolsConsulted
from compass.projections.view import LostLine

DOCUMENTS = "documents"
DOCUMENTS_HIDE = "what the team's documents say of it"


def lost_lines(health: Iterable[Health], failed: Iterable[tuple[str, str]] = ()) -> tuple[LostLine, ...]:
    """One a source, in the order of their names. `failed`: (agent, error) of steps that failed."""
    found: dict[str, LostLine] = {}
    asked = tuple(failed)
    for part, loss in sorted(((h.part, loss) for h in health for loss in h.lost), key=lambda one: one[1].source):
        before = found.get(loss.source)
        agents = {agent for agent, error in asked if error == loss.why}
        found[loss.source] = LostLine(
            source=loss.source, parts=_with(before.parts if before else (), part),
            since_ns=_earlier(before.since_ns if before else None, loss.since_ns),
            why=_with(before.why if before else (), loss.why),
            hides=_with(before.hides if before else (), loss.hides),
            agents=tuple(sorted({*(before.agents if before else ()), *agents})),
        )  # fmt: skip
    return tuple(found.values())


def of_board(board: Board) -> tuple[LostLine, ...]:
    tools = () if board.consulted is None else (tools_health(board.consulted),)
    return lost_lines(
        (*board.health, *tools, *documents_health(board.documents)),
        ((agent, error) for agent, _, error in board.failed),
    )


def tools_health(consulted: ToolsConsulted) -> Health:
    """How the servers of the team's own tools are, as far as some are lost."""
    status = HealthStatus.LOST if consulted.lost else HealthStatus.OK
    return Health(source=TOOLS, part=TOOLS, status=status, lost=consulted.lost)


def documents_health(read: DocumentsRead | None) -> tuple[Health, ...]:
    """That the team's documents could not be read; nothing where they could, or were not."""
    if read is None or not read.lost:
        return ()
    loss = Loss(source="knowledge", why=read.lost, hides=DOCUMENTS_HIDE)
    return (Health(source="knowledge", part=DOCUMENTS, status=HealthStatus.LOST, lost=(loss,)),)


def follows_from(gap: str, lines: Iterable[LostLine]) -> LostLine | None:
    """The lost source that a gap ("who or what: error") only repeats."""
    error = gap.partition(": ")[2]
    return next((line for line in lines if error in line.why), None)


def other_gaps(board: Board, lines: tuple[LostLine, ...]) -> tuple[tuple[str, str], ...]:
    """Gaps that no lost source explains."""
    return tuple((gap, hides) for gap, hides in board.gaps if follows_from(gap, lines) is None)


def reason(line: LostLine) -> str:
    """Why it is lost, without its name before every reason."""
    return "; ".join(why.removeprefix(f"{line.source}: ") for why in line.why)


def _earlier(*moments: int | None) -> int | None:
    return min((at for at in moments if at is not None), default=None)


def _with(before: tuple[str, ...], one: str) -> tuple[str, ...]:
    return before if not one or one in before else (*before, one)
