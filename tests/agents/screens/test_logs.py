from __future__ import annotations

from compass.agents.screens.log_judges import meaning_screen, path_screen, unusual_screen
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Change
from compass.domain.observation import Observation, Quality, Verdict
from compass.domain.time import NS_PER_S, Instant
from compass.ports.specialist import StepResult
from compass.tables.objects import KubeObject
from tests.agents.screens.traced import TracedTelemetry, lines, look_at
from tests.analysis.span_tables import shop

ONSET, END = 400, 600
Rows = list[tuple[float, str, str, str, str]]


def _traced(
    now: tuple[str, ...], then: tuple[str, ...] = ("INFO received {n}", "INFO stored {n}", "INFO done")
) -> Rows:
    """One visit of orders a second with these lines, inside a visit of front."""
    rows: Rows = []
    for number in range(END):
        trace = f"t{number:04d}"
        rows.append((number, "front", "INFO request", trace, f"{trace}f"))
        for k, line in enumerate(now if number >= ONSET else then):
            rows.append((number + 0.1 + k / 100, "orders", line.format(n=number), trace, f"{trace}o"))
    return rows


def _plain(now: dict[str, int], then: dict[str, int]) -> Rows:
    """Lines every ten seconds without trace ids: text → how many."""
    return [
        (second + k / 1000, "orders", line.format(n=second), "", "")
        for second in range(0, END, 10)
        for line, count in (now if second >= ONSET else then).items()
        for k in range(count)
    ]


async def _run(screen: object, rows: Rows, **kept: object) -> StepResult:
    telemetry = TracedTelemetry(log_table=lines(rows), **kept)  # type: ignore[arg-type]
    return await screen.run(look_at(telemetry, ONSET, END, "stock", "stock-db"))  # type: ignore[attr-defined,no-any-return]


def _signs(result: StepResult) -> dict[str, Observation]:
    return {f"{o.sign} {o.entity.name}": o for o in result.observations if o.verdict is Verdict.ANOMALY}


async def test_a_new_error_in_visits_is_novel_and_raises_errors() -> None:
    rows = _traced(("INFO received {n}", "ERROR cannot store {n}: dial tcp: lookup stock on 10.0.0.2:53: no such host"))
    found = _signs(await _run(unusual_screen("app"), rows))
    assert set(found) == {"log.novel orders", "log.errors_up orders"}
    seen = found["log.novel orders"]
    assert seen.peer is not None
    assert seen.peer.name == "stock"
    assert seen.strength > 0.5
    assert "200 of 200 visits" in seen.text


async def test_a_silent_end_is_a_changed_path() -> None:
    found = _signs(await _run(path_screen("app"), _traced(("INFO received {n}", "INFO stored {n}"))))
    assert set(found) == {"log.path_changed orders"}
    assert "writes no more" in found["log.path_changed orders"].text


async def test_lines_are_joined_with_visits_of_spans() -> None:
    spans = shop(END, END).table()
    service = {name: k for k, name in enumerate(e.name for e in spans.entities)}
    by_trace = {
        str(spans.trace_ids[spans.trace[row]]): str(spans.span_ids[row])
        for row in range(len(spans))
        if spans.service[row] == service["orders"]
    }
    rows = [(a, s, line, t, by_trace[t]) for a, s, line, t, _ in _traced(("INFO received {n}",)) if s == "orders"]
    found = _signs(await _run(path_screen("app"), rows, span_table=spans))
    assert set(found) == {"log.path_changed orders"}


async def test_rates_without_trace_ids() -> None:
    usual = {"INFO received {n}": 5, "INFO stored {n}": 5, "WARN slow {n}": 1, "INFO swept": 2}
    now = {"INFO received {n}": 5, "INFO stored {n}": 5, "WARN slow {n}": 9, "ERROR write failed: broken pipe": 3}
    found = _signs(await _run(unusual_screen("app"), _plain(now, usual)))
    assert set(found) == {"log.surge orders", "log.novel orders", "log.gone orders", "log.errors_up orders"}
    assert found["log.novel orders"].spark is not None


