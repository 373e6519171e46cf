"""What people say an incident was: from their words to a cause, as mechanism, entity and change. Pure.

What the catalogue does not know is kept in their words: nothing is guessed, and what is unclear is asked back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import NO_CHANGE, Hypothesis
from compass.domain.learned import Cause
from compass.domain.mechanism import Mechanism
from compass.investigation.advising.stating import struck
from compass.investigation.commanding.slips import distance
from compass.investigation.commanding.words import Meant, denies, meant, parted

MOST_CHOICES = 9
MOST_NEAR = 5
OWN_WORDS = "none"
"""Said in place of a mechanism: the words are kept as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """The words have several readings, or one that leaves some of them unsaid. `options` are the readings in words, the
    likeliest first; `causes` are the same as causes, empty where only a name is asked for."""

    question: str
    options: tuple[str, ...]
    causes: tuple[Cause, ...] = ()


def cause_of_account(hypothesis: Hypothesis, board: Board) -> Cause:
    """An account of the list, with the change that most probably set it off."""
    account = next((a for a in board.accounts if a.head == hypothesis.id), None)
    triggers = account.triggers if account is not None else ()
    best = max(triggers, key=lambda t: (t.weight, t.change), default=None)
    change = best.change if best is not None and best.change != NO_CHANGE else ""
    return Cause(mechanism=hypothesis.mechanism, entity=hypothesis.entity, change=change)


def cause_of_words(
    text: str, board: Board, mechanisms: Mapping[str, Mechanism], *, entity: str = "", change: str = "",
    mechanism: str = "",
) -> Cause | Unclear:  # fmt: skip
    """A person's words as a cause. `entity`, `change` and `mechanism` name them outright; mechanism OWN_WORDS keeps the
    words as they are, for no mechanism.

    The one theory of the board with the mechanism that the words name says where, if they do not. A mechanism that
    leaves a telling word uncovered, or that others fit as well, is never chosen without asking.
    """
    read = meant(text, board, mechanisms)
    places = _named(entity, board, mechanisms) if entity else read.entities
    if entity and not places:
        return Unclear(question=f"nothing here is called {entity!r}", options=_some(board))
    said = Cause(mechanism="", entity=None, change=_change(change, board) or change, said=" ".join(text.split()))
    outright = mechanism or text.strip()
    if outright in mechanisms or mechanism == OWN_WORDS:
        return _somewhere(replace(said, mechanism="" if mechanism == OWN_WORDS else outright), places, text)
    if mechanism:
        known = (*meant(mechanism.replace("_", " "), board, mechanisms).mechanisms, *read.mechanisms)
        spelt = sorted(mechanisms, key=lambda key: (distance(mechanism, key, len(mechanism)), key))
        near = tuple(dict.fromkeys((*(one.id for one in known), *spelt)))
        return Unclear(question=f"no mechanism is called {mechanism!r}", options=near[:MOST_NEAR])
    readings = _readings(read, places, board)
    if len(readings) > 1 or (readings and (read.doubts[readings[0][0]] or _denied(text, mechanisms[readings[0][0]]))):
        return _asked(readings, read, said, text)
    key, at = readings[0] if readings else ("", places)
    return _somewhere(replace(said, mechanism=key), at, text)


def _somewhere(cause: Cause, places: Sequence[EntityRef], text: str) -> Cause | Unclear:
    """The cause at the one place it can be; which of several is asked."""
    if len(places) < 2:
        return replace(cause, entity=places[0] if places else None)
    causes = tuple(replace(cause, entity=place) for place in places[:MOST_CHOICES])
    return Unclear(
        question=f"{text!r} may mean several parts", options=tuple(str(c.entity) for c in causes), causes=causes
    )


def _asked(readings: Sequence[tuple[str, tuple[EntityRef, ...]]], read: Meant, said: Cause, text: str) -> Unclear:
    causes = tuple(
        replace(said, mechanism=key, entity=place) for key, places in readings for place in places or (None,)
    )[:MOST_CHOICES]
    options = tuple(f"{c.mechanism} (at {c.entity})" if c.entity is not None else c.mechanism for c in causes)
    if len({key for key, _ in readings}) > 1:
        return Unclear(question=f"{text!r} may mean several mechanisms", options=options, causes=causes)
    left = ", ".join(repr(word) for word in read.doubts[readings[0][0]])
    why = f"{left} may mean something else" if left else "it says that something was not so"
    return Unclear(question=f"{text!r} is not surely this: {why}", options=options, causes=causes)


def _denied(text: str, mechanism: Mechanism) -> bool:
    """Whether words deny something that the mechanism does not: “the disk was not full”. What they give as the reason
    may well be something that was not done: “disk full because it was never pruned”."""
    return denies(parted(text)[0]) and not denies(f"{mechanism.id.replace('_', ' ')} {mechanism.claim}")


def _readings(read: Meant, places: Sequence[EntityRef], board: Board) -> list[tuple[str, tuple[EntityRef, ...]]]:
    """Mechanisms that the words may mean, each with the parts it may have struck."""
    named = {m.id for m in read.mechanisms}
    on_board = {
        (h.mechanism, h.entity) for h in board.hypotheses.values()
        if h.mechanism in named and (not places or h.entity in places)
    }  # fmt: skip
    found = [(m.id, _can_strike(m, places, board)) for m in read.mechanisms]
    found = [(key, at) for key, at in found if at or not places] or [(key, tuple(places)) for key, _ in found]
    # Where the words fit others as well the board says only which comes first: what was proposed need not be it.
    found.sort(key=lambda reading: not any(reading[0] == known for known, _ in on_board))
    if len(found) == 1 and len(on_board) == 1 and not read.doubts[found[0][0]]:
        return [(found[0][0], tuple(entity for _, entity in on_board))]
    return found


def _can_strike(mechanism: Mechanism, places: Sequence[EntityRef], board: Board) -> tuple[EntityRef, ...]:
    return tuple(place for place in places if struck(place, mechanism, board) is not None)


def _named(name: str, board: Board, mechanisms: Mapping[str, Mechanism]) -> tuple[EntityRef, ...]:
    known = sorted({*board.entities, *(o.entity for o in board.observations.values())})
    same = tuple(e for e in known if name in (e.key, str(e), e.name))
    return same[:1] if len(same) == 1 else same or meant(name, board, mechanisms).entities


def _change(name: str, board: Board) -> str:
    return next((one.id for one in board.changes if name and name in (one.id, one.summary)), "")


def _some(board: Board) -> tuple[str, ...]:
    return tuple(str(e) for e in board.entities[:MOST_CHOICES])
