"""Fold what people said an incident turned out to be. The latest word that is not undone holds."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.board import Verdicts
from compass.domain.learned import Corrected, LearningUndone, NearMissNoted, Resolved


def fold_verdicts(payload: object, key: str, verdicts: Verdicts) -> Verdicts:
    """The verdicts after one more event of `key`; the same value for payloads that say nothing about it.

    What is undone teaches nothing from then on; what it had been said to be stays in the chronicle. The cause then is
    that of nobody: who takes a word back says a new one.
    """
    match payload:
        case Resolved():
            said = replace(verdicts, cause=payload.cause, fix=payload.fix, accepted=payload.accepted, corrected=False)
            return replace(said, taught=(*verdicts.taught, key))
        case Corrected():
            said = replace(verdicts, cause=payload.cause, fix=payload.fix, accepted="", corrected=True)
            return replace(said, taught=(*verdicts.taught, key))
        case NearMissNoted():
            said = replace(verdicts, cause=payload.cause, fix=payload.stopped_by, near_miss=True)
            return replace(said, taught=(*verdicts.taught, key))
        case LearningUndone():
            if payload.of not in verdicts.taught:
                return verdicts
            left = tuple(one for one in verdicts.taught if one != payload.of)
            if verdicts.taught[-1] != payload.of:
                return replace(verdicts, taught=left)
            return Verdicts(taught=left)
        case _:
            return verdicts
