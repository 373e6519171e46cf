"""A real Prometheus (Debian's package) with the samples of a recording in it."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

MS = 1000
READY_S = 30.0
SCRAPE = """
scrape_configs:
  - job_name: test
    scrape_interval: 1s
    honor_labels: true
    static_configs: [{{targets: ["{}"]}}]
"""


def needs_prometheus() -> pytest.MarkDecorator:
    """Skip, by name, where the server is not installed."""
    there = shutil.which("prometheus") is not None and shutil.which("promtool") is not None
    return pytest.mark.skipif(not there, reason="prometheus and promtool are not installed (tools/debian-packages.sh)")


def back_fill(recording: Path, data: Path, shift_s: int = 0) -> None:
    """Make Prometheus' own blocks of a recording's samples, `shift_s` later than they were."""
    text = data.parent / "samples.om"
    with text.open("w", encoding="utf-8") as out:
        for series, at_ms, value in _samples(recording):
            stamp = at_ms + shift_s * MS
            out.write(f"{series} {value!r} {stamp // MS}.{stamp % MS:03d}\n")
        out.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text.unlink()


def _samples(recording: Path) -> Iterator[tuple[str, int, float]]:
    """Each with the name and labels of its series, as Prometheus writes them."""
    folder = str(recording / "metrics").replace("'", "''")
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT series, name, labels FROM read_parquet('{folder}/series.parquet')")
        series = {number: f"{name}{{{_shown(labels)}}}" for number, name, labels in rows.fetchall()}
        rows = connection.execute(
            f"SELECT series, epoch_ms(time), value FROM read_parquet('{folder}/samples.parquet')"
            " WHERE value IS NOT NULL ORDER BY time, series"
        )
        while batch := rows.fetchmany(10_000):
            for number, at_ms, value in batch:
                if number in series:
                    yield series[number], at_ms, value


def _shown(labels: str) -> str:
    held = json.loads(labels).items()
    return ",".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in held if value)


@contextmanager
def prometheus(
    folder: Path, recording: Path | None = None, shift_s: int = 0, rules: str = "", scrape: str = "", web: str = "",
    trusted: ssl.SSLContext | None = None,
) -> Iterator[str]:  # fmt: skip
    """The address of a Prometheus of its own in `folder`, stopped at the end. It scrapes `scrape` (host:port), if
    anything, once a second. `web` is its web configuration (TLS); then `trusted` says how it is reached."""
    data = folder / "tsdb"
    data.mkdir(parents=True)
    if recording is not None:
        back_fill(recording, data, shift_s)
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {evaluation_interval: 1s}\n"
        + (f"rule_files: [{folder / 'rules.yml'}]\n" if rules else "")
        + (SCRAPE.format(scrape) if scrape else "")
    )
    (folder / "rules.yml").write_text(rules)
    (folder / "web.yml").write_text(web)
    port = _free_port()
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}",
             "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}",
             "--enable-feature=exemplar-storage,remote-write-receiver",
             *([f"--web.config.file={folder / 'web.yml'}"] if web else [])],
            stdout=log, stderr=log,
        )  # fmt: skip
    url = f"{'https' if web else 'http'}://127.0.0.1:{port}"
    try:
        _ready(url, server, folder / "log", trusted)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(url: str, server: subprocess.Popen[bytes], log: Path, trusted: ssl.SSLContext | None) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=1, context=trusted):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"not ready within {READY_S} s:\n{log.read_text()}")
