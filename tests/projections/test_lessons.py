"""What a chronicle teaches: people's words count, COMPASS's own conclusions do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.domain import chronicle as c
from compass.domain.failure import FailureMode, Status
from compass.domain.knowledge import Learned, PastStatus, RecalledPattern
from compass.domain.learned import (
    Cause,
    Corrected,
    HistoryCount,
    LearningUndone,
    NearMissNoted,
    PatternJudged,
    PatternVerdict,
    Recalled,
    Resolved,
    Signature,
    Similar,
    Visibility,
)
from compass.projections.lessons import learned_of
from tests.support.boards import LEDGER, ORDERS, WEB, account, events, opening, posterior, seen, theory

POOL = theory("pool", ORDERS)
TOLD = Cause(mechanism="pool", entity=ORDERS)
TRUTH = Cause(mechanism="disk_full", entity=LEDGER, said="the volume of the ledger was full")
END = c.Ended(status=Status.DONE, exit_code=0, said="done")


def run(*more: c.Payload, end: c.Payload | None = END, believed: bool = True) -> Learned | None:
    found: list[c.Payload] = [
        *opening(), c.RoundStarted(number=1, phase="screen", board_seq=4),
        c.Observed(observation=seen("latency.up", WEB, 0.9)), c.RoundFinished(number=1),
    ]  # fmt: skip
    if believed:
        found += [
            c.Proposed(hypothesis=POOL), c.AccountsFormed(accounts=(account(POOL),)),
            c.PosteriorUpdated(posterior=posterior({f"a-{POOL.id}": 0.8})),
        ]  # fmt: skip
    return learned_of(events([*found, *([end] if end is not None else []), *more]), number=7)


def test_an_ended_investigation_is_a_past_incident_and_teaches_nothing_by_itself() -> None:
    learned = run()
    assert learned is not None
    assert learned.incident.status is PastStatus.OPEN
    assert learned.incident.led == TOLD
    assert learned.incident.signature.signs == {"latency.up@paged": 0.9}
    assert learned.lessons == ()


def test_what_still_runs_teaches_nothing_yet() -> None:
    assert run(end=None) is None


def test_a_resolution_counts_for_what_it_was() -> None:
    learned = run(Resolved(by="human", cause=TOLD, fix="larger pool", accepted="H1"))
    assert learned is not None
    assert (learned.incident.status, learned.incident.fix) == (PastStatus.SOLVED, "larger pool")
    (lesson,) = learned.lessons
    assert (lesson.right, lesson.mechanism, lesson.entity) == (True, "pool", ORDERS)
    assert lesson.id.startswith("#7/")


def test_a_correction_counts_for_the_truth_and_against_what_led() -> None:
    learned = run(Corrected(by="human", cause=TRUTH, believed=TOLD))
    assert learned is not None
    assert [(one.right, one.mechanism) for one in learned.lessons] == [(True, "disk_full"), (False, "pool")]
    same = run(Corrected(by="human", cause=TOLD, believed=TOLD))
    assert same is not None
    assert [one.right for one in same.lessons] == [True]


NEXT = len(opening()) + 7 + 1
"""The number of the first event after the end: `k8` is its key."""


def counted(*said: c.Payload) -> list[tuple[bool, str]]:
    learned = run(*said)
    assert learned is not None
    assert len({one.id for one in learned.lessons}) == len(learned.lessons)
    return [(one.right, one.mechanism) for one in learned.lessons]


def test_one_incident_counts_once_however_often_it_is_said() -> None:
    said = Resolved(by="human", cause=TOLD)
    assert counted(said, said) == [(True, "pool")]
    corrected = Corrected(by="human", cause=TRUTH, believed=TOLD)
    assert sorted(counted(corrected, corrected)) == [(False, "pool"), (True, "disk_full")]


def test_a_slip_that_is_corrected_counts_against_what_led_and_never_for_it() -> None:
    said = (Resolved(by="human", cause=TOLD), Corrected(by="human", cause=TRUTH, believed=TOLD))
    assert sorted(counted(*said)) == [(False, "pool"), (True, "disk_full")]


def test_nothing_counts_against_the_cause_that_holds() -> None:
    assert counted(Corrected(by="human", cause=TRUTH, believed=TOLD), Resolved(by="human", cause=TOLD)) == [
        (True, "pool")
    ]
    nowhere = Corrected(by="human", cause=Cause(mechanism="pool", entity=None), believed=TOLD)
    assert counted(nowhere) == []  # the same mechanism, and nobody said where
    own_words = Corrected(by="human", cause=Cause(mechanism="", entity=None, said="a cable"), believed=TOLD)
    assert counted(own_words) == [(False, "pool")]


def test_what_is_taken_back_lets_the_word_before_it_hold_and_teach_again() -> None:
    said = (Resolved(by="human", cause=TOLD), Corrected(by="human", cause=TRUTH, believed=TOLD))
    back = run(*said, LearningUndone(of=f"k{NEXT + 1}", by="human"))
    assert back is not None
    assert (back.incident.status, back.incident.cause) == (PastStatus.SOLVED, TOLD)
    assert [(one.right, one.mechanism) for one in back.lessons] == [(True, "pool")]
    both = run(*said, *(LearningUndone(of=f"k{NEXT + n}", by="human") for n in (1, 0)))
    assert both is not None
    assert (both.incident.status, both.incident.cause, both.lessons) == (PastStatus.OPEN, None, ())


def test_undone_learning_is_gone_and_words_without_a_mechanism_teach_no_count() -> None:
    correction = Corrected(by="human", cause=TRUTH, believed=TOLD)
    learned = run(correction, LearningUndone(of=f"k{NEXT}", by="human"))
    assert learned is not None
    assert (learned.lessons, learned.incident.cause) == ((), None)
    only_words = run(Resolved(by="human", cause=Cause(mechanism="", entity=None, said="a cable was cut")))
    assert only_words is not None
    assert only_words.lessons == ()
    assert only_words.incident.status is PastStatus.SOLVED


def test_a_cause_that_could_not_be_seen_is_a_gap_that_hid_it() -> None:
    invisible = Corrected(
        by="human", cause=TRUTH, believed=TOLD, visible=Visibility.INVISIBLE, missing="node_filesystem_avail_bytes"
    )
    named = c.GapNamed(gap="probes not connected", hides="whether addresses answer", suggestion="connect probes")
    learned = run(named, invisible)
    assert learned is not None
    assert [(gap.gap, gap.hid_cause) for gap in learned.gaps] == [
        ("node_filesystem_avail_bytes", True), ("probes not connected", False),
    ]  # fmt: skip


INVISIBLE = Corrected(
    by="human", cause=TRUTH, believed=TOLD, visible=Visibility.INVISIBLE, missing="node_filesystem_avail_bytes"
)


def hidden(*said: c.Payload) -> list[str]:
    """The gaps that hid the cause, by what people said one after the other."""
    learned = run(*said)
    assert learned is not None
    return [gap.gap for gap in learned.gaps if gap.hid_cause]


@pytest.mark.parametrize(
    "later",
    [
        replace(INVISIBLE, visible=Visibility.VISIBLE, missing=""),
        replace(INVISIBLE, visible=Visibility.UNKNOWN, missing=""),
        Corrected(by="human", cause=TOLD, believed=None),
        Resolved(by="human", cause=TOLD),
        NearMissNoted(by="human", cause=TOLD),
        LearningUndone(of=f"k{NEXT}", by="human"),
    ],
)
def test_what_hid_a_cause_that_no_longer_holds_hid_nothing(later: c.Payload) -> None:
    assert hidden(INVISIBLE) == ["node_filesystem_avail_bytes"]
    assert hidden(INVISIBLE, later) == []


def test_what_hid_the_cause_stays_where_a_later_word_says_nothing_else() -> None:
    other = replace(INVISIBLE, missing="node_filesystem_files_free")
    assert hidden(INVISIBLE, other) == ["node_filesystem_files_free"]
    assert hidden(INVISIBLE, other, LearningUndone(of=f"k{NEXT + 1}", by="human")) == ["node_filesystem_avail_bytes"]
    assert hidden(INVISIBLE, Resolved(by="human", cause=TRUTH)) == ["node_filesystem_avail_bytes"]
    words = replace(INVISIBLE, cause=Cause(mechanism="", entity=None, said="a cable"))
    assert hidden(words, Resolved(by="human", cause=Cause(mechanism="", entity=None, said="A cable "))) != []
    assert hidden(words, Resolved(by="human", cause=Cause(mechanism="", entity=None, said="a switch"))) == []


def test_what_nobody_could_explain_is_unsolved_until_somebody_says() -> None:
    failure = c.FailureDeclared(mode=FailureMode.NO_HYPOTHESIS, said="no theory")
    learned = run(failure, believed=False)
    assert learned is not None
    assert (learned.incident.status, learned.incident.led) == (PastStatus.UNSOLVED, None)
    said = run(failure, Resolved(by="human", cause=TRUTH), believed=False)
    assert said is not None
    assert said.incident.status is PastStatus.SOLVED
    near = run(NearMissNoted(by="human", cause=TRUTH, stopped_by="an alert"))
    assert near is not None
    assert near.incident.status is PastStatus.NEAR_MISS


def test_what_people_say_of_a_pattern_is_kept_whatever_the_incident_was() -> None:
    said = PatternJudged(
        by="human", mechanism="disk_full", entity=LEDGER, verdict=PatternVerdict.REJECTED, reason="chance"
    )
    learned = run(said, Resolved(by="human", cause=TOLD))
    assert learned is not None
    (judged,) = learned.judgements
    assert (judged.mechanism, judged.entity, judged.verdict) == ("disk_full", LEDGER, PatternVerdict.REJECTED)
    assert (judged.by, judged.reason, judged.investigation) == ("human", "chance", learned.incident.investigation)
    assert len(learned.lessons) == 1


def test_an_incident_knows_which_patterns_it_was_reminded_of_and_which_of_them_led() -> None:
    similar = Similar(
        investigation="i", number=3, title="t", at="2026-01-01T00:00:00+00:00", similarity=0.9, because=(),
        cause=TRUTH, present=LEDGER,
    )  # fmt: skip
    counts = (
        HistoryCount(mechanism="pool", entity=ORDERS, right=1.0, wrong=0.0),
        HistoryCount(mechanism="dns", entity=ORDERS, right=0.0, wrong=1.0),  # only warned against
    )
    remembered = replace(theory("disk_full", LEDGER, "H2"), proposed_by="knowledge:#3")
    learned = run(
        Recalled(signature=Signature(), similar=(similar, replace(similar, cause=None)), history=counts),
        c.Proposed(hypothesis=remembered),
    )
    assert learned is not None
    assert learned.incident.recalled == (
        RecalledPattern(mechanism="disk_full", entity=LEDGER, proposed=True, led=False),
        RecalledPattern(mechanism="pool", entity=ORDERS, proposed=False, led=True),
    )
