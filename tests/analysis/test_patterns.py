"""What the past adds up to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from compass.analysis.patterns import clusters_of, patterns_of, ranked_gaps
from compass.domain.knowledge import KnownGap, Lesson, PastIncident, PastStatus
from compass.domain.learned import Signature
from tests.support.boards import LEDGER, ORDERS

AT = datetime(2026, 1, 1, tzinfo=UTC)
POOLS = Signature(signs={"pool.exhausted@dependency": 0.9, "latency.up@paged": 0.8})
DISKS = Signature(signs={"disk.full@dependency": 0.9})


def incident(number: int, signature: Signature = POOLS, status: PastStatus = PastStatus.UNSOLVED) -> PastIncident:
    return PastIncident(
        investigation=UUID(int=number), number=number, title="t", at=AT + timedelta(days=number), status=status,
        signature=signature, fix=f"fix {number}",
    )  # fmt: skip


def lesson(number: int, *, right: bool, undone: bool = False) -> Lesson:
    return Lesson(
        id=f"#{number}", investigation=UUID(int=number), right=right, mechanism="pool", entity=ORDERS,
        signature=POOLS, at=AT + timedelta(days=number), by="human", undone=undone,
    )  # fmt: skip


def test_a_pattern_counts_what_people_said_and_keeps_the_fixes_of_what_it_was() -> None:
    lessons = [lesson(1, right=True), lesson(2, right=False), lesson(3, right=True), lesson(4, right=True, undone=True)]
    other = replace(lesson(5, right=False), entity=LEDGER)
    first, second = patterns_of([*lessons, other], [incident(n) for n in range(1, 6)])
    assert (first.right, first.wrong, first.last) == (2, 1, AT + timedelta(days=3))
    assert first.success == 2 / 3
    assert first.fixes == ("fix 3", "fix 1")
    assert (second.entity, second.success) == (LEDGER, 0.0)


def test_unsolved_incidents_that_look_alike_are_one_cluster_and_solved_ones_are_none() -> None:
    near = Signature(signs={**POOLS.signs, "errors.up@paged": 0.2})
    found = clusters_of([incident(1), incident(2, near), incident(3, DISKS), incident(4, status=PastStatus.SOLVED)])
    assert [[one.number for one in cluster.incidents] for cluster in found] == [[2, 1], [3]]
    assert set(found[0].signs) == set(POOLS.signs)


def test_two_clusters_become_one_when_an_incident_is_like_both() -> None:
    left = Signature(signs={"cpu.up@paged": 0.9, "memory.up@paged": 0.9})
    right = Signature(signs={"memory.up@paged": 0.9, "errors.up@paged": 0.9, "cpu.up@paged": 0.9, "gc.up@paged": 0.9})
    between = Signature(signs={"cpu.up@paged": 0.9, "memory.up@paged": 0.9, "errors.up@paged": 0.9})
    assert len(clusters_of([incident(1, left), incident(2, right), incident(3, between)])) == 1


def test_a_gap_that_hid_a_cause_comes_before_one_that_was_often_named() -> None:
    def gap(number: int, name: str, *, hid: bool = False, suggestion: str = "") -> KnownGap:
        return KnownGap(
            investigation=UUID(int=number), gap=name, hides="what it does", suggestion=suggestion,
            at=AT + timedelta(days=number), hid_cause=hid,
        )  # fmt: skip

    often = [gap(n, "no probes", suggestion="connect probes") for n in range(1, 4)]
    worst, next_ = ranked_gaps([*often, gap(9, "no disk metrics", hid=True, suggestion="node_filesystem_avail_bytes")])
    assert (worst.gap, worst.incidents, worst.hid) == ("no disk metrics", 1, 1)
    assert (next_.incidents, next_.suggestion, next_.hides) == (3, "connect probes", ("what it does",))
