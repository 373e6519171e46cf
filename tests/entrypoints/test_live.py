"""Connections for as long as a command needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.entrypoints import live
from compass.entrypoints.config import Config
from compass.sources.http.ledger import Ledger
from tests.support.recorded_feed import RecordedFeed


class Stuck(RecordedFeed):
    async def aclose(self) -> None:
        await super().aclose()
        raise OSError("its connection cannot be closed")


async def test_a_feed_that_cannot_be_closed_does_not_keep_the_others_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds = [Stuck(tmp_path), RecordedFeed(tmp_path), Stuck(tmp_path), RecordedFeed(tmp_path)]
    monkeypatch.setattr(live, "feeds_of", lambda _: (feeds, Ledger()))
    with pytest.raises(OSError, match="cannot be closed"):
        async with live.connected(Config()) as given:
            assert given == feeds
    assert all(feed.closed for feed in feeds)
