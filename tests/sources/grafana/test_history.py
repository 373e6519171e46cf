"""Annotations of alerts, as Grafana writes them, are alerts."""

from __future__ import annotations

from compass.domain.time import Window
from compass.sources.grafana.api import FoundAnnotation
from compass.sources.grafana.history import FoundRule, alerts_of, said_of

MINUTE = 60_000
BEGIN = 1_800_000_000_000
WINDOW = Window(start_ns=BEGIN * 10**6, end_ns=(BEGIN + 30 * MINUTE) * 10**6)


def note(minute: float, state: str, text: str, number: int = 7) -> FoundAnnotation:
    return FoundAnnotation(
        id=int(minute * 10) + 1_000, time=int(BEGIN + minute * MINUTE), alert_id=number, new_state=state, text=text
    )


def test_each_that_fired_with_its_own_labels() -> None:
    shop, cart = "Slow {alertname=Slow, service=shop} - B=2.5", "Slow {alertname=Slow, service=cart} - B=2.5"
    noted = [note(5, "Alerting", shop), note(7, "Alerting", cart), note(9, "Normal", shop)]
    rules = [FoundRule(title="Slow", state="firing", labels={"severity": "page"}, annotations={"summary": "slow"})]
    alerts, silent = alerts_of(noted, rules, WINDOW)
    assert silent == []
    first, second = alerts
    assert first == {
        "labels": {"alertname": "Slow", "service": "shop", "severity": "page"}, "annotations": {"summary": "slow"},
        "startsAt": "2027-01-15T08:05:00Z", "endsAt": "2027-01-15T08:09:00Z", "status": "resolved",
    }  # fmt: skip
    assert second["labels"] == {"alertname": "Slow", "service": "cart", "severity": "page"}
    assert (second["status"], "endsAt" in second) == ("firing", False)


def test_what_began_before_the_window_and_what_ended_before_it() -> None:
    noted = [
        note(-90, "Alerting", "Old {a=b} - B=1"), note(-60, "Normal", "Old {a=b} - B=0"),
        note(-50, "Alerting", "Long {} - B=1", 8), note(10, "Normal (MissingSeries)", "Long {} - B=0", 8),
        note(40, "Alerting", "Later {} - B=1", 9),
    ]  # fmt: skip
    alerts, _ = alerts_of(noted, [], WINDOW)
    assert [(one["labels"], one["startsAt"]) for one in alerts] == [
        ({"alertname": "Long"}, "2027-01-15T07:10:00Z")
    ]  # fmt: skip


def test_a_rule_that_fires_without_a_word_is_named() -> None:
    rules = [FoundRule(title="Silent", state="firing"), FoundRule(title="Calm", state="normal")]
    assert alerts_of([], rules, WINDOW) == ([], ["Silent"])


def test_one_whose_rule_rests_by_now_is_over() -> None:
    alerts, _ = alerts_of([note(5, "Alerting", "Gone {} - B=1")], [FoundRule(title="Gone", state="normal")], WINDOW)
    assert [one["status"] for one in alerts] == ["resolved"]


def test_texts_of_strangers() -> None:
    odd = FoundAnnotation(text="no such form\x1b[2J", alert_name="Named", alert_id=1)
    assert said_of(odd) == ("Named", {})
    title, labels = said_of(FoundAnnotation(text="Up {path=/a, b, c=d=e, code=500} - B=1"))
    assert (title, labels) == ("Up", {"path": "/a, b", "c": "d=e", "code": "500"})
    _, labels = said_of(FoundAnnotation(text="T {password=hunter2hunter2} - x"))
    assert labels == {"password": "[redacted:secret]"}
    assert said_of(FoundAnnotation(text="{" * 10_000)) == ("alert", {})


def test_notes_of_people_are_no_alerts() -> None:
    assert alerts_of([FoundAnnotation(time=BEGIN + MINUTE, text="deployed {x=y} - now")], [], WINDOW) == ([], [])
