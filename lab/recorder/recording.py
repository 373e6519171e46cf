"""recording.yaml and the truth beside the recording."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from lab.recorder.window import Window

DATASET = "COMPASS lab"
LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class Header:
    """What recording.yaml says."""

    id: str
    system: str
    title: str
    window: Window
    detected_at: datetime
    service: str
    symptom: str
    case: str
    note: str


@dataclass(frozen=True)
class Truth:
    """What an investigation never sees. No onset: nothing is wrong; no trigger: no change did it."""

    fault_type: str
    entity: tuple[str, str]
    indicators: tuple[str, ...]
    onset: datetime | None
    decoys: tuple[str, ...]
    blast_radius: tuple[str, ...]
    trigger: tuple[str, str] | None
    also_accept: tuple[tuple[str, str], ...] = ()


def write_header(folder: Path, header: Header) -> None:
    """Write recording.yaml."""
    body = {
        "format": 1,
        "id": header.id,
        "system": header.system,
        "title": header.title,
        "window": {"start": _seconds(header.window.start), "end": _seconds(header.window.end)},
        "detected_at": _seconds(header.detected_at),
        "service": header.service,
        "symptom": header.symptom,
        "provenance": {"dataset": DATASET, "case": header.case, "licence": LICENCE, "note": header.note},
    }
    _dump(folder / "recording.yaml", body)


def write_truth(path: Path, identity: str, truth: Truth, made_by: str) -> None:
    """Write truth/<id>.yaml; `made_by` says how to record its like again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {
        "id": identity,
        "fault_type": truth.fault_type,
        "entity": _entity(truth.entity),
        "indicators": list(truth.indicators),
        "also_accept": [_entity(entity) for entity in truth.also_accept],
        **({} if truth.onset is None else {"onset": _seconds(truth.onset)}),
        "decoys": list(truth.decoys),
        "blast_radius": list(truth.blast_radius),
        "trigger": {"kind": "none"} if truth.trigger is None else {"kind": truth.trigger[0], "id": truth.trigger[1]},
        "made_by": made_by,
    }
    _dump(path, body)


def _entity(entity: tuple[str, str]) -> dict[str, str]:
    kind, name = entity
    return {"kind": kind, "name": name} if name else {"kind": kind}


def _seconds(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


class _Dumper(yaml.SafeDumper):
    """YAML with times that end in Z."""


def _represent_time(dumper: yaml.SafeDumper, instant: datetime) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", instant.strftime("%Y-%m-%dT%H:%M:%SZ"))


_Dumper.add_representer(datetime, _represent_time)


def _dump(path: Path, body: object) -> None:
    text = yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    path.write_text(text, encoding="utf-8")
