"""Annotations become changes, and a history of alerts."""

from __future__ import annotations

import pytest

from compass.domain.time import Window
from compass.sources.grafana.api import FoundAlert, FoundAnnotation, FoundState
from compass.sources.grafana.told import alerts_of, changes_of

WINDOW = Window(start_ns=0, end_ns=7200 * 10**9)


def note(at_s: int, text: str = "", *tags: str, number: int = 1, **more: object) -> FoundAnnotation:
    return FoundAnnotation(id=number, time=at_s * 1000, text=text, tags=list(tags), **more)  # type: ignore[arg-type]


def test_tags_say_which_service_and_what_sort() -> None:
    (change,) = changes_of([note(60, "v1.2.3", "deploy", "service:checkout")], WINDOW)
    assert (change["kind"], change["service"], change["summary"]) == ("deploy", "checkout", "v1.2.3")
    assert change["time"] == "1970-01-01T00:01:00Z"
    assert change["id"] == "annotation-1"


@pytest.mark.parametrize(
    ("text", "tags", "kind"),
    [
        ("Deployed cart 4.5", (), "deploy"), ("raised pool limit", ("config",), "config"),
        ("checkout_v2 on", ("flag",), "flag"),
        ("something", ("kind=scale",), "scale"), ("lunch", (), "change"), ("", ("rollback",), "deploy"),
    ],
)  # fmt: skip
def test_the_sort_of_change_is_told_by_tags_first(text: str, tags: tuple[str, ...], kind: str) -> None:
    (change,) = changes_of([note(60, text, *tags)], WINDOW)
    assert change["kind"] == kind
    assert change["summary"]


def test_markup_and_secrets_do_not_get_in() -> None:
    (change,) = changes_of([note(60, '<a href="http://x">v1 &amp; v2</a> password=hunter22')], WINDOW)
    assert change["summary"] == "v1 & v2 password=[redacted:secret]"


def test_what_is_of_alerts_or_later_is_no_change() -> None:
    later = note(8000, "deploy")
    assert changes_of([note(60, "x", alert_id=3, new_state="Alerting"), later, note(0, "no time")], WINDOW) == []


def test_states_that_were_noted_are_alerts_that_are_over() -> None:
    notes = [note(60, alert_id=3, alert_name="Slow", new_state="Alerting"),
             note(90, alert_id=3, alert_name="Slow", new_state="Normal", number=2),
             note(100, alert_id=4, alert_name="Full", new_state="Alerting (Error)", number=3)]  # fmt: skip
    now = FoundAlert(labels={"alertname": "Full", "service": "db"}, starts_at="1970-01-01T00:01:40Z",
                     status=FoundState("active"))  # fmt: skip
    firing, over = alerts_of([now], notes, WINDOW)
    assert (firing["status"], firing["labels"]) == ("firing", {"alertname": "Full", "service": "db"})
    assert (over["labels"], over["startsAt"], over["endsAt"], over["status"]) == (
        {"alertname": "Slow"}, "1970-01-01T00:01:00Z", "1970-01-01T00:01:30Z", "resolved",
    )  # fmt: skip


def test_a_silenced_alert_does_not_fire() -> None:
    (one,) = alerts_of([FoundAlert(labels={"alertname": "x"}, status=FoundState("suppressed"))], [], WINDOW)
    assert one["status"] == "suppressed"
