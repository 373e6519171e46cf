from __future__ import annotations

import pytest

from compass.analysis import wording


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1.9, "s", "1.9 s"), (0.21, "s", "210 ms"), (38.0, "ms", "38 ms"), (0.00002, "s", "20 µs"),
        (600.0, "s", "10 min"),
        (512 * 2**20, "By", "512 MiB"), (87.4, "%", "87.4 %"), (12.44, "{request}/s", "12.4/s"),
        (1234.5, "1", "1234"),
        (float("nan"), "s", "unknown"), (2048.0, "By/s", "2 KiB/s"),
    ],
)  # fmt: skip
def test_quantities_read_like_a_person_says_them(value: float, unit: str, expected: str) -> None:
    assert wording.quantity(value, unit) == expected


@pytest.mark.parametrize(
    ("value", "usual", "expected"),
    [(1.9, 0.21, " (9×)"), (50.0, 100.0, " (−50 %)"), (1.5, 1.0, " (+50 %)"), (1.0, 0.0, ""), (200.0, 1.0, " (200×)")],
)
def test_factors(value: float, usual: float, expected: str) -> None:
    assert wording.factor(value, usual) == expected


def test_durations() -> None:
    assert [wording.duration(s) for s in (40, 600, 9000, 200_000)] == ["40 s", "10 min", "2.5 h", "2 d"]
