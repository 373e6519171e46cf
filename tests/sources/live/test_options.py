"""Settings that every server has: secrets are named, wherever they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.ports.errors import ConfigurationError
from compass.redaction.secret import Secrets
from compass.sources.live.options import ServerOptions, options_of, server_of

KEY = "key-canary-0123456789"


def test_a_header_may_name_a_secret_which_is_sent_and_never_shown() -> None:
    options = ServerOptions(
        type="mimir", url="https://mimir.example", headers={"X-Api-Key": "env:KEY", "X-Team": "shop"}, tenant="a"
    )
    server = server_of("metrics", options, Secrets({"KEY": KEY}, Path()))
    assert server.headers == {"X-Api-Key": KEY, "X-Team": "shop", "X-Scope-OrgID": "a"}
    assert [one.reveal() for one in server.secrets] == [KEY]
    assert KEY not in repr(server)


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key", "cookie", "X-Auth-Token", "Proxy-Authorization"])
def test_a_header_that_is_a_secret_is_not_written_there(name: str) -> None:
    options = ServerOptions(type="mimir", url="https://mimir.example", headers={name: KEY})
    with pytest.raises(ConfigurationError, match="named here, not written") as caught:
        server_of("metrics", options, Secrets({}, Path()))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "bound", [{"concurrency": 0}, {"timeout_s": 0.0}, {"answer_mb": -1.0}, {"timeout_s": float("nan")}]
)
def test_bounds_within_which_nothing_could_be_asked_are_refused(bound: dict[str, float]) -> None:
    options = options_of({"type": "mimir", "url": "https://mimir.example", **bound}, ServerOptions, "sources.metrics")
    with pytest.raises(ConfigurationError, match=rf"is no {next(iter(bound))}"):
        server_of("metrics", options, Secrets({}, Path()))