async def test_meaning_names_the_other_end_by_address() -> None:
    stock = KubeObject(kind="Service", namespace="", name="stock", body={"spec": {"clusterIP": "10.9.8.7"}})
    now = {"INFO received {n}": 5, "ERROR dial tcp 10.9.8.7:80: connect: connection refused password=hunter2secret": 3}
    result = await _run(meaning_screen("network"), _plain(now, {"INFO received {n}": 5}), kubernetes=(stock,))
    (seen,) = _signs(result).values()
    assert (seen.sign, seen.entity.name, seen.quality) == ("log.connection_refused", "orders", Quality.DIRECT)
    assert seen.peer is not None
    assert seen.peer.name == "stock"
    assert "hunter2secret" not in seen.text


async def test_meaning_that_was_always_there_is_no_finding_and_signs_filter() -> None:
    usual = {"INFO received {n}": 5, "ERROR i/o timeout": 1}
    assert not _signs(await _run(meaning_screen("app"), _plain(usual, usual)))
    now = {**usual, "ERROR deadlock detected": 2}
    both = _plain(now, {"INFO received {n}": 5})
    assert set(_signs(await _run(meaning_screen("app"), both))) == {"log.timeout orders", "log.deadlock orders"}
    only = await _run(meaning_screen("database", frozenset({"log.deadlock"})), both)
    assert set(_signs(only)) == {"log.deadlock orders"}


async def test_nothing_to_compare_is_a_gap_and_meaning_is_weaker() -> None:
    rows = [row for row in _plain({"ERROR deadlock detected": 2}, {}) if row[0] >= ONSET]
    result = await _run(meaning_screen("database"), rows)
    assert result.gaps[0][0].startswith("logs only on one side")
    assert _signs(result)["log.deadlock orders"].quality is Quality.CORROBORATED
    assert not _signs(await _run(unusual_screen("app"), rows))


async def test_quiet_services_are_normal_only_under_complete_coverage() -> None:
    usual = {"INFO received {n}": 5, "INFO stored {n}": 5}
    rows = _plain(usual, usual)
    result = await _run(unusual_screen("app"), rows)
    assert {(o.sign, o.verdict) for o in result.observations} == {
        (sign, Verdict.NORMAL) for sign in ("log.novel", "log.surge", "log.gone", "log.errors_up")
    }
    assert not (await _run(unusual_screen("app"), rows, missing=("pods",))).observations


async def test_no_logs_is_a_gap() -> None:
    for screen in (unusual_screen("app"), path_screen("app"), meaning_screen("app")):
        result = await screen.run(look_at(TracedTelemetry(), ONSET, END))
        assert result.gaps[0][0] == "no logs"
        assert not result.observations


async def test_a_release_that_rewords_a_line_changes_no_path() -> None:
    rows = _traced(("INFO received {n}", "INFO kept order {n} on the shelf", "INFO done"),
                   ("INFO received {n}", "INFO stored order {n} on the shelf", "INFO done"))  # fmt: skip
    orders = EntityRef(kind=EntityKind.SERVICE, name="orders")
    release = Change(id="orders-2", at=Instant(ns=ONSET * NS_PER_S), kind="deploy", summary="orders 2", entity=orders)
    for screen, sign in ((path_screen("app"), "log.path_changed orders"), (unusual_screen("app"), "log.novel orders")):
        assert sign in _signs(await _run(screen, rows))
        assert not _signs(await _run(screen, rows, changes=(release,)))


async def test_an_event_that_is_delivered_again_and_again_is_one_subject_and_a_failure_of_all_is_not() -> None:
    """Both write the same line as often; the one in the request that sent the event, the others each in its own."""
    error = "ERROR cannot handle it: KeyError: 'customer'"
    before = [row for row in _traced(()) if row[0] < ONSET]
    again = [(float(second), "orders", error, "t0399", "t0399o") for second in range(ONSET, END)]
    found = _signs(await _run(unusual_screen("app"), [*before, *again]))
    seen = found["log.same_subject orders"]
    assert "200 of 200 error lines" in seen.text
    assert seen.strength > 0.5
    every = _signs(await _run(unusual_screen("app"), _traced((error,))))
    assert "log.errors_up orders" in every
    assert "log.same_subject orders" not in every
