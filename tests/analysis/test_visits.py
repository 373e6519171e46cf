from __future__ import annotations

import numpy as np
import pytest

from compass.analysis.log_rates import Lines, rates
from compass.analysis.splits import candidate_splits
from compass.analysis.transitions import path_changes
from compass.analysis.visits import NOTHING, Events, probability, surprise
from compass.domain.time import NS_PER_S, Window

FRONT, ORDERS, STOCK = 0, 1, 2
RECEIVED, LOADED, DONE, FAILED, RARE, CACHED = range(6)


def _events(visits: list[tuple[int, int, list[int]]], factor: dict[int, float] | None = None) -> Events:
    """`visits` are (request, service, events in order); time runs with the list, ten milliseconds an event."""
    rows = [(r, v, s, e) for v, (r, s, events) in enumerate(visits) for e in events]
    request, visit, service, event = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return Events(
        times_ns=np.arange(len(rows), dtype=np.int64) * 10_000_000, request=request, visit=visit, kind=service,
        group=service, event=event, factor=np.array([(factor or {}).get(int(e), 1.0) for e in event]),
    )  # fmt: skip


def _requests(first: int, count: int, inner: list[int], outer: list[int]) -> list[tuple[int, int, list[int]]]:
    return [
        visit
        for r in range(first, first + count)
        for visit in ((r, ORDERS, inner), (r, FRONT, outer))
    ]  # fmt: skip


def _masks(events: Events, onset: int) -> tuple[np.ndarray, np.ndarray]:
    before = events.request < onset
    return before, ~before


def test_the_earliest_surprising_visit_of_a_request_is_credited_alone() -> None:
    visits = _requests(0, 40, [RECEIVED, DONE], [RECEIVED, DONE])
    visits += _requests(40, 20, [RECEIVED, FAILED], [RECEIVED, FAILED])
    events = _events(visits, {FAILED: 4.0})
    found = surprise(events, *_masks(events, 40))
    assert [f.group for f in found] == [ORDERS]
    assert (found[0].event, found[0].visits, found[0].visits_before, found[0].credited) == (FAILED, 20, 0, 20)


def test_errors_weigh_more_and_common_events_nothing() -> None:
    visits = _requests(0, 40, [RECEIVED, DONE], [RECEIVED, LOADED, DONE])
    visits += _requests(40, 10, [RECEIVED, DONE, RARE], [RECEIVED, LOADED, LOADED, DONE])
    plain, severe = _events(visits), _events(visits, {RARE: 4.0})
    one, four = surprise(plain, *_masks(plain, 40)), surprise(severe, *_masks(severe, 40))
    assert [f.group for f in one] == [f.group for f in four] == [ORDERS]
    assert four[0].score == pytest.approx(4 * one[0].score)


def test_what_was_as_surprising_before_cancels() -> None:
    visits: list[tuple[int, int, list[int]]] = []
    for r in range(80):
        visits += _requests(r, 1, [RECEIVED, RARE] if r % 10 == 0 else [RECEIVED], [DONE])
    events = _events(visits)
    assert all(f.score < 0.1 for f in surprise(events, *_masks(events, 40)))


def test_probability_backs_off_to_the_service_for_unknown_kinds_of_visit() -> None:
    events = _events(_requests(0, 20, [RECEIVED], [DONE]))
    other = np.where(events.request == 19, 9, events.kind)
    events = Events(
        times_ns=events.times_ns, request=events.request, visit=events.visit, kind=other, group=events.group,
        event=events.event, factor=events.factor,
    )  # fmt: skip
    assert (probability(events, events.request < 19) > 0.9).all()


def test_a_silent_end_is_a_changed_path() -> None:
    visits = _requests(0, 30, [RECEIVED, LOADED, DONE], [RECEIVED, DONE])
    visits += _requests(30, 15, [RECEIVED, LOADED], [RECEIVED, DONE])
    events = _events(visits)
    (found,) = path_changes(events, *_masks(events, 30))
    assert (found.group, found.event, found.follower, found.usual) == (ORDERS, LOADED, NOTHING, DONE)
    assert (found.now, found.of_now, found.before, found.of_before) == (15, 15, 0, 30)


