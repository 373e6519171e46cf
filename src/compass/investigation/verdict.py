"""What people say an incident was: from their words to a cause, as mechanism, entity and change. Pure.

What the catalogue does not know is kept in their words: nothing is guessed, and what is unclear is asked back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import NO_CHANGE, Hypothesis
from compass.domain.learned import Cause
from compass.domain.mechanism import Mechanism
from compass.investigation.commanding.words import Meant, meant

MOST_CHOICES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """The words have several readings; each option is what to say instead."""

    question: str
    options: tuple[str, ...]


def cause_of_account(hypothesis: Hypothesis, board: Board) -> Cause:
    """An account of the list, with the change that most probably set it off."""
    account = next((a for a in board.accounts if a.head == hypothesis.id), None)
    triggers = account.triggers if account is not None else ()
    best = max(triggers, key=lambda t: (t.weight, t.change), default=None)
    change = best.change if best is not None and best.change != NO_CHANGE else ""
    return Cause(mechanism=hypothesis.mechanism, entity=hypothesis.entity, change=change)


def cause_of_words(
    text: str, board: Board, mechanisms: Mapping[str, Mechanism], *, entity: str = "", change: str = ""
) -> Cause | Unclear:
    """A person's words as a cause. `entity` and `change` name them outright.

    One theory of the board that fits the words is meant before any other mechanism of the same words.
    """
    read = meant(text, board, mechanisms)
    places = _named(entity, board, mechanisms) if entity else read.entities
    if entity and not places:
        return Unclear(question=f"nothing here is called {entity!r}", options=_some(board))
    readings = _readings(read, places, board)
    exact = mechanisms.get(text.strip())
    if exact is not None:
        readings = [(exact.id, places)]
    if len(readings) > 1:
        options = tuple(f"{key} (at {', '.join(map(str, at))})" if at else key for key, at in readings[:MOST_CHOICES])
        return Unclear(question=f"{text!r} may mean several mechanisms; name one by its id", options=options)
    mechanism, at = readings[0] if readings else ("", places)
    if len(at) > 1:
        return Unclear(question=f"{text!r} may mean several parts; name one", options=tuple(map(str, at)))
    return Cause(
        mechanism=mechanism, entity=at[0] if at else None, change=_change(change, board) or change,
        said=" ".join(text.split()),
    )  # fmt: skip


def _readings(read: Meant, places: Sequence[EntityRef], board: Board) -> list[tuple[str, tuple[EntityRef, ...]]]:
    """Mechanisms that the words may mean, each with the parts it may have struck."""
    named = {m.id for m in read.mechanisms}
    on_board = {
        (h.mechanism, h.entity) for h in board.hypotheses.values()
        if h.mechanism in named and (not places or h.entity in places)
    }  # fmt: skip
    if len(on_board) == 1:
        mechanism, entity = next(iter(on_board))
        return [(mechanism, (entity,))]
    kept = [m.id for m in read.mechanisms if any(m.id == known for known, _ in on_board)] or [
        m.id for m in read.mechanisms
    ]
    return [(key, tuple(places)) for key in kept]


def _named(name: str, board: Board, mechanisms: Mapping[str, Mechanism]) -> tuple[EntityRef, ...]:
    known = sorted({*board.entities, *(o.entity for o in board.observations.values())})
    same = tuple(e for e in known if name in (e.key, str(e), e.name))
    return same[:1] if len(same) == 1 else same or meant(name, board, mechanisms).entities


def _change(name: str, board: Board) -> str:
    return next((one.id for one in board.changes if name and name in (one.id, one.summary)), "")


def _some(board: Board) -> tuple[str, ...]:
    return tuple(str(e) for e in board.entities[:MOST_CHOICES])
