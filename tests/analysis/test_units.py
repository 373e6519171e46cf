from __future__ import annotations

import pytest

from compass.analysis.units import floors, to_base, understood
from compass.domain.telemetry import Signal, SignalKind


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("s", ("time", 1.0)), ("ms", ("time", 1e-3)), ("%", ("ratio", 0.01)), ("1", ("ratio", 1.0)),
        ("MiBy", ("bytes", 2.0**20)), ("By/s", ("bytes/s", 1.0)), ("{request}/s", ("count/s", 1.0)),
        ("{request}/min", ("count/s", 1 / 60)), ("{cpu}", ("count", 1.0)), ("m{cpu}", ("count", 1e-3)),
        ("s/s", ("ratio", 1.0)), ("furlong", ("count", 1.0)), ("", ("ratio", 1.0)), ("1/s", ("count/s", 1.0)),
    ],
)  # fmt: skip
def test_units_have_a_dimension_and_a_factor(unit: str, expected: tuple[str, float]) -> None:
    dimension, factor = to_base(unit)
    assert (dimension, factor) == (expected[0], pytest.approx(expected[1]))


def test_the_floor_is_the_same_size_whatever_the_unit() -> None:
    seconds = floors(Signal(kind=SignalKind.LATENCY, unit="s"))[1]
    millis = floors(Signal(kind=SignalKind.LATENCY, unit="ms"))[1]
    assert millis == pytest.approx(1000 * seconds)
    assert floors(Signal(kind=SignalKind.SUCCESS, unit="%"))[1] == pytest.approx(0.5)
    assert floors(Signal(kind=SignalKind.SUCCESS, unit="1"))[1] == pytest.approx(0.005)


@pytest.mark.parametrize(
    "unit", ["s", "ms", "By", "MiBy", "1", "%", "{request}", "{request}/s", "By/s", "1/s", "m{core}"]
)
def test_units_that_are_understood(unit: str) -> None:
    assert understood(unit)


@pytest.mark.parametrize("unit", ["seconds", "MB", "", "m", "{request}/week", "s/", "furlong"])
def test_units_that_are_not(unit: str) -> None:
    assert not understood(unit)