def test_another_beginning_is_a_changed_path() -> None:
    visits = _requests(0, 30, [RECEIVED, DONE], [DONE]) + _requests(30, 15, [CACHED, RECEIVED, DONE], [DONE])
    events = _events(visits)
    (found,) = path_changes(events, *_masks(events, 30))
    assert (found.group, found.event, found.follower, found.usual) == (ORDERS, NOTHING, CACHED, RECEIVED)


def test_longer_loops_and_shifted_alternatives_are_no_changed_path() -> None:
    visits: list[tuple[int, int, list[int]]] = []
    for r in range(60):
        loops = 2 if r < 40 else 6
        turn = CACHED if r % (4 if r < 40 else 2) == 0 else DONE
        visits += _requests(r, 1, [RECEIVED, *[LOADED] * loops, turn], [DONE])
    events = _events(visits)
    assert path_changes(events, *_masks(events, 40)) == ()


@pytest.mark.parametrize(("before", "found"), [(12, False), (120, True)])
def test_a_small_baseline_does_not_show_that_a_rare_path_is_new(before: int, found: bool) -> None:
    visits = [(r, ORDERS, [RECEIVED, DONE]) for r in range(before)]
    visits += [(r, ORDERS, [RECEIVED, RARE] if r % 8 == 0 else [RECEIVED, DONE]) for r in range(before, before + 200)]
    events = _events(visits)
    assert bool(path_changes(events, *_masks(events, before))) is found


def test_no_baseline_no_finding() -> None:
    events = _events(_requests(0, 10, [RECEIVED, FAILED], [DONE]))
    none = np.zeros(len(events), dtype=bool)
    assert surprise(events, none, ~none) == ()
    assert path_changes(events, none, ~none) == ()


def _lines(counts: dict[int, tuple[int, int]], minutes: int = 10) -> tuple[Lines, np.ndarray]:
    """Template → (lines a minute before, lines a minute now), of one service."""
    times, event = [], []
    for minute in range(2 * minutes):
        for template, rate in counts.items():
            times += [minute * 60 + k for k in range(rate[minute >= minutes])]
            event += [template] * rate[minute >= minutes]
    order = np.argsort(times, kind="stable")
    at = np.array(times, dtype=np.int64)[order] * NS_PER_S
    lines = Lines(
        times_ns=at, group=np.zeros(at.size, dtype=np.int64), event=np.array(event, dtype=np.int64)[order],
        weight=np.ones(at.size), factor=np.ones(at.size),
    )  # fmt: skip
    return lines, at < minutes * 60 * NS_PER_S


def test_rates_find_new_more_and_gone() -> None:
    lines, before = _lines({0: (10, 10), 1: (5, 5), 2: (8, 8), 3: (2, 20), 4: (6, 0), 5: (0, 3)})
    found = {f.event: f.what for f in rates(lines, before, ~before) if f.score > 6}
    assert found == {3: "surge", 4: "gone", 5: "novel"}


def test_rates_follow_the_work() -> None:
    lines, before = _lines({0: (4, 16), 1: (5, 20), 2: (3, 12), 3: (2, 8)})
    assert [f for f in rates(lines, before, ~before) if f.score > 6] == []


def test_splits_keep_the_given_onset_first_and_leave_out_near_ones() -> None:
    at = 1_000 * NS_PER_S
    before, during = Window(start_ns=0, end_ns=at - 121 * NS_PER_S), Window(start_ns=at - 121 * NS_PER_S, end_ns=at)
    found = candidate_splits(before, during, at)
    assert [(at - s.at_ns) // NS_PER_S for s in found] == [121, 60, 90, 150, 180, 300]
    assert [s.given for s in found] == [True] + [False] * 5
    assert len(candidate_splits(before, during)) == 1
