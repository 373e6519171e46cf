"""CHANGES: which changes could have done this by their diffs, and which not. Shown to people; scores nothing."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain import advised as told
from compass.domain.advice import ReadChange, ReadChanges, Task
from compass.domain.board import Board
from compass.domain.incident import Change
from compass.domain.time import NS_PER_S
from compass.investigation.advising.base import Taken
from compass.investigation.advising.words import abnormal, clock, fact, place, said
from compass.investigation.settings import Crew
from compass.ports.language_model import Item, Question, Section
from compass.redaction import bound

MOST, SEEN = 8, 8
SUMMARY, DIFF = 200, 900
"""Characters of a change that are given: what is relevant in a diff is mostly in few lines."""
CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Changes:
    """Asked once, after the first round, where there are changes and a symptom to read them against."""

    id: str = Task.CHANGES.value
    always: bool = False
    searches: bool = False

    def questions(self, board: Board, crew: Crew) -> tuple[Question[ReadChanges], ...]:
        """One: the page, the onset, what is abnormal and the changes, by their ids. Nothing is read without an
        onset."""
        del crew
        changes = _candidates(board)
        if not changes or board.onset is None:
            return ()
        if not self.always and (board.advice.heard or not board.anomalies()):
            return ()
        seen = tuple(
            Item(id=board.observation_labels[o.id], text=fact(o, place(o.entity)))
            for o in abnormal(board)[:SEEN]
            if o.id in board.observation_labels
        )
        onset = Item(id="onset", text=f"it began at {clock(board.onset.instant)} UTC", trusted=True)
        page = Item(id="page", text=f"{board.incident.title}. {board.incident.symptom}" if board.incident else "")
        sections = (
            Section(title="incident", items=(page, onset), keep=2),
            Section(title="observations", items=seen, keep=3),
            Section(
                title=CHANGES, items=tuple(Item(id=key, text=_text(c, board)) for key, c in changes.items()), keep=2
            ),
        )  # fmt: skip
        return (Question(task=Task.CHANGES, reply=ReadChanges, sections=sections, agent="change", phase=board.phase),)

    def take(self, board: Board, crew: Crew, question: Question[ReadChanges], value: ReadChanges, by: str) -> Taken:
        """One event with a reading a change, the first that was given. Dropped are changes that were not asked about,
        readings without a reason, and what cites an id that the question did not hold."""
        del crew
        changes = _candidates(board)
        given = {item.id for section in question.sections for item in section.items}
        read: dict[str, ReadChange] = {}
        dropped = 0
        for one in value.changes:
            change, why = changes.get(one.change.strip()), said(one.why)
            cites = tuple(dict.fromkeys(label.strip() for label in one.cites))
            if change is None or change.id in read or not why or not given.issuperset(cites):
                dropped += 1
                continue
            read[change.id] = ReadChange(change=change.id, could=one.could, why=why, cites=cites)
        if not read:
            return Taken(dropped=dropped)
        event = told.ChangesRead(by=by, changes=tuple(read[key] for key in sorted(read)))
        return Taken(payloads=((f"changes/{board.round}/{board.reopened}", event),), dropped=dropped)


def _candidates(board: Board) -> dict[str, Change]:
    """Changes not surely after the onset, the nearest to it first, by the id they have in the prompt."""
    onset = board.onset
    if onset is None:
        return {}
    before = [c for c in board.changes if not onset.instant.surely_before(c.at)]
    before.sort(key=lambda c: (abs(c.at.ns - onset.instant.ns), c.id))
    return {f"C{number}": change for number, change in enumerate(before[:MOST], start=1)}


def _text(change: Change, board: Board) -> str:
    onset = board.onset
    before_s = (onset.instant.ns - change.at.ns) / NS_PER_S if onset is not None else 0.0
    of = f" of {place(change.entity)}" if change.entity is not None else ""
    text = f"{change.kind}{of}, {before_s:.0f} s before the onset: {bound(change.summary, SUMMARY)}"
    return f"{text}\n{bound(change.diff, DIFF)}" if change.diff else text


ADVISER = Changes()
