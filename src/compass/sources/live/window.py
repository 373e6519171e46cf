"""What was gathered, kept as a recording that can be asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from compass.domain.incident import Incident
from compass.domain.observation import ALERT_SERIES, Observation
from compass.domain.telemetry import NativeQuery
from compass.domain.time import rfc3339
from compass.signals.catalogue import RawRule
from compass.sources.live.folder import private_folder, private_text
from compass.sources.live.gathered import Metrics
from compass.sources.live.got import Got, Told
from compass.sources.live.kubestate import Exported, exported_of, series_about
from compass.sources.live.native import logql, of_several, promql, row_of, traceql
from compass.sources.live.writer import KEPT, PASSING, Compression, write_part
from compass.sources.recording import RecordingSource, layout
from compass.sources.recording.discover import HEADER
from compass.sources.recording.header import FORMAT
from compass.tables.series import SeriesRow

_MOST_QUERIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The gathered window: `recording` answers, `told` says by part what feeds gave and what is missing.

    `metric_labels` are the names of all labels that series really have. `exported` is what metrics about Kubernetes'
    objects are about.
    """

    recording: RecordingSource
    told: Mapping[str, Told]
    metric_labels: frozenset[str]
    exported: frozenset[Exported] = field(default=frozenset())

    def native_of(self, observation: Observation, rows: Mapping[str, SeriesRow]) -> NativeQuery | None:
        """The query for one observation; None where servers hold nothing of the sort (most changes and objects)."""
        if observation.series.startswith(ALERT_SERIES):
            name = observation.series.removeprefix(ALERT_SERIES).rsplit(f"|{observation.entity.key}", 1)[0]
            return self._each(layout.ALERTS_PART.name, name)
        row = row_of(observation, rows)
        if row is not None:
            return promql(row, self.metric_labels)
        if observation.sign.startswith("log."):
            return logql(*self.recording.streams(observation.entity))
        if observation.sign.startswith("trace."):
            return traceql(observation.entity, observation.sign)
        if observation.change is not None:
            return self._each(layout.CHANGES_PART.name, observation.change)
        return None if observation.told else of_several(observation, rows, self.metric_labels)

    def shown_by(self, observation: Observation) -> NativeQuery | None:
        """Series that show an object of Kubernetes on which an observation rests, where such were gathered; the
        observation itself rests on the object."""
        return series_about(observation.series, self.exported)

    def _each(self, part: str, name: str) -> NativeQuery | None:
        return self.told[part].each.get(name) if part in self.told else None

    def native(self, part: str) -> NativeQuery | None:
        """The servers' own queries that gave a part, for a person to run again; None where there was none."""
        found = self.told[part].queries if part in self.told else ()
        if not found:
            return None
        more = f"\n… and {len(found) - _MOST_QUERIES} more" if len(found) > _MOST_QUERIES else ""
        return NativeQuery(
            language=found[0].language, text="\n".join(query.text for query in found[:_MOST_QUERIES]) + more
        )


def keep(folder: Path, incident: Incident, got: Mapping[str, Got], metric_rules: Sequence[RawRule] = ()) -> Kept:
    """Write a private copy of what was gathered to `folder` and open it."""
    write_recording(folder, incident, got, PASSING)
    metrics = got.get(layout.METRICS_PART.name, Got())
    series = [one.data for one in metrics.gathered if isinstance(one.data, Metrics)]
    names = {name for one in series for labels in one.labels for name in labels}
    exported = frozenset(about for one in series for about in exported_of(one.names, one.labels))
    told = {part: found.told for part, found in got.items()}
    return Kept(
        recording=RecordingSource.open(folder, metric_rules), told=told, metric_labels=frozenset(names),
        exported=exported,
    )  # fmt: skip


def write_recording(
    folder: Path, incident: Incident, got: Mapping[str, Got], how: Compression = KEPT, origin: str = "live servers"
) -> None:
    """Write a recording of format 1, for its owner alone. A part that no feed gave is absent: not connected."""
    private_folder(folder)
    for part in layout.PARTS:
        found = got.get(part.name)
        if found is not None and found.gathered:
            write_part(folder, part.name, [one.data for one in found.gathered], how)
    traces = got.get(layout.TRACES_PART.name)
    sampling = min((one.sampling for one in traces.gathered), default=1.0) if traces is not None else 1.0
    notes = [f"{part}: {note}" for part, found in sorted(got.items()) for note in found.told.missing]
    provenance: dict[str, object] = {"dataset": origin, "case": incident.origin or folder.name, "licence": "private"}
    if sampling < 1.0:
        provenance["sampling"] = sampling
    if notes:
        provenance["note"] = notes
    header: dict[str, object] = {
        "format": FORMAT, "id": incident.origin or folder.name, "title": incident.title, "system": incident.system,
        "window": {"start": rfc3339(incident.window.start_ns), "end": rfc3339(incident.window.end_ns)},
        "detected_at": rfc3339(incident.detected_ns), "provenance": provenance,
    }  # fmt: skip
    if incident.service:
        header["service"] = incident.service
    if incident.symptom:
        header["symptom"] = incident.symptom
    # JSON is YAML, and quotes whatever a title may hold.
    private_text(folder / HEADER, json.dumps(header, indent=1, ensure_ascii=False) + "\n")
