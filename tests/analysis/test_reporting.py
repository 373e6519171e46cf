"""Who still reports."""

from __future__ import annotations

import numpy as np

from compass.analysis.graph import build_graph
from compass.analysis.reporting import NAME, with_reporting
from compass.domain.entity import EntityRef
from compass.domain.telemetry import SignalKind
from compass.tables.series import Floats
from tests.analysis.synthetic import pod, row, service, table

STEPS, DOWN = 60, 45


def shares(silent: dict[str, slice], *, hole: slice | None = None, extra_pod: bool = False) -> dict[EntityRef, Floats]:
    entities = [service(name) for name in "abcd"]
    inside = {pod("e-1"): service("e"), pod("e-2"): service("e")}
    rows = [
        row(entity, kind, "By") for entity in (*entities, pod("e-1")) for kind in (SignalKind.CPU, SignalKind.MEMORY)
    ]
    values = np.ones((len(rows), STEPS))
    for name, steps in silent.items():
        values[[i for i, r in enumerate(rows) if r.entity.name == name], steps] = np.nan
    if extra_pod:
        rows += [row(pod("e-2"), SignalKind.CPU, "By")]
        values = np.vstack([values, np.where(np.arange(STEPS) < DOWN, np.nan, 1.0)])
    if hole is not None:
        values[:, hole] = np.nan
    found = with_reporting(table(rows, values), build_graph((), inside))
    return {r.entity: found.values[i] for i, r in enumerate(found.rows) if r.name == NAME}


def test_a_thing_that_falls_silent_is_missed() -> None:
    found = shares({"a": slice(DOWN, None)})
    assert found[service("a")][DOWN:-1].max() == 0.0
    assert found[service("a")][:DOWN].min() == 1.0
    assert found[service("b")][:-1].min() == 1.0


def test_a_hole_in_the_collection_is_nobodys_silence() -> None:
    found = shares({}, hole=slice(DOWN, DOWN + 5))
    assert np.isnan(found[service("a")][DOWN : DOWN + 5]).all()
    assert np.nanmin(found[service("a")]) == 1.0


def test_a_new_instance_and_one_that_goes_in_turn_is_no_loss() -> None:
    found = shares({"e-1": slice(DOWN + 3, None)}, extra_pod=True)
    assert found[service("e")][DOWN + 3 : -1].max() == 0.5, "half of the rows: the newcomer tells one thing of two"
    assert shares({}, extra_pod=True)[service("e")][:-1].min() == 1.0


def test_what_was_never_steady_is_not_missed() -> None:
    assert service("a") not in shares({"a": slice(0, None, 2)})


def test_one_scrape_that_failed_is_no_silence() -> None:
    assert shares({"a": slice(DOWN, DOWN + 1)})[service("a")][:-1].min() == 1.0
    assert shares({"a": slice(STEPS - 2, None)})[service("a")][:-1].min() == 1.0, "the end is not known yet"
    assert shares({"a": slice(DOWN, DOWN + 2)})[service("a")][DOWN : DOWN + 2].max() == 0.0
