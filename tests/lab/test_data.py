"""The packaged drills: whole, small, labelled, and telling nobody what happened."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
import yaml

DATA = Path(__file__).parents[1] / "data" / "lab"
MOST_BYTES = 400_000
RECORDINGS = sorted(path.parent for path in DATA.glob("*/recording.yaml"))


def truth(recording: Path) -> dict[str, object]:
    loaded = yaml.safe_load((DATA / "truth" / f"{recording.name}.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_there_are_some_and_one_is_a_control() -> None:
    kinds = {str(truth(recording)["fault_type"]) for recording in RECORDINGS}
    assert len(kinds) >= 4
    assert "nothing_wrong" in kinds


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name)
def test_a_packaged_drill_is_whole_and_small(recording: Path) -> None:
    assert sum(path.stat().st_size for path in recording.rglob("*") if path.is_file()) < MOST_BYTES
    header = yaml.safe_load((recording / "recording.yaml").read_text(encoding="utf-8"))
    assert (header["format"], header["id"], header["system"]) == (1, recording.name, "shop")
    assert header["window"]["start"] < header["detected_at"] <= header["window"]["end"]
    for part in ("metrics/samples.parquet", "metrics/series.parquet", "logs/lines.parquet", "spans.parquet"):
        (count,) = duckdb.execute(f"SELECT count(*) FROM '{recording / part}'").fetchone() or (0,)
        assert count > 50, part
    changes = [json.loads(line) for line in (recording / "changes.jsonl").read_text(encoding="utf-8").splitlines()]
    label = truth(recording)
    named = {change["id"] for change in changes}
    decoys, trigger = label["decoys"], label["trigger"]
    assert isinstance(decoys, list)
    assert isinstance(trigger, dict)
    assert set(decoys) <= named
    assert trigger["kind"] == "none" or trigger["id"] in named


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name)
def test_a_packaged_drill_does_not_tell_its_type(recording: Path) -> None:
    told = (recording / "recording.yaml").read_text(encoding="utf-8").lower()
    label = truth(recording)
    kind, made_by = str(label["fault_type"]), str(label["made_by"])
    assert not any(word in told for word in (kind, kind.replace("_", " "), made_by.split()[0]))
