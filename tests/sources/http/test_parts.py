from __future__ import annotations

import json
import pickle

import pytest

from compass.sources.http.replies import wait_of
from compass.sources.http.secret import MASK, Secret, masked


def test_a_secret_is_not_printed_nor_written() -> None:
    secret = Secret("canary-value")
    assert "canary" not in f"{secret} {secret!r} {[secret]} {secret:>20}"
    assert secret.reveal() == "canary-value"
    for write in (pickle.dumps, json.dumps):
        with pytest.raises(TypeError):
            write(secret)
    assert masked("Bearer canary-value was sent", [secret]) == f"Bearer {MASK} was sent"
    assert masked("an ox", [Secret("ox")]) == "an ox"


@pytest.mark.parametrize(
    ("said", "expected"),
    [("7", 7.0), ("", None), ("soon", None), ("Thu, 26 Nov 2026 03:00:10 GMT", 10.0),
     ("Thu, 26 Nov 2026 02:00:00 GMT", 0.0)],
)  # fmt: skip
def test_a_server_may_say_how_long_to_wait_in_two_ways(said: str, expected: float | None) -> None:
    assert wait_of({"retry-after": said}, now=1795662000.0) == expected
