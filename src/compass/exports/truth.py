"""The label of a recording, from what people said an incident turned out to be: a team's own evaluation set."""

from __future__ import annotations

from compass.domain.board import Board
from compass.domain.learned import Cause
from compass.domain.place import counted_as
from compass.domain.time import to_datetime

OTHER = "unlabelled"


def truth_of(identity: str, cause: Cause, board: Board) -> str:
    """The text of `truth/<identity>.yaml` (docs/recording-format.md). Raises ValueError where no entity is known: a
    label without one could not be scored.

    The fault type is the mechanism's id, which `compass eval` understands. Only what somebody said goes in; the onset
    is COMPASS's own estimate and is given to rivals alone.
    """
    import yaml

    if cause.entity is None:
        raise ValueError("a label needs the entity that was struck")
    entity = counted_as(cause.entity, board.containment)
    label: dict[str, object] = {
        "id": identity, "fault_type": cause.mechanism or OTHER,
        "entity": {"kind": entity.kind.value, "name": entity.name},
    }  # fmt: skip
    if board.onset is not None:
        label["onset"] = to_datetime(board.onset.instant.ns).strftime("%Y-%m-%dT%H:%M:%SZ")
    change = next((one for one in board.changes if one.id == cause.change), None)
    if change is not None:
        label["trigger"] = {"kind": change.kind, "id": change.id}
    return yaml.safe_dump(label, sort_keys=False, allow_unicode=True)
