"""Copies a recording with fewer traces, small enough to ship as a demo."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import yaml

from lab.processes import LabError
from lab.recorder.parquet import ZSTD_LEVEL
from lab.writing import make_room


def package(recording: Path, target: Path, one_in: int) -> int:
    """Write `target` with one in `one_in` (from 1) whole traces; say so in its note; return its size in bytes.

    An older recording at `target` is replaced. Raises LabError when there is anything else.
    """
    if not (recording / "recording.yaml").exists():
        raise LabError(f"{recording} is no recording: it holds no recording.yaml")
    if target.resolve() == recording.resolve():
        raise LabError("a recording cannot be packaged onto itself: give another --to")
    make_room(target)
    shutil.copytree(recording, target)
    _thin(recording / "spans.parquet", target / "spans.parquet", one_in)
    if one_in > 1:
        _say_so(target / "recording.yaml", one_in)
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


def _thin(source: Path, target: Path, one_in: int) -> None:
    # The low 32 bits of a trace id are random: taking a residue keeps whole traces, blindly.
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM '{source}' WHERE ('0x' || right(trace_id, 8))::BIGINT % {one_in} = 0 "  # noqa: S608
            f"ORDER BY start, span_id) TO '{target}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {ZSTD_LEVEL})"
        )


def _say_so(header: Path, one_in: int) -> None:
    text = header.read_text(encoding="utf-8")
    note = " ".join(yaml.safe_load(text)["provenance"]["note"].split())
    before, found, _ = text.partition("  note:")
    if not found:
        raise LabError(f"{header.name} has no note")
    sampled = (
        f"{note} Traces are sampled: one in {one_in} whole traces, chosen by trace id whatever they show; "
        "metrics and logs are complete."
    )
    rendered = yaml.safe_dump({"note": sampled}, allow_unicode=True, width=106).splitlines()
    header.write_text(before + "".join(f"  {line}\n" for line in rendered), encoding="utf-8")
