"""Small recordings that rivals are tried on, and how to ask one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from compass.domain.entity import EntityRef
from compass.evaluation.rivals import Rival, Scene
from compass.sources.recording import RecordingSource
from tests.support import incidents
from tests.support.recordings import Series, ns


def scene(folder: Path, onset_s: float | None = None, seed: int = 7) -> Scene:
    """The recording in `folder`; `onset_s` is the label, None = only the page is known."""
    source = RecordingSource.open(folder)
    incident = source.incident()
    onset_ns = incident.detected_ns if onset_s is None else ns(onset_s)
    return Scene(telemetry=source, incident=incident, onset_ns=onset_ns, seed=seed)


def ask(rival: Rival, given: Scene) -> tuple[EntityRef, ...]:
    return asyncio.run(rival.rank(given))


def names(found: Sequence[EntityRef]) -> list[str]:
    return [entity.name for entity in found]


def pods(workload: str, before: float, after: float) -> list[Series]:
    """Processor time of two pods of one workload, of which the second changes its level at the onset."""
    made = []
    for number, level in enumerate((before, after)):
        pod = f"{workload}-6d4cf56db6-x2f4{'bc'[number]}"
        values = incidents.stepped(pod, before, level)
        labels = {"namespace": "shop", "pod": pod, "node": f"worker-{number}"}
        made.append(Series(name="container_memory_working_set_bytes", labels=labels, values=values))
    return made
