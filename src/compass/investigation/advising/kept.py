"""What series mean, kept for ever by name and metadata: whatever the incident, the prompt or the model.

A person's rejection is kept beside it and comes before it. Who accepts a reading writes the rule into the team's own
file (`compass signals` prints it), and the catalogue knows the name from then on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from compass.domain import advised as told
from compass.domain.advice import ReadName
from compass.domain.board import Board
from compass.investigation.advising.series import event_of, fitting, unknown
from compass.investigation.recorder import Recorder
from compass.ports.replies import KeptReply, Replies

READ, REJECTED = "series:", "series rejected:"
PERSON = "human"
_FIELDS = frozenset(field.name for field in fields(ReadName))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNames:
    """Readings by id of series, with the model that made each, and the ids of those that people rejected."""

    read: Mapping[str, tuple[ReadName, str]]
    rejected: frozenset[str]


async def look_up(replies: Replies, ids: Sequence[str]) -> KeptNames:
    """What the team keeps of these series. A text that is no reading (any more) is none."""
    found = await replies.find_all([key for one in ids for key in (READ + one, REJECTED + one)])
    rejected = frozenset(one for one in ids if REJECTED + one in found)
    read: dict[str, tuple[ReadName, str]] = {}
    for one in ids:
        kept = found.get(READ + one)
        name = _parsed(one, kept.text) if kept is not None and one not in rejected else None
        if kept is not None and name is not None:
            read[one] = (name, kept.model)
    return KeptNames(read=read, rejected=rejected)


async def reject(replies: Replies, series: str, name: str) -> None:
    """From now on nobody uses what a model made of this series, and none is asked again."""
    await replies.keep(REJECTED + series, KeptReply(text=name, model=PERSON))


async def recall(recorder: Recorder, replies: Replies) -> None:
    """Put on the board what the team keeps of the unknown series there, before a model is asked."""
    wanted = {one.id: one for one in unknown(recorder.board)}
    if not wanted:
        return
    kept = await look_up(replies, list(wanted))
    payloads = [(f"names/{key}", event_of(wanted[key], read, by)) for key, (read, by) in sorted(kept.read.items())]
    refused = tuple(sorted(kept.rejected))
    rejected = [(f"names/rejected/{'/'.join(refused)}", told.NamesRejected(names=refused))] if refused else []
    if payloads or rejected:
        await recorder.append(*payloads, *rejected, actor="model")


async def keep(replies: Replies, board: Board, before: Board) -> None:
    """Keep what was read of series since `before`. The first reading of a series stays."""
    series = board.unread.by_id() if board.unread is not None else {}
    for key, read in board.advice.names.items():
        if key in series and key not in before.advice.names and read.meaning:
            text = json.dumps(asdict(read), sort_keys=True)
            await replies.keep(READ + key, KeptReply(text=text, model=board.advice.readers.get(key, "")))


def _parsed(series: str, text: str) -> ReadName | None:
    try:
        raw = json.loads(text)
    except ValueError:
        return None
    if not isinstance(raw, dict) or not set(raw) <= _FIELDS or not all(isinstance(part, str) for part in raw.values()):
        return None
    read = fitting(ReadName(**{**raw, "id": series}))
    return read if read is not None and read.meaning else None
