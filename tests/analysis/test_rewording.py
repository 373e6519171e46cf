from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.rewording import OFTEN, reworded
from compass.analysis.templates import mine
from compass.domain.time import NS_PER_S

END, RELEASE = 600, 300
Line = tuple[int, int, str]  # second, service, text


def _events(lines: list[Line], changed: dict[int, list[int]]) -> dict[str, int]:
    """The event of each text (numbers left out)."""
    rows = sorted(lines)
    texts = np.array([text for _, _, text in rows], dtype=object)
    times = np.array([second for second, _, _ in rows], dtype=np.int64) * NS_PER_S
    group = np.array([service for _, service, _ in rows], dtype=np.int64)
    at = {service: [second * NS_PER_S for second in seconds] for service, seconds in changed.items()}
    event = reworded(mine(texts), texts, times, group, at)
    return {" ".join(w for w in text.split() if not w.isdigit()): int(e) for text, e in zip(texts, event, strict=True)}


def _said(before: str, now: str, every: int = 5, since: int = RELEASE, service: int = 0) -> list[Line]:
    return [(t, service, f"{now if t >= since else before} {t}") for t in range(0, END, every)]


STORED, KEPT = "INFO orders: order stored for customer", "INFO orders: order kept for customer"
OTHER = [(t, 0, f"INFO orders: listing orders {t}") for t in range(0, END, 7)]


def test_a_line_in_other_words_since_the_release_is_the_same_event() -> None:
    events = _events([*_said(STORED, KEPT), *OTHER], {0: [RELEASE]})
    assert events[STORED] == events[KEPT]
    assert events["INFO orders: listing orders"] != events[KEPT]


def test_words_in_another_order_and_json_lines_too() -> None:
    events = _events(_said("INFO catalog: product viewed:", "INFO catalog: viewed product"), {0: [RELEASE]})
    assert events["INFO catalog: product viewed:"] == events["INFO catalog: viewed product"]
    old, new = (
        '{"level":"info","message":"order stored for customer"}',
        '{"level":"info","message":"order kept for customer"}',
    )
    events = _events(_said(old, new), {0: [RELEASE]})
    assert events[old] == events[new]


@pytest.mark.parametrize(
    ("lines", "changed"),
    [
        (_said(STORED, KEPT), {}),  # nobody changed anything
        (_said(STORED, KEPT), {1: [RELEASE]}),  # another service
        (_said(STORED, KEPT), {0: [-60]}),  # long before
        (_said(STORED, KEPT), {0: [RELEASE + 60]}),  # after it
        (_said(STORED, KEPT.replace("INFO", "ERROR")), {0: [RELEASE]}),
        (_said(STORED.replace("INFO", "WARN"), KEPT), {0: [RELEASE]}),
        ([*_said(STORED, KEPT), *_said(STORED, STORED)], {0: [RELEASE]}),  # both go on
        (_said(STORED, "INFO payments of nobody were refused today"), {0: [RELEASE]}),  # other words
    ],
)  # fmt: skip
def test_what_may_be_a_change_of_path_stays_one(lines: list[Line], changed: dict[int, list[int]]) -> None:
    events = _events([*lines, *OTHER], changed)
    assert len(set(events.values())) == len(events)


def test_a_line_that_is_far_more_often_now_is_no_rewording() -> None:
    rare = [line for line in _said(STORED, KEPT) if line[0] >= RELEASE or line[0] % (10 * OFTEN) == 0]
    events = _events([*rare, *OTHER], {0: [RELEASE]})
    assert events[STORED] != events[KEPT]


def test_two_lines_are_too_few_to_tell_how_often_they_are_written() -> None:
    few = [(t, 0, f"{KEPT if t >= RELEASE else STORED} {t}") for t in (50, 200, 350, 500)]
    events = _events([*few, *OTHER], {0: [RELEASE]})
    assert events[STORED] != events[KEPT]


def test_a_line_that_is_far_rarer_now_is_no_rewording() -> None:
    rare = [line for line in _said(STORED, KEPT) if line[0] < RELEASE or line[0] % (10 * OFTEN) == 0]
    events = _events([*rare, *OTHER], {0: [RELEASE]})
    assert events[STORED] != events[KEPT]


def test_one_old_wording_is_said_again_by_one_line_only() -> None:
    added = "INFO orders: order kept for customer in full"
    lines = [*_said(STORED, KEPT), *((t, 0, f"{added} {t}") for t in range(RELEASE, END, 5))]
    events = _events(lines, {0: [RELEASE]})
    assert events[STORED] == events[KEPT]
    assert events[added] != events[STORED]


@settings(max_examples=40, deadline=None)
@given(lag=st.integers(0, 150), overlap=st.integers(0, 115))
def test_roll_outs_may_take_a_while_and_other_services_stay_as_they_are(lag: int, overlap: int) -> None:
    since = RELEASE + lag
    old = [(t, 0, f"{STORED} {t}") for t in range(0, since + overlap, 5)]
    new = [(t, 0, f"{KEPT} {t}") for t in range(since, END, 5)]
    alone = _said(STORED.replace("orders", "ledger"), KEPT.replace("orders", "ledger"), service=1)
    events = _events([*old, *new, *alone, *OTHER], {0: [RELEASE]})
    assert events[STORED] == events[KEPT]
    assert events[STORED.replace("orders", "ledger")] != events[KEPT.replace("orders", "ledger")]


def test_no_lines_no_events() -> None:
    empty = np.empty(0, dtype=np.int64)
    assert reworded(mine([]), np.empty(0, dtype=object), empty, empty, {0: [1]}).size == 0
