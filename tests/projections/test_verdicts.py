"""What an incident turned out to be: the latest word that is not undone."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.board import Verdicts
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.learned import Cause, Corrected, LearningUndone, NearMissNoted, Resolved
from compass.projections.verdicts import fold_verdicts

POOL = Cause(mechanism="pool_exhausted", entity=EntityRef(kind=EntityKind.SERVICE, name="orders"))
DISK = Cause(mechanism="disk_full", entity=EntityRef(kind=EntityKind.NODE, name="n1"))


def after(*events: tuple[str, object]) -> Verdicts:
    verdicts = Verdicts()
    for key, payload in events:
        verdicts = fold_verdicts(payload, key, verdicts)
    return verdicts


def test_a_correction_replaces_what_was_accepted() -> None:
    accepted = ("resolved/1", Resolved(by="human", cause=POOL, fix="rolled back", accepted="H3"))
    corrected = ("corrected/1", Corrected(by="human", cause=DISK, believed=POOL, fix="freed space"))
    assert after(accepted).accepted == "H3"
    seen = after(accepted, corrected)
    assert (seen.cause, seen.fix, seen.corrected, seen.accepted) == (DISK, "freed space", True, "")
    assert [key for key, _ in seen.words] == ["resolved/1", "corrected/1"]
    assert seen.holds == "corrected/1"


def test_undoing_the_latest_word_lets_the_one_before_hold_again_and_an_earlier_one_is_only_forgotten() -> None:
    first = ("resolved/1", Resolved(by="human", cause=POOL, fix="rolled back", accepted="H3"))
    second = ("corrected/1", Corrected(by="human", cause=DISK, believed=POOL))
    assert after(first, second, ("u", LearningUndone(of="corrected/1", by="human"))) == replace(
        after(first), undone=("corrected/1",)
    )
    kept = after(first, second, ("u", LearningUndone(of="resolved/1", by="human")))
    assert (kept.cause, kept.holds, kept.corrected) == (DISK, "corrected/1", True)
    assert after(first, ("u", LearningUndone(of="nothing", by="human"))) == after(first)
    none = after(first, ("u", LearningUndone(of="resolved/1", by="human")))
    assert (none.cause, none.holds, none.undone) == (None, "", ("resolved/1",))


def test_a_near_miss_has_no_damage_and_what_stopped_it() -> None:
    seen = after(("near", NearMissNoted(by="human", cause=DISK, stopped_by="an alert at 80 %")))
    assert (seen.near_miss, seen.fix, seen.cause) == (True, "an alert at 80 %", DISK)
    again = after(("near", NearMissNoted(by="human", cause=DISK)), ("r", Resolved(by="human", cause=POOL)))
    assert not again.near_miss  # something broke after all
