"""Fold what people said an incident turned out to be. The latest word that is not undone holds."""

from __future__ import annotations

from compass.domain.board import Verdicts
from compass.domain.learned import Corrected, LearningUndone, NearMissNoted, Resolved, Word


def fold_verdicts(payload: object, key: str, verdicts: Verdicts) -> Verdicts:
    """The verdicts after one more event of `key`; the same value for payloads that say nothing about it.

    What is undone teaches nothing from then on, and the word before it holds again, as if it had not been said; what
    was undone stays in the chronicle.
    """
    match payload:
        case Resolved() | Corrected() | NearMissNoted():
            return _held((*verdicts.words, (key, payload)), verdicts.undone)
        case LearningUndone():
            left = tuple(one for one in verdicts.words if one[0] != payload.of)
            return _held(left, (*verdicts.undone, payload.of)) if len(left) < len(verdicts.words) else verdicts
        case _:
            return verdicts


def _held(words: tuple[tuple[str, Word], ...], undone: tuple[str, ...]) -> Verdicts:
    if not words:
        return Verdicts(undone=undone)
    word = words[-1][1]
    return Verdicts(
        cause=word.cause, fix=word.stopped_by if isinstance(word, NearMissNoted) else word.fix,
        accepted=word.accepted if isinstance(word, Resolved) else "", corrected=isinstance(word, Corrected),
        near_miss=isinstance(word, NearMissNoted), words=words, undone=undone,
    )  # fmt: skip
