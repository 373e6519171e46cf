"""The digest chain finds every change; ids sort by time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain.chronicle import UnknownPayload
from compass.domain.failure import Status
from compass.ports.errors import StorageError
from compass.storage.ids import Uuid7
from compass.storage.ledger import GENESIS, Head, Row, Stamp, seal, to_event, verify
from tests.storage.support import many
from tests.support.clocks import StillClock

INVESTIGATION = UUID("018f0000-0000-7000-8000-000000000001")
START = Head(next_seq=1, digest=GENESIS, epoch=1, status=Status.RUNNING, title="t")
NOON = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


def chain(count: int = 4) -> tuple[Head, list[Row]]:
    stamp = Stamp(team="t", investigation=INVESTIGATION, epoch=1, occurred_at=NOON, recorded_at=NOON)
    head, rows = seal(START, stamp, many("k", count), set(), uuid4)
    return head, list(rows)


ALTERATIONS: dict[str, Callable[[Row], Row]] = {
    "actor": lambda row: replace(row, actor="another"),
    "kind": lambda row: replace(row, kind="agent.failed"),
    "epoch": lambda row: replace(row, epoch=None),
    "cause": lambda row: replace(row, cause="k.0"),
    "time": lambda row: replace(row, occurred_at=NOON + timedelta(microseconds=1)),
    "team": lambda row: replace(row, team="u"),
    "id": lambda row: replace(row, id=uuid4()),
    "payload": lambda row: replace(row, data=(row.data or b"").replace(b"observe", b"ignored")),
    "salt": lambda row: replace(row, salt=bytes(16)),
    "salt gone": lambda row: replace(row, salt=None),
    "payload digest": lambda row: replace(row, payload_digest=bytes(32)),
    "digest": lambda row: replace(row, digest=bytes(32)),
}


@pytest.mark.parametrize("name", ALTERATIONS)
@pytest.mark.parametrize("index", [0, 2, 3])
def test_every_alteration_is_found_where_it_is(name: str, index: int) -> None:
    head, rows = chain()
    rows[index] = ALTERATIONS[name](rows[index])
    with pytest.raises(StorageError, match=f"event {index + 1}"):
        verify(head, rows, INVESTIGATION)


@pytest.mark.parametrize(("removed", "named"), [(0, 1), (1, 2), (3, 4)])
def test_a_missing_event_is_found_also_at_the_end(removed: int, named: int) -> None:
    head, rows = chain()
    del rows[removed]
    with pytest.raises(StorageError, match=f"event {named}"):
        verify(head, rows, INVESTIGATION)


def test_swapped_events_are_found() -> None:
    head, rows = chain()
    rows[1], rows[2] = replace(rows[2], seq=2), replace(rows[1], seq=3)
    with pytest.raises(StorageError, match="event 2"):
        verify(head, rows, INVESTIGATION)


def test_an_intact_chain_and_an_empty_one_are_valid() -> None:
    assert verify(*chain(), INVESTIGATION) == 4
    assert verify(START, [], INVESTIGATION) == 0


@settings(deadline=None)
@given(erased=st.sets(st.integers(0, 5)))
def test_erasing_any_payloads_keeps_the_chain_valid(erased: set[int]) -> None:
    head, rows = chain(6)
    for index in erased:
        rows[index] = replace(rows[index], salt=None, data=None, erased_at=NOON)
    assert verify(head, rows, INVESTIGATION) == 6


def test_the_zone_a_database_answers_in_changes_nothing() -> None:
    head, rows = chain()
    there = timezone(timedelta(hours=5, minutes=30))
    rows = [replace(row, occurred_at=row.occurred_at.astimezone(there)) for row in rows]
    assert verify(head, rows, INVESTIGATION) == 4
    assert to_event(rows[0]).occurred_at == NOON


def test_equal_payloads_do_not_have_equal_digests() -> None:
    assert chain()[1][0].payload_digest != chain()[1][0].payload_digest


def test_a_kind_from_a_newer_compass_is_kept_and_a_broken_payload_named() -> None:
    _, rows = chain()
    assert isinstance(to_event(replace(rows[0], kind="weather.changed")).payload, UnknownPayload)
    with pytest.raises(StorageError, match="event 1"):
        to_event(replace(rows[0], data=b"{"))


def test_ids_sort_by_time_also_within_a_millisecond_and_when_the_clock_steps_back() -> None:
    clock = StillClock(1_700_000_000_000_000_000)
    make = Uuid7(clock)
    first = [make() for _ in range(5000)]
    clock.ns -= 10_000_000_000
    later = [make() for _ in range(10)]
    clock.ns += 30_000_000_000
    last = make()
    ids = [*first, *later, last]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {made.version for made in ids} == {7}
    assert {made.variant for made in ids} == {"specified in RFC 4122"}
    assert first[0].int >> 80 == 1_700_000_000_000
    assert last.int >> 80 == 1_700_000_020_000
