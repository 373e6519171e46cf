"""Turns what was captured into a folder of recording format 1, with its truth beside it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.processes import LabError
from lab.recorder import alerts as alert_files
from lab.recorder import changes as change_files
from lab.recorder import logs, spans, topology
from lab.recorder.alerts import Alert
from lab.recorder.changes import Change
from lab.recorder.logs import LogLine
from lab.recorder.metrics import MetricStore
from lab.recorder.recording import Header, Truth, write_header, write_truth
from lab.recorder.spans import Span
from lab.recorder.window import Window
from lab.shop.plan import ShopPlan

SYSTEM = "shop"
PARTS = frozenset({
    "recording.yaml", "metrics", "logs", "spans.parquet", "changes.jsonl", "alerts.json", "topology.jsonl",
})  # fmt: skip
NOTE = (
    "Recorded from real processes on one machine: services, a third party, a name server, PostgreSQL and Redis "
    "on loopback, synthetic customers. Instances are named after their service instead of address and port. "
    "Database functions wait with pg_sleep where a larger database would wait for storage."
)


@dataclass(frozen=True)
class Captured:
    """Everything a recording is written from."""

    identity: str
    plan: ShopPlan
    window: Window
    seed: int
    incident: str
    alerts: tuple[Alert, ...]
    changes: tuple[Change, ...]
    truth: Truth
    metrics: MetricStore
    spans: Sequence[Span]
    service_logs: Sequence[tuple[str, Path]]
    database_log: tuple[str, Path]
    cache_logs: Sequence[tuple[str, Path]]


def check_room(out: Path, identity: str) -> None:
    """Raises LabError when `write_recording` could not write there: better before a recording than after it."""
    try:
        (out / "truth").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise LabError(f"{out} cannot be written: {error.strerror}") from error
    check_replaceable(out / identity)


def check_replaceable(folder: Path) -> None:
    """Raises LabError when anything is there but (part of) a recording: a folder that is misspelt may be anything."""
    recording = {path.name for path in folder.iterdir()} <= PARTS if folder.is_dir() else not folder.exists()
    if not recording:
        raise LabError(f"{folder} is there and is no recording: nothing was replaced")


def make_room(folder: Path) -> None:
    """Take away an older recording. Raises LabError when it is something else."""
    check_replaceable(folder)
    if folder.exists():
        shutil.rmtree(folder)


def write_recording(out: Path, captured: Captured) -> Path:
    """Write OUT/<id>/ and OUT/truth/<id>.yaml, replacing an older recording of that id."""
    folder = out / captured.identity
    make_room(folder)
    folder.mkdir(parents=True)
    window = captured.window
    captured.metrics.write(folder, window)
    logs.write(folder, _log_lines(captured), window)
    spans.write(folder, spans.in_window(captured.spans, window))
    change_files.write(folder, captured.changes)
    alert_files.write(folder, captured.alerts)
    topology.write(folder, captured.plan.dependencies)
    write_header(folder, _header(captured))
    write_truth(
        out / "truth" / f"{captured.identity}.yaml",
        captured.identity,
        captured.truth,
        f"{captured.incident} seed {captured.seed}",
    )
    return folder


def _header(captured: Captured) -> Header:
    page = captured.alerts[0]
    return Header(
        id=captured.identity,
        system=SYSTEM,
        title=f"{page.rule.name}: {page.rule.measure.describe(page.value)}",
        window=captured.window,
        detected_at=page.fired_at,
        service=page.rule.service,
        symptom=page.description,
        case=captured.identity,
        note=NOTE,
    )


def _log_lines(captured: Captured) -> Iterator[LogLine]:
    for service, path in captured.service_logs:
        yield from logs.read_service(service, path)
    yield from logs.read_postgres(*captured.database_log)
    for name, path in captured.cache_logs:
        yield from logs.read_redis(name, path)
