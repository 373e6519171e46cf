"""The window that is looked at, from what a page says of when it began."""

from __future__ import annotations

import pytest

from compass.domain.incident import Severity
from compass.domain.time import NS_PER_S, to_datetime
from compass.entrypoints.cli.investigating import Request
from compass.entrypoints.cli.scope import AFTER_S, BASELINE_S, LONG_S, SINCE_S, live_incident
from compass.entrypoints.cli.starting import since
from compass.sources.paging import Page

NOW_NS = 1_795_000_000 * NS_PER_S


def _page(starts_ns: int | None, firing: bool = True) -> Page:
    return Page(
        title="Slow", symptom="Slow", service="web", severity=Severity.UNKNOWN, starts_ns=starts_ns, firing=firing
    )


@pytest.mark.parametrize(
    ("starts_ns", "detected_ns"),
    [
        (NOW_NS - 60 * NS_PER_S, NOW_NS - 60 * NS_PER_S),
        (NOW_NS + 2 * NS_PER_S, NOW_NS),
        (-62_135_596_800 * NS_PER_S, NOW_NS),
        (0, NOW_NS),
        (None, NOW_NS),
    ],
    ids=["a minute ago", "its clock is ahead", "year 1, which is no time", "1970", "not said"],
)
def test_a_page_begins_when_it_says_or_now(starts_ns: int | None, detected_ns: int) -> None:
    incident = live_incident(Request(), _page(starts_ns), NOW_NS)
    assert incident.detected_ns == detected_ns
    assert incident.window.start_ns == detected_ns - (SINCE_S + BASELINE_S) * NS_PER_S
    assert incident.window.end_ns == NOW_NS


DAYS_3 = NOW_NS - 3 * 86_400 * NS_PER_S


def test_what_fires_for_days_is_looked_at_now_and_how_to_see_its_start_is_said() -> None:
    incident = live_incident(Request(), _page(DAYS_3), NOW_NS)
    assert incident.detected_ns == NOW_NS
    assert (incident.window.start_ns, incident.window.end_ns) == (NOW_NS - (SINCE_S + BASELINE_S) * NS_PER_S, NOW_NS)
    assert incident.note.startswith("it fires since 3 d: this looks at the last 60 min")
    again = incident.note.split("--at ")[1].split()[0]
    start = live_incident(Request(at=again), _page(DAYS_3), NOW_NS)
    assert abs(start.detected_ns - DAYS_3) < 60 * NS_PER_S
    assert start.note == ""


@pytest.mark.parametrize(
    ("request_", "page"),
    [
        (Request(), _page(DAYS_3, firing=False)),
        (Request(), _page(NOW_NS - LONG_S * NS_PER_S)),
        (Request(at="3d"), _page(DAYS_3)),
        (Request(since="2h"), _page(DAYS_3)),
    ],
    ids=["it is over", "some hours", "a time is given", "how far back is given"],
)
def test_otherwise_its_start_is_looked_at(request_: Request, page: Page) -> None:
    incident = live_incident(request_, page, NOW_NS)
    assert (incident.detected_ns, incident.note) == (page.starts_ns, "")
    assert incident.window.end_ns == (page.starts_ns or 0) + AFTER_S * NS_PER_S


def test_the_list_says_of_which_day_an_alert_is() -> None:
    assert since(NOW_NS - 3600 * NS_PER_S, NOW_NS).endswith(" UTC")
    assert since(DAYS_3, NOW_NS) == f"{to_datetime(DAYS_3):%d %b} (3 d)"
