"""The window that is looked at, from what a page says of when it began."""

from __future__ import annotations

import pytest

from compass.domain.incident import Severity
from compass.domain.time import NS_PER_S
from compass.entrypoints.cli.investigating import Request
from compass.entrypoints.cli.scope import BASELINE_S, SINCE_S, live_incident
from compass.sources.paging import Page

NOW_NS = 1_795_000_000 * NS_PER_S


def _page(starts_ns: int | None) -> Page:
    return Page(title="Slow", symptom="Slow", service="web", severity=Severity.UNKNOWN, starts_ns=starts_ns)


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
