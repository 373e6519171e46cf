"""Does a release do worse than what it replaces?

Two independent comparisons, and a deduction:

- *new against old*: instances of both versions run side by side and share everything but the release;
- *incoming drop*: calls into the released service fail more than before it;
- *outgoing drop*: but not when its own calls fail more, too: then the blame passes to what it calls;
- *shared drop*: and not when the instances that were left as they are fail just as much: then it is not the release.

The sum of the first two minus what passes the blame on says more than any of them, and far more than how recent a
release is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compass.analysis import robust
from compass.analysis.anomaly import ANOMALY_SCORE, NORMAL_SCORE
from compass.analysis.graph import ServiceGraph
from compass.analysis.units import floors
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Change
from compass.domain.telemetry import Direction, SignalKind
from compass.domain.time import NS_PER_S, Window
from compass.tables.series import Floats, SeriesRow, SeriesTable

ROLLOUT_KINDS = ("deploy", "deployment", "release", "rollout", "upgrade", "commit", "canary")
CAP = 12.0
"""No single comparison counts for more robust standard deviations than this."""
SILENT_SCORE = 5.0
"""New instances that the rollout names but that never report anything most likely never ran."""
WEIGHTS: dict[SignalKind, float] = {
    SignalKind.SUCCESS: 1.0, SignalKind.ERRORS: 1.0, SignalKind.LATENCY: 0.6, SignalKind.CLIENT_LATENCY: 0.4,
    SignalKind.CPU: 0.3, SignalKind.MEMORY: 0.3, SignalKind.RESTARTS: 0.6, SignalKind.GC_TIME: 0.3,
}  # fmt: skip
"""What users feel counts in full; resources may differ between versions without anyone noticing."""
PROVED_NS = 15 * 60 * NS_PER_S
"""A release that served this long without doing worse is no bad release; slow harm (a leak) has signs of its own."""
_VERSION_LABELS = ("version", "app_version", "service_version", "app_kubernetes_io_version", "revision", "release")
_NEW_KEYS = ("new_pods", "new_instances", "pods_new")
_OLD_KEYS = ("removed_pods", "old_pods", "old_instances")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One signal compared: `score` in robust standard deviations, positive = worse (capped), values in `unit`.

    `row` is the table row that shows it best.
    """

    what: str
    kind: SignalKind
    score: float
    new: float
    old: float
    unit: str
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One release. `new_old`, `incoming`, `outgoing` are the strongest contrast of each sort, None = not measured.

    `shared` is the incoming drop of instances that the release did not touch.
    `silent`: the change names new instances, none of them has any sample, and the others go on reporting.
    """

    change: Change
    service: EntityRef
    new_instances: tuple[EntityRef, ...]
    old_instances: tuple[EntityRef, ...]
    new_old: Contrast | None
    incoming: Contrast | None
    outgoing: Contrast | None
    shared: Contrast | None = None
    silent: bool = False

    @property
    def worse(self) -> float:
        """New against old plus the incoming drop that nothing else explains, in capped robust standard deviations."""
        return _score(self.new_old) + self.edge + (SILENT_SCORE if self.silent else 0.0)

    @property
    def edge(self) -> float:
        """Incoming drop that neither the outgoing one explains nor instances without the release share."""
        return _score(self.incoming) - max(_score(self.outgoing), _score(self.shared))

    @property
    def side_by_side(self) -> bool:
        """Whether old instances go on beside the new ones: then the two are compared at one and the same time."""
        return self.new_old is not None and bool(self.old_instances)

    @property
    def passed_on(self) -> bool:
        """Calls into it fail more and so do its own: what it calls is the likelier place, but a release that calls
        otherwise (more often, impatiently, wrongly) looks just the same, so it is not cleared either."""
        return min(_score(self.incoming), _score(self.outgoing)) >= ANOMALY_SCORE

    @property
    def measured(self) -> bool:
        return self.new_old is not None or self.incoming is not None or self.silent


def _score(contrast: Contrast | None) -> float:
    return contrast.score if contrast is not None else 0.0


def is_rollout(change: Change) -> bool:
    """Whether the change replaces running instances, as its kind or attributes say."""
    kind = change.kind.strip().lower()
    return kind in ROLLOUT_KINDS or any(key in change.attributes for key in _NEW_KEYS)


def compare(
    table: SeriesTable, graph: ServiceGraph, change: Change, window: Window, until_ns: int
) -> Comparison | None:
    """Compare the release of `change` inside `window`, with what happened up to `until_ns`; None without an entity.

    Rows are instances (pods) of the service, edges into it and edges out of it, in whatever mix the source has.
    """
    if change.entity is None:
        return None
    service = graph.owner(change.entity)
    before = (table.times_ns > window.start_ns) & (table.times_ns <= change.at.earliest_ns)
    after = (table.times_ns > change.at.latest_ns) & (table.times_ns <= until_ns)
    new, old = instances(table, graph, change, service, before, after)
    gone = names_of(change.attributes, _OLD_KEYS)
    kept = frozenset(pod for pod in old if pod.name not in gone)
    return Comparison(
        change=change, service=service, new_instances=new, old_instances=old,
        new_old=_new_against_old(table, graph, frozenset(new), frozenset(old), kept, before, after),
        incoming=_edge_drop(table, graph, service, before, after, incoming=True),
        outgoing=_edge_drop(table, graph, service, before, after, incoming=False),
        shared=_edge_drop(table, graph, service, before, after, incoming=True, only=kept) if new else None,
        silent=_silent(table, change, old, after),
    )  # fmt: skip


def proved(found: Comparison, table: SeriesTable, graph: ServiceGraph, window: Window, onset_ns: int) -> Comparison:
    """`found`, or what was measured up to the onset where the release had served well for PROVED_NS by then: what began
    long after it shows in a comparison with before it as well, but is not its doing."""
    if onset_ns - found.change.at.latest_ns < PROVED_NS:
        return found
    until_then = compare(table, graph, found.change, window, onset_ns)
    well = until_then is not None and until_then.measured and until_then.worse < NORMAL_SCORE
    return until_then if until_then is not None and well else found


def instances(
    table: SeriesTable, graph: ServiceGraph, change: Change, service: EntityRef, before: robust.Bools,
    after: robust.Bools,
) -> tuple[tuple[EntityRef, ...], tuple[EntityRef, ...]]:  # fmt: skip
    """(new, old) instances: as the change names them, else by version label, else those that appear after it."""
    rows: dict[EntityRef, list[int]] = {}
    for i, row in enumerate(table.rows):
        if row.entity.kind in (EntityKind.POD, EntityKind.CONTAINER) and graph.owner(row.entity) == service:
            rows.setdefault(row.entity, []).append(i)
    pods = sorted(rows, key=lambda e: e.key)
    named = names_of(change.attributes, _NEW_KEYS)
    target = change.attributes.get("to", change.attributes.get("version", ""))
    new = [pod for pod in pods if pod.name in named]
    if not new and target:
        new = [pod for pod in pods if any(_version(table.rows[i]) == target for i in rows[pod])]
    if not new:
        seen_before = {pod: bool(np.isfinite(table.values[rows[pod]][:, before]).any()) for pod in pods}
        seen_after = {pod: bool(np.isfinite(table.values[rows[pod]][:, after]).any()) for pod in pods}
        if any(seen_before.values()):
            new = [pod for pod in pods if seen_after[pod] and not seen_before[pod]]
    return tuple(new), tuple(pod for pod in pods if pod not in new)


def _silent(table: SeriesTable, change: Change, old: tuple[EntityRef, ...], after: robust.Bools) -> bool:
    named = names_of(change.attributes, _NEW_KEYS)
    if not named or int(after.sum()) < robust.MIN_SAMPLES:
        return False
    live = {row.entity for i, row in enumerate(table.rows) if np.isfinite(table.values[i, after]).any()}
    return not any(entity.name in named for entity in live) and any(entity in live for entity in old)


def _version(row: SeriesRow) -> str:
    return next((row.labels[label] for label in _VERSION_LABELS if row.labels.get(label)), "")


def names_of(attributes: Mapping[str, str], keys: tuple[str, ...]) -> frozenset[str]:
    """Names listed in an attribute, as a JSON list or separated by commas or spaces."""
    found: set[str] = set()
    for key in keys:
        text = attributes.get(key, "")
        try:
            parsed = json.loads(text) if text.startswith("[") else None
        except ValueError:
            parsed = None
        if isinstance(parsed, list):
            found.update(str(item) for item in parsed)
        else:
            found.update(part.strip("[]'\"") for part in text.replace(",", " ").split())
    return frozenset(found - {""})


def _new_against_old(
    table: SeriesTable, graph: ServiceGraph, new: frozenset[EntityRef], old: frozenset[EntityRef],
    kept: frozenset[EntityRef], before: robust.Bools, after: robust.Bools,
) -> Contrast | None:  # fmt: skip
    """The strongest signal by which new instances do worse than the old ones did, and than those that are left do.

    Medians: a release's warm-up is over by half time.
    """
    groups: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
    for i, row in enumerate(table.rows):
        if row.signal.kind in WEIGHTS and (row.entity in new or row.entity in old):
            peer = graph.owner(row.peer).key if row.peer is not None else ""
            fresh, usual = groups.setdefault((row.name, peer), ([], []))
            (fresh if row.entity in new else usual).append(i)
    found = []
    for key in sorted(groups):
        fresh, usual = groups[key]
        fresh_values = table.values[fresh][:, after] if fresh else np.empty((0, 0))
        usual_values = table.values[usual][:, before | after] if usual else np.empty((0, 0))
        contrast = _contrast(table, fresh, fresh_values, usual_values, f"{key[0]} of new against old instances")
        left = [i for i in usual if table.rows[i].entity in kept]
        same_time = table.values[left][:, after] if left else np.empty((0, 0))
        beside = _contrast(table, fresh, fresh_values, same_time, f"{key[0]} of new beside old instances")
        if contrast is not None:
            found.append(contrast if beside is None else min(contrast, beside, key=lambda c: c.score))
    return max(found, key=lambda c: c.score, default=None)


def _edge_drop(
    table: SeriesTable, graph: ServiceGraph, service: EntityRef, before: robust.Bools, after: robust.Bools,
    *, incoming: bool, only: frozenset[EntityRef] | None = None,
) -> Contrast | None:  # fmt: skip
    """The strongest rise of failing calls on one side of the service, before against after the release.

    `only` limits it to what these instances of the service report themselves. Failures come in bursts, so the mean
    after the release is compared, not the median.
    """
    groups: dict[tuple[str, str, str], list[int]] = {}
    for i, row in enumerate(table.rows):
        if row.signal.kind not in (SignalKind.SUCCESS, SignalKind.ERRORS) or row.peer is None:
            continue
        if only is not None and row.entity not in only:
            continue
        caller, callee = edge_of(row)
        if graph.owner(callee if incoming else caller) != service or graph.owner(callee) == graph.owner(caller):
            continue
        groups.setdefault((row.name, graph.owner(caller).key, graph.owner(callee).key), []).append(i)
    found = []
    for key in sorted(groups):
        rows = groups[key]
        contrast = _contrast(
            table, rows, table.values[rows][:, after], table.values[rows][:, before],
            f"{key[0]} of calls {'into it' if incoming else 'it makes'}", mean=True,
        )  # fmt: skip
        if contrast is not None:
            found.append(contrast)
    return max(found, key=lambda c: c.score, default=None)


def edge_of(row: SeriesRow) -> tuple[EntityRef, EntityRef]:
    """(caller, callee) of a row about an edge; at the destination the measuring entity is the callee."""
    if row.peer is None:
        return row.entity, row.entity
    return (row.peer, row.entity) if row.labels.get("reporter") == "destination" else (row.entity, row.peer)


def _contrast(
    table: SeriesTable, rows: list[int], fresh: Floats, usual: Floats, what: str, *, mean: bool = False
) -> Contrast | None:
    fresh_flat, usual_flat = fresh[np.isfinite(fresh)], usual[np.isfinite(usual)]
    if not rows or fresh_flat.size < 1 or usual_flat.size < robust.MIN_SAMPLES:
        return None
    row = table.rows[rows[0]]
    level = robust.level(usual_flat[None, :])
    relative, absolute = floors(row.signal)
    value = float(np.mean(fresh_flat) if mean else np.median(fresh_flat))
    floor = np.array([max(relative * abs(float(level.centre[0])), absolute)])
    z = float(robust.robust_z(np.array([value]), level.centre, level.scale, level.count, floor)[0])
    worse = {Direction.UP: 1.0, Direction.DOWN: -1.0, Direction.EITHER: 1.0}[row.signal.worse]
    if not np.isfinite(z):
        return None
    confidence = fresh_flat.size / (fresh_flat.size + 0.5)
    score = float(np.clip(worse * z * confidence, 0.0, CAP)) * WEIGHTS.get(row.signal.kind, 0.0)
    extreme = robust.median(table.values[rows])
    shown = int(np.nanargmax(worse * extreme)) if np.isfinite(extreme).any() else 0
    return Contrast(
        what=what, kind=row.signal.kind, score=score, new=value, old=float(level.centre[0]), unit=row.signal.unit,
        row=rows[shown],
    )  # fmt: skip
