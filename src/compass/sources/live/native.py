"""How a person asks a server for what an observation rests on: a query to paste, in the server's own language."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.observation import Observation
from compass.domain.telemetry import NativeQuery, SignalKind, Temporality
from compass.sources.recording.layout import LOGS_PART, METRICS_PART, TRACES_PART
from compass.tables.series import SeriesRow, named

PROMQL, LOGQL, TRACEQL = "promql", "logql", "traceql"
PART_OF_LANGUAGE = {PROMQL: METRICS_PART.name, LOGQL: LOGS_PART.name, TRACEQL: TRACES_PART.name}
_OURS = frozenset({"stat", "__name__"})  # labels that the reader adds to a row
# Labels that say what a line is like, not who wrote it.
_OF_LINES = frozenset({"pattern_count", "level", "detected_level", "severity", "severity_text", "log_level"})
_RATE = "[2m]"
MOST_NAMES = 12
"""Metrics side by side in one query that a person can still read."""
_SHORTEST_S = 0.001
_MEAN = re.compile(r"_sum\{.* / .*_count\{", re.DOTALL)
_PART_OF_MEAN = re.compile(r"_(sum|count)(?=\{)")
_ATTRIBUTE = {
    EntityKind.POD: "resource.k8s.pod.name", EntityKind.NODE: "resource.k8s.node.name",
    EntityKind.NAMESPACE: "resource.k8s.namespace.name",
}  # fmt: skip


def row_of(observation: Observation, rows: Mapping[str, SeriesRow]) -> SeriesRow | None:
    """The series an observation names: alone, or after what groups it with others (`entity|series`)."""
    return named(observation.series, rows)


def promql(row: SeriesRow, recorded: frozenset[str]) -> NativeQuery:
    """PromQL for one row. `recorded` are the names of labels that the series really have: others are the reader's."""
    labels = {name: value for name, value in row.labels.items() if name in recorded and name not in _OURS}
    name, stat = row.labels.get("__name__", row.name), row.labels.get("stat", "")
    by = "sum by (le) " if stat.startswith("p") and stat[1:].replace(".", "").isdigit() else ""
    if by:
        share = float(stat[1:]) / 100
        text = f"histogram_quantile({share:g}, {by}(rate({_selector(f'{name}_bucket', labels)}{_RATE})))"
    elif stat == "mean":
        total, count = (f"sum(rate({_selector(f'{name}_{part}', labels)}{_RATE}))" for part in ("sum", "count"))
        text = f"{total} / {count}"
    elif stat:
        # Which statuses are failures is the reader's judgement: all of them, side by side.
        named = json.dumps(f"{re.escape(name)}(_count|_total)?", ensure_ascii=False)
        text = f"sum by (__name__) (rate({{__name__=~{named}{_rest(labels)}}}{_RATE}))"
    elif row.signal.temporality is Temporality.CUMULATIVE:
        text = f"rate({_selector(name, labels)}{_RATE})"
    else:
        text = _selector(name, labels)
    return NativeQuery(language=PROMQL, text=text)


def of_several(observation: Observation, rows: Mapping[str, SeriesRow], recorded: frozenset[str]) -> NativeQuery | None:
    """What a figure computed of several series (how full a pool is, a hit ratio, how many instances report) rests on:
    those series side by side, or how many report where they are too many to read. They are the entity's, of kinds that
    the sign is about, else all of its own."""
    area = observation.sign.partition(".")[0]
    if not any(kind.value.startswith(area) for kind in SignalKind):
        return None
    own = [row for row in rows.values() if row.entity == observation.entity]
    chosen = [row for row in own if row.signal.kind.value.startswith(area)] or own
    names = sorted({row.labels.get("__name__", row.name) for row in chosen})
    labels = {name: value for name, value in chosen[0].labels.items() if name in recorded - _OURS} if chosen else {}
    shared = {k: v for k, v in labels.items() if all(row.labels.get(k) == v for row in chosen)}
    if shared and len(names) > MOST_NAMES:
        return NativeQuery(language=PROMQL, text=f"count({{{_rest(shared).lstrip(',')}}})")
    if not 0 < len(names) <= MOST_NAMES:
        return None
    text = json.dumps("|".join(map(re.escape, names)), ensure_ascii=False)
    return NativeQuery(language=PROMQL, text=f"{{__name__=~{text}{_rest(shared)}}}")


def logql(streams: Sequence[Mapping[str, str]], others: Sequence[Mapping[str, str]]) -> NativeQuery | None:
    """The selector that fits all of `streams`: their common labels, those that no other stream has where there are."""
    if not streams:
        return None
    common = {
        name: value for name, value in streams[0].items()
        if name not in _OF_LINES and all(one.get(name) == value for one in streams)
    }  # fmt: skip
    telling = {name: value for name, value in common.items() if not any(o.get(name) == value for o in others)}
    chosen = telling or common
    if not chosen:
        return None
    inner = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in sorted(chosen.items()))
    return NativeQuery(language=LOGQL, text=f"{{{inner}}}")


def with_buckets(query: NativeQuery) -> NativeQuery:
    """The query as it finds exemplars: a histogram has them on its buckets, whatever of it is read (see `promql`)."""
    text = query.text.replace("(_count|_total)?", "(_bucket|_count|_total)?")
    if _MEAN.search(text):
        text = _PART_OF_MEAN.sub("_bucket", text)
    return replace(query, text=text)


def traceql(entity: EntityRef, sign: str, slower_than_s: float = 0.0) -> NativeQuery:
    """Spans of one entity; only failed ones where the sign is about errors, only slow ones where that is given."""
    attribute = _ATTRIBUTE.get(entity.kind, "resource.service.name")
    failed = " && status = error" if "error" in sign else ""
    value = json.dumps(entity.name, ensure_ascii=False)
    store = entity.kind in (EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE, EntityKind.EXTERNAL)
    found = f"span.server.address = {value} || span.peer.service = {value}" if store else f"{attribute} = {value}"
    slow = f" && duration > {slower_than_s * 1000:.0f}ms" if slower_than_s >= _SHORTEST_S else ""
    more = f"{failed}{slow}"
    return NativeQuery(language=TRACEQL, text=f"{{ ({found}){more} }}" if more else f"{{ {found} }}")


def _selector(name: str, labels: Mapping[str, str]) -> str:
    if name.replace(":", "_").isidentifier():
        return f"{name}{{{_rest(labels).lstrip(',')}}}"
    return f"{{__name__={json.dumps(name)}{_rest(labels)}}}"


def _rest(labels: Mapping[str, str]) -> str:
    return "".join(f",{_label(name)}={json.dumps(value, ensure_ascii=False)}" for name, value in sorted(labels.items()))


def _label(name: str) -> str:
    """Since Prometheus 3 a label may be called anything; other names than of old are quoted."""
    return name if name.isascii() and name.isidentifier() else json.dumps(name, ensure_ascii=False)
