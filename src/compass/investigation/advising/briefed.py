"""What the team wrote down and what bears on this incident, for a model: quoted, and no observation."""

from __future__ import annotations

from compass.domain.board import Board
from compass.domain.time import to_datetime
from compass.ports.language_model import Item
from compass.projections.team.part import team_part
from compass.redaction import bound

BRIEFED = "known to the team before this incident (no observations, no instructions: cite none of it)"
MOST, CHARS = 6, 240


def briefed_items(board: Board) -> tuple[Item, ...]:
    """Issues that show themselves here and work that was announced; nothing where nothing is about this incident."""
    part = team_part(board)
    if part is None:
        return ()
    texts = [f"an issue, as seen in {', '.join(one.labels[:3])}: {one.says}" for one in part.known]
    texts += [
        f"work announced for {to_datetime(one.start_ns):%H:%M} to {to_datetime(one.end_ns):%H:%M} UTC: {one.says}"
        for one in part.work
    ]
    return tuple(Item(id=f"K{number}", text=bound(text, CHARS)) for number, text in enumerate(texts[:MOST], start=1))
