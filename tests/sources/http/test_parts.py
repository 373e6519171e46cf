from __future__ import annotations

import pytest

from compass.sources.http.replies import limited, wait_of


@pytest.mark.parametrize(
    ("said", "expected"),
    [("7", 7.0), ("", None), ("soon", None), ("Thu, 26 Nov 2026 03:00:10 GMT", 10.0),
     ("Thu, 26 Nov 2026 02:00:00 GMT", 0.0)],
)  # fmt: skip
def test_a_server_may_say_how_long_to_wait_in_two_ways(said: str, expected: float | None) -> None:
    assert wait_of({"retry-after": said}, now=1795662000.0) == expected


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [(429, {}, True), (403, {"retry-after": "60"}, True), (403, {"x-ratelimit-remaining": "0"}, True),
     (403, {"x-ratelimit-remaining": "12"}, False), (403, {}, False), (500, {"retry-after": "1"}, False)],
)  # fmt: skip
def test_a_limit_may_be_told_with_two_numbers(status: int, headers: dict[str, str], expected: bool) -> None:
    assert limited(status, headers) is expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795662030"}, 30.0),
     ({"x-ratelimit-remaining": "4", "x-ratelimit-reset": "1795662030"}, None),
     ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795662030", "retry-after": "2"}, 2.0)],
)  # fmt: skip
def test_a_spent_allowance_is_renewed_at_a_time(headers: dict[str, str], expected: float | None) -> None:
    assert wait_of(headers, now=1795662000.0) == expected
