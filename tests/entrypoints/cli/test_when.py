from __future__ import annotations

from datetime import UTC, datetime

import pytest

from compass.domain.time import from_datetime
from compass.entrypoints.cli.when import parse_when
from compass.ports.errors import BadInputError

NOW = from_datetime(datetime(2026, 11, 23, 3, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", datetime(2026, 11, 23, 2, 40, tzinfo=UTC)),
        ("1h 30m", datetime(2026, 11, 23, 1, 40, tzinfo=UTC)),
        ("03:05", datetime(2026, 11, 23, 3, 5, tzinfo=UTC)),
        ("23:50", datetime(2026, 11, 22, 23, 50, tzinfo=UTC)),
        ("2026-11-23T03:00Z", datetime(2026, 11, 23, 3, 0, tzinfo=UTC)),
        ("2026-11-23 03:00", datetime(2026, 11, 23, 3, 0, tzinfo=UTC)),
        ("2026-11-23T04:00+01:00", datetime(2026, 11, 23, 3, 0, tzinfo=UTC)),
        ("1795000000", datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC)),
    ],
)
def test_times_as_people_type_them(text: str, expected: datetime) -> None:
    assert parse_when(text, NOW, "--at") == from_datetime(expected)


@pytest.mark.parametrize("text", ["", "soon", "25:00", "12:75", "-5", "10 parsecs", "99999d", "9" * 5000 + "d"])
def test_what_cannot_be_read_names_the_option_and_an_example(text: str) -> None:
    with pytest.raises(BadInputError) as error:
        parse_when(text, NOW, "--at")
    assert "--at" in str(error.value)
    assert "30m" in str(error.value)
