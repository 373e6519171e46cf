from __future__ import annotations

import numpy as np

from compass.agents.screens.releases import ReleaseScreen
from compass.domain.incident import Change
from compass.domain.observation import Verdict
from compass.domain.telemetry import SignalKind
from compass.domain.time import Instant
from compass.ports.specialist import StepResult
from tests.agents.screens.fakes import FakeTelemetry, look
from tests.analysis.synthetic import pod, row, service, table, times

N, AT = 120, 100
RELEASE = Change(
    id="orders-v2", at=Instant(ns=int(times(N)[AT - 1])), kind="deploy", summary="v2", entity=service("orders"),
    attributes={"new_pods": '["orders-new"]'},
)  # fmt: skip
INSIDE = {pod("orders-old"): service("orders"), pod("orders-new"): service("orders")}


async def run(
    new: list[float], changes: tuple[Change, ...] = (RELEASE,), old: list[float] | None = None,
    below: list[float] | None = None,
) -> StepResult:  # fmt: skip
    """`below`: success of the calls that the released service makes, after the release."""
    rows = [
        row(pod(name), SignalKind.SUCCESS, "%", peer=service("web"), labels={"reporter": "destination"})
        for name in ("orders-old", "orders-new")
    ]
    before = [100.0] * AT
    values = np.array([before + (old or [100.0] * (N - AT)), [np.nan] * AT + new])
    if below is not None:
        rows.append(
            row(service("orders"), SignalKind.SUCCESS, "%", peer=service("stock"), labels={"reporter": "source"})
        )
        values = np.vstack([values, [*before, *below]])
    telemetry = FakeTelemetry(table=table(rows, values), changes=changes)
    return await ReleaseScreen(agent="change").run(look(telemetry, N, AT, containment=INSIDE))


async def test_a_bad_release_is_worse_and_its_callers_see_errors() -> None:
    result = await run([30.0] * (N - AT))
    found = {o.sign: o for o in result.observations}
    assert set(found) == {"release.worse", "release.edge_errors"}
    assert all(o.verdict is Verdict.ANOMALY and o.change == "orders-v2" for o in found.values())
    assert found["release.worse"].entity == service("orders")
    assert "30 % against 100 %" in found["release.worse"].text


async def test_a_good_release_is_measurably_normal() -> None:
    result = await run([100.0] * (N - AT))
    assert {o.sign: o.verdict for o in result.observations} == {
        "release.worse": Verdict.NORMAL, "release.edge_errors": Verdict.NORMAL,
    }  # fmt: skip


async def test_new_instances_that_never_report_are_a_sign_of_their_own() -> None:
    found = {o.sign: o for o in (await run([float("nan")] * (N - AT))).observations}
    assert "release.worse" not in found  # nothing of them was measured
    silent = found["release.silent"]
    assert (silent.verdict, silent.entity, silent.change) == (Verdict.ANOMALY, service("orders"), "orders-v2")
    assert "none of the new instances" in silent.text


async def test_a_drop_that_old_instances_share_clears_the_release() -> None:
    drop = [30.0] * (N - AT)
    result = await run(drop, old=drop)
    assert {o.sign: o.verdict for o in result.observations} == {
        "release.worse": Verdict.NORMAL, "release.edge_errors": Verdict.NORMAL, "release.shared": Verdict.ANOMALY,
    }  # fmt: skip
    assert all("without" in o.text and "fail as well" in o.text for o in result.observations)
    assert next(o for o in result.observations if o.sign == "release.shared").change is None  # it clears the change


async def test_a_release_whose_own_calls_fail_as_well_is_neither_blamed_nor_cleared() -> None:
    drop = [30.0] * (N - AT)
    assert "release.edge_errors" not in {o.sign for o in (await run(drop, old=drop, below=drop)).observations}
    quiet = await run([100.0] * (N - AT), below=drop)
    assert {o.sign: o.verdict for o in quiet.observations}["release.edge_errors"] is Verdict.NORMAL


async def test_a_release_that_served_well_until_the_onset_is_not_blamed_for_what_began_then() -> None:
    calls = row(service("web"), SignalKind.SUCCESS, "%", peer=service("orders"), labels={"reporter": "source"})
    telemetry = FakeTelemetry(table=table([calls], np.array([[100.0] * AT + [30.0] * (N - AT)])))
    for back, wanted in ((1, Verdict.ANOMALY), (80, Verdict.NORMAL)):
        at = Instant(ns=int(times(N)[AT - back]))
        telemetry.changes = (Change(id="v2", at=at, kind="deploy", summary="v2", entity=service("orders")),)
        result = await ReleaseScreen(agent="change").run(look(telemetry, N, AT))
        assert {o.sign: o.verdict for o in result.observations}["release.edge_errors"] is wanted


async def test_a_release_that_nobody_called_before_the_onset_has_not_served_well() -> None:
    calls = row(service("web"), SignalKind.SUCCESS, "%", peer=service("orders"), labels={"reporter": "source"})
    values = [100.0] * (AT - 80) + [np.nan] * 80 + [30.0] * (N - AT)
    telemetry = FakeTelemetry(table=table([calls], np.array([values])))
    at = Instant(ns=int(times(N)[AT - 80]))
    telemetry.changes = (Change(id="v2", at=at, kind="deploy", summary="v2", entity=service("orders")),)
    result = await ReleaseScreen(agent="change").run(look(telemetry, N, AT))
    assert {o.sign: o.verdict for o in result.observations}["release.edge_errors"] is Verdict.ANOMALY


async def test_no_release_is_no_finding_and_no_gap() -> None:
    result = await run([100.0] * (N - AT), changes=())
    assert (result.observations, result.gaps) == ((), ())


async def test_a_release_without_metrics_is_a_gap() -> None:
    result = await ReleaseScreen(agent="change").run(look(FakeTelemetry(changes=(RELEASE,)), N, AT))
    assert len(result.gaps) == 1
