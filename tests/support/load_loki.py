"""Load a recording's logs into a real Loki as a collector does: pushed, trace and span ids as structured metadata."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
import httpx2

from compass.domain.time import NS_PER_S

BATCH = 20_000
Entry = tuple[Mapping[str, str], int, str, Mapping[str, str]]
"""(labels of the stream, nanoseconds, line, structured metadata)"""


def push(url: str, entries: Iterable[Entry], *, tenant: str = "", batch: int = BATCH) -> int:
    """Push lines; returns how many. Those of a stream have to come in order of time. Raises ValueError with what Loki
    says, and httpx2.TransportError."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    if tenant:
        headers["X-Scope-OrgID"] = tenant
    sent = 0
    with httpx2.Client(base_url=url, headers=headers, timeout=120.0, trust_env=False) as client:

        def flush(streams: Mapping[str, list[list[object]]]) -> None:
            body = {"streams": [{"stream": json.loads(labels), "values": lines} for labels, lines in streams.items()]}
            packed = gzip.compress(json.dumps(body).encode(), compresslevel=1)
            answer = client.post("/loki/api/v1/push", content=packed)
            if answer.is_error:
                raise ValueError(f"Loki does not take the lines ({answer.status_code}): {answer.text[:500]}")

        waiting: dict[str, list[list[object]]] = {}
        held = 0
        for labels, at, line, more in entries:
            value: list[object] = [str(at), line, dict(more)] if more else [str(at), line]
            # Loki takes no other characters in names; collectors write these as underscores.
            named = {re.sub(r"\W", "_", name, flags=re.ASCII): text for name, text in labels.items()}
            waiting.setdefault(json.dumps(named, sort_keys=True), []).append(value)
            held += 1
            if held == batch:
                flush(waiting)
                sent, held, waiting = sent + held, 0, {}
        if held:
            flush(waiting)
    return sent + held


def entries_of(folder: Path, *, shift_s: int = 0) -> Iterable[Entry]:
    """The lines of a recording, stream by stream, `shift_s` seconds later than they were."""
    with duckdb.connect() as connection:
        labels = {
            number: json.loads(text)
            for number, text in connection.execute(
                f"SELECT stream, labels FROM read_parquet('{folder}/logs/streams.parquet')"
            ).fetchall()
        }
        found = connection.execute(
            "SELECT stream, epoch_ns(time), line, trace_id, span_id"
            f" FROM read_parquet('{folder}/logs/lines.parquet') ORDER BY stream, time"
        )
        while rows := found.fetchmany(BATCH):
            for stream, at, line, trace, span in rows:
                more = {name: value for name, value in (("trace_id", trace), ("span_id", span)) if value}
                yield labels[stream], at + shift_s * NS_PER_S, line, more


def load(folder: Path, url: str, *, shift_s: int = 0, tenant: str = "") -> int:
    """Load the logs of the recording in `folder`; returns the number of lines."""
    return push(url, entries_of(folder, shift_s=shift_s), tenant=tenant)
