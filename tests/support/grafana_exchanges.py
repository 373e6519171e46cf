"""What real servers said to a stand-in Grafana, kept and replayed: `exchanges`, but for another process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qsl

import httpx2

from tests.support.exchanges import KEPT_HEADERS, Exchange, Recording, Replay
from tests.support.grafana_answers import DataSource
from tests.support.grafana_stand_in import Asked, Told, proxied


class KeptProxy:
    """Passes on, and keeps. `recording.write` makes the file."""

    def __init__(self) -> None:
        self.recording = Recording()

    def __call__(self, asked: Asked, source: DataSource, below: str) -> Told:
        status, body, headers = proxied(asked, source, below)
        plain = {name.lower(): value for name, value in headers.items()}
        self.recording.exchanges.append(Exchange(
            method=asked.method, path=f"/{source.uid}/{below}", accept="", status=status, body=body,
            params=tuple(parse_qsl(asked.raw_query, keep_blank_values=True)),
            headers={name: plain[name] for name in KEPT_HEADERS if name in plain},
        ))  # fmt: skip
        return status, body, headers


class ReplayedProxy:
    """Answers as the real servers did. Raises AssertionError for what they were not asked."""

    def __init__(self, *paths: Path) -> None:
        self.replay = Replay(*paths)

    def __call__(self, asked: Asked, source: DataSource, below: str) -> Told:
        url = httpx2.URL(f"http://kept/{source.uid}/{below}").copy_with(query=asked.raw_query.encode())
        request = httpx2.Request(asked.method, url, headers={"accept": ""}, content=asked.body)
        answer = asyncio.run(self.replay.handle_async_request(request))
        return answer.status_code, answer.content, dict(answer.headers)
