from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import Signal, SignalKind
from compass.domain.time import NS_PER_S
from compass.evaluation.rivals import baro
from compass.evaluation.rivals.alerting_service import AlertingService
from compass.evaluation.rivals.baro import Baro, change_near, points, robust_scores
from compass.evaluation.rivals.last_change import LastChange
from compass.evaluation.rivals.nsigma import NSigma, z_scores
from compass.evaluation.rivals.random import Random
from compass.tables.series import SeriesRow, SeriesTable, empty_series
from tests.evaluation.rivals.scenes import ask, names, pods, scene
from tests.support import incidents
from tests.support.recordings import iso, write_recording

ROW = SeriesRow(
    entity=EntityRef(kind=EntityKind.SERVICE, name="web"), signal=Signal(kind=SignalKind.LATENCY, unit="s"), name="x"
)


def jump(path: Path) -> Path:
    """`search` needs five times its processor time from the onset on; nothing else changes."""
    series = [incidents.cpu(s, 0.2, 1.0 if s == "search" else None) for s in incidents.SERVICES]
    return write_recording(path, detected_s=incidents.ONSET_S + 300, series=series, topology=incidents.TOPOLOGY)


@pytest.mark.parametrize("rival", [NSigma(), Baro()], ids=lambda rival: rival.id)
def test_the_series_that_jumps_is_first_with_and_without_a_label(rival: NSigma | Baro, tmp_path: Path) -> None:
    folder = jump(tmp_path / "jump")
    assert names(ask(rival, scene(folder, incidents.ONSET_S)))[0] == "search"
    assert len(ask(rival, scene(folder, incidents.ONSET_S))) == len(incidents.SERVICES)
    if rival.id == "baro":  # finds the onset itself
        assert names(ask(rival, scene(folder)))[0] == "search"


@pytest.mark.parametrize("rival", [NSigma(), Baro()], ids=lambda rival: rival.id)
def test_a_pod_counts_for_its_workload_and_a_node_for_itself(rival: NSigma | Baro, tmp_path: Path) -> None:
    series = [*pods("orders", 1e8, 9e8), *pods("mail", 1e8, 1e8)]
    node = incidents.Series(name="node_load1", labels={"node": "worker-1"}, values=incidents.stepped("load", 1.0, 3.0))
    folder = write_recording(tmp_path / "pods", detected_s=incidents.ONSET_S + 300, series=[*series, node])
    found = ask(rival, scene(folder, incidents.ONSET_S))
    assert [(e.kind, e.name) for e in found] == [
        (EntityKind.WORKLOAD, "orders"), (EntityKind.NODE, "worker-1"), (EntityKind.WORKLOAD, "mail"),
    ]  # fmt: skip


def test_counters_are_compared_as_rates(tmp_path: Path) -> None:
    """A counter that only goes on growing says nothing, though its value is far from its earlier mean."""
    growing = incidents.cpu("web", 0.2)
    stepping = incidents.gauge("process_resident_memory_bytes", "mail", incidents.stepped("m", 2e8, 2.5e8))
    folder = write_recording(tmp_path / "r", detected_s=incidents.ONSET_S + 300, series=[growing, stepping])
    assert names(ask(NSigma(), scene(folder, incidents.ONSET_S))) == ["mail", "web"]


def test_scores_are_the_definition() -> None:
    before = np.array([[1.0, 2.0, 3.0, 4.0, np.nan], [5.0, 5.0, 5.0, 5.0, 5.0]])
    after = np.array([[3.0, -7.5], [5.5, np.nan]])
    assert z_scores(before, after) == pytest.approx([10.0 / np.std([1, 2, 3, 4]), 0.5])
    assert robust_scores(before, after) == pytest.approx([10.0 / 1.5, 0.5])


def test_the_change_before_the_page_is_taken_and_not_the_recovery_after_it() -> None:
    values = np.concatenate([incidents.wave("a", 1.0), incidents.wave("b", 9.0, steps=60), incidents.wave("c", 1.0)])
    times = (np.arange(values.size) + 1) * 15 * NS_PER_S
    table = SeriesTable(rows=(ROW, ROW), times_ns=times, values=np.stack([values, values**2]), step_s=15.0)
    begins = int(times[incidents.STEPS - 1])
    # two steps a block: the split is as exact as a block
    assert change_near(table, begins + 300 * NS_PER_S) == pytest.approx(begins, abs=2 * 15 * NS_PER_S)


def test_nothing_to_detect_in_leaves_the_page() -> None:
    assert change_near(empty_series(), 77) == 77
    times = np.arange(1, 41) * NS_PER_S
    flat = SeriesTable(rows=(ROW,), times_ns=times, values=np.ones((1, 40)), step_s=1.0)
    assert change_near(flat, 77) == 77
    empty = SeriesTable(rows=flat.rows, times_ns=times, values=np.full((1, 40), np.nan), step_s=1.0)
    assert change_near(empty, 77) == 77


def test_points_are_bounded_whatever_the_length() -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((50, 5_000)).cumsum(axis=1)
    values[rng.random(values.shape) < 0.2] = np.nan
    times = np.arange(1, 5_001) * NS_PER_S
    found = points(SeriesTable(rows=(ROW,) * 50, times_ns=times, values=values, step_s=1.0))
    assert found is not None
    samples, ends = found
    assert samples.shape[0] == ends.size <= baro.MAX_POINTS
    assert samples.shape[1] <= baro.MAX_DIMENSIONS
    assert int(ends[-1]) == int(times[-1])
    assert samples.std(axis=0) == pytest.approx(1.0, abs=0.1)


def test_last_change_is_newest_first_before_the_page_and_once_each(tmp_path: Path) -> None:
    changes = [
        {"at_s": at, "kind": "deploy", "service": service, "id": f"c{at}", "summary": "x"}
        for at, service in ((10.0, "web"), (20.0, "mail"), (30.0, "web"), (100.0, "orders"), (25.0, None))
    ]
    folder = write_recording(tmp_path / "c", seconds=200.0, detected_s=50.0, changes=changes)
    assert names(ask(LastChange(), scene(folder))) == ["web", "mail"]


def test_the_paged_service_comes_before_alerts_in_the_order_they_started(tmp_path: Path) -> None:
    alerts = [
        {"labels": {"alertname": "A", "service": service}, "annotations": {}, "startsAt": iso(at), "status": "firing"}
        for at, service in ((40.0, "orders"), (20.0, "mail"), (30.0, "mail"), (60.0, "web"))
    ]
    folder = write_recording(
        tmp_path / "a", seconds=200.0, detected_s=50.0, alerts=alerts, topology=incidents.TOPOLOGY,
        header={"service": "web"},
    )  # fmt: skip
    assert names(ask(AlertingService(), scene(folder))) == ["web", "mail", "orders"]


def test_random_knows_every_service_and_another_seed_is_another_order(tmp_path: Path) -> None:
    folder = jump(tmp_path / "jump")
    orders = [names(ask(Random(), scene(folder, seed=seed))) for seed in range(6)]
    assert all(sorted(order) == sorted(incidents.SERVICES) for order in orders)
    assert len({tuple(order) for order in orders}) > 1
