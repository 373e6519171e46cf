"""What is in a recording, learnt once: series and their meanings, streams, the entity index, Kubernetes containment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import RLock

import numpy as np

from compass.domain.entity import EntityKind
from compass.domain.telemetry import SignalKind, Temporality
from compass.ports.errors import SourceRefusedError
from compass.signals.catalogue import Catalogue, Meaning, Part
from compass.signals.entities import KIND_OF_ABOUT, EntityIndex, store_kind
from compass.signals.entity_facts import EntityIndexBuilder
from compass.signals.identity import spelt
from compass.signals.meaning import meanings
from compass.signals.names import host_of, underscored
from compass.sources.recording import layout
from compass.sources.recording.engine import Engine, floats, integers, text
from compass.sources.recording.jsonfiles import JsonLines, JsonObject, mapping, read_lines, string
from compass.sources.recording.plan import Group, group_series

Named = Mapping[int, tuple[str, Mapping[str, str], Meaning]]
_STORE_KEYS = ("db.system", "db.system.name", "messaging.system", "db_system", "db_system_name", "messaging_system")
_ADDRESS_KEYS = ("peer.service", "server.address", "net.peer.name", "server_address", "net_peer_name", "peer_service")
_TIMES = frozenset({SignalKind.LATENCY, SignalKind.CLIENT_LATENCY, SignalKind.DB_LATENCY, SignalKind.POOL_WAIT})
_SHARES = frozenset({SignalKind.SUCCESS})
_USED = frozenset({SignalKind.CPU, SignalKind.MEMORY, SignalKind.DISK_USAGE})
_SHARE_WORDS = re.compile(r"util")  # utilisation, utilization, util
# A latency whose name states no unit: hardly a request takes ten minutes, and hardly a system's median one a second, so
# larger figures are milliseconds. A share above 1.5 is a percentage.
_LONGEST_S, _USUAL_S, _LARGEST_SHARE = 600.0, 1.0, 1.5
# A processor may be a little more than 100 % busy by its own account. No process lives in a megabyte.
_LARGEST_PERCENT, _SMALLEST_BYTES = 101.0, 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """Labels of the log streams by number; `skipped` says which were unreadable."""

    labels: Mapping[int, Mapping[str, str]]
    skipped: tuple[str, ...] = ()


class World:
    """Lazy and thread-safe: each piece is computed by the first who needs it and kept."""

    def __init__(self, folder: Path, engine: Engine, catalogue: Catalogue) -> None:
        self._folder, self._engine, self._catalogue = folder, engine, catalogue
        self._lock = RLock()
        self.skipped_series: tuple[str, ...] = ()

    def has(self, part: layout.Part) -> bool:
        """Whether the recording has this part at all (any of its files)."""
        return any((self._folder / file).is_file() for file in part.files)

    def need(self, part: layout.Part) -> None:
        """Raise SourceRefusedError when a part lacks one of its files or columns."""
        for file in part.files:
            if not (self._folder / file).is_file():
                raise SourceRefusedError(
                    f"it is missing although the recording has {part.noun}", where=file, hint="copy the recording again"
                )
            if file.endswith(".parquet"):
                self._engine.types(file)

    @property
    def index(self) -> EntityIndex:
        with self._lock:
            return self._index

    @property
    def groups(self) -> tuple[Group, ...]:
        with self._lock:
            return self._groups

    @property
    def named(self) -> Named:
        """(name, labels, meaning) of each readable series, by number."""
        with self._lock:
            return self._named

    @property
    def streams(self) -> Streams:
        with self._lock:
            return self._streams

    @property
    def kubernetes(self) -> JsonLines:
        with self._lock:
            return self._kubernetes

    def sets_aside(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether a rule says on purpose that nothing is to be concluded from such a series."""
        rule = self._catalogue.rule(name, labels)
        return rule is not None and rule.kind is SignalKind.OTHER

    # -- computed once ---------------------------------------------------------------------------------------------

    @cached_property
    def _kubernetes(self) -> JsonLines:
        return read_lines(self._folder, layout.KUBERNETES)

    @cached_property
    def _streams(self) -> Streams:
        found = self._engine.query(
            f"SELECT stream, labels FROM read_parquet('{layout.STREAMS}') ORDER BY stream, labels"  # noqa: S608
        )
        labels: dict[int, Mapping[str, str]] = {}
        bad = 0
        for number, raw in zip(integers(found["stream"]), text(found["labels"]), strict=True):
            parsed = parse_labels(raw)
            bad += parsed is None
            labels.setdefault(int(number), parsed or {})
        return Streams(labels=labels, skipped=(f"{bad} log streams have unreadable labels",) if bad else ())

    @cached_property
    def _named(self) -> Named:
        there = self._engine.types(layout.SERIES)
        kind, about = ("type" if "type" in there else "''"), ("help" if "help" in there else "''")
        found = self._engine.query(
            f"SELECT series, name, labels, {kind} AS type, {about} AS help"  # noqa: S608
            f" FROM read_parquet('{layout.SERIES}') ORDER BY series, name, labels"
        )
        numbers, names, raw = integers(found["series"]), text(found["name"]), text(found["labels"])
        read: dict[int, tuple[str, Mapping[str, str]]] = {}
        bad = 0
        for number, name, encoded in zip(numbers, names, raw, strict=True):
            labels = parse_labels(encoded)
            if labels is None or not name or int(number) in read:
                bad += 1
                continue
            read[int(number)] = (name, spelt(labels))
        self.skipped_series = (f"{bad} series have unreadable names or labels",) if bad else ()
        types = dict(zip(map(int, numbers), text(found["type"]), strict=True))
        helps = {int(n): said for n, said in zip(numbers, text(found["help"]), strict=True) if said}
        return self._with_units(_helped(meanings(read, self._catalogue, types), helps))

    def _with_units(self, named: Named) -> Named:
        """Decide units that no name states, once for the whole recording, from the size of the values."""
        times = [n for n, (_, _, m) in named.items() if _unstated(m, _TIMES)]
        shares = [n for n, (_, _, m) in named.items() if _unstated(m, _SHARES) and m.signal.unit == "1"]
        changed = dict(named)
        for numbers, unit, scale in (
            (times, "s", 0.001 if self._looks_like_ms(times) else 1.0),
            (shares, "%" if self._largest(shares)[0] > _LARGEST_SHARE else "1", 1.0),
            *self._used(named),
        ):
            for number in numbers:
                name, labels, meaning = named[number]
                meaning = replace(meaning, scale=scale, signal=replace(meaning.signal, unit=unit))
                changed[number] = (name, labels, meaning)
        return changed

    def _used(self, named: Named) -> Iterator[tuple[Sequence[int], str, float]]:
        """What is used of a resource, name by name: a utilisation is a share; memory in small numbers is not bytes."""
        families: dict[tuple[str, SignalKind], list[int]] = {}
        for number, (name, _, meaning) in named.items():
            if _unstated(meaning, _USED) and meaning.signal.temporality is Temporality.GAUGE:
                families.setdefault((name, meaning.signal.kind), []).append(number)
        for (name, kind), numbers in sorted(families.items()):
            share = _SHARE_WORDS.search(name.lower()) is not None
            if not share and kind is not SignalKind.MEMORY:
                continue
            largest = self._largest(numbers)[0]
            if largest <= _LARGEST_PERCENT and (share or largest <= _LARGEST_SHARE):
                yield numbers, "%" if largest > _LARGEST_SHARE else "1", 1.0
            elif largest < _SMALLEST_BYTES:
                yield numbers, "{unit}", 1.0

    def _looks_like_ms(self, numbers: Sequence[int]) -> bool:
        largest, usual = self._largest(numbers)
        return largest > _LONGEST_S or usual > _USUAL_S

    def _largest(self, numbers: Sequence[int]) -> tuple[float, float]:
        if not numbers or not (self._folder / layout.SAMPLES).is_file():
            return 0.0, 0.0
        found = self._engine.query(
            f"SELECT max(value) AS largest, median(value) AS usual FROM read_parquet('{layout.SAMPLES}')"  # noqa: S608
            f" WHERE {among('series', numbers)} AND isfinite(value)"
        )
        largest, usual = floats(found["largest"]), floats(found["usual"])
        return float(np.nan_to_num(largest[0])), float(np.nan_to_num(usual[0]))

    @cached_property
    def _groups(self) -> tuple[Group, ...]:
        return group_series(self._named, self._index)

    @cached_property
    def _index(self) -> EntityIndex:
        builder = EntityIndexBuilder()
        if self._readable(layout.METRICS_PART):
            for _, labels, meaning in self._named.values():
                builder.add_labels(labels, meaning.about)
                if meaning.about in KIND_OF_ABOUT:
                    builder.add_store_labels(labels, meaning.about)
            add_addresses(builder, ((name, labels) for name, labels, _ in self._named.values()))
        if self._readable(layout.LOGS_PART):
            for labels in self._streams.labels.values():
                builder.add_labels(labels)
        if self._readable(layout.TRACES_PART):
            self._add_spans(builder)
        if self._readable(layout.KUBERNETES_PART):
            add_kubernetes(builder, [body for _, body in self._kubernetes.objects])
        if self._readable(layout.TOPOLOGY_PART):
            for _, edge in read_lines(self._folder, layout.TOPOLOGY).objects:
                callee = string(edge.get("callee"))
                for name in (string(edge.get("caller")), callee):
                    builder.add(EntityKind.SERVICE, host_of(name))
                kind = store_kind(string(edge.get("kind")))
                if kind is not None and callee:
                    builder.add_store(callee, kind)
        return builder.build()

    def _readable(self, part: layout.Part) -> bool:
        """Whether a part can add to the index. A damaged part fails where it is asked for, not everywhere."""
        if not self.has(part):
            return False
        try:
            self.need(part)
            if part is layout.METRICS_PART:
                _ = self._named
            elif part is layout.LOGS_PART:
                _ = self._streams
            elif part is layout.KUBERNETES_PART:
                _ = self._kubernetes
            elif part is layout.TOPOLOGY_PART:
                read_lines(self._folder, layout.TOPOLOGY)
        except SourceRefusedError:
            return False
        return True

    def _add_spans(self, builder: EntityIndexBuilder) -> None:
        types = self._engine.types(layout.SPANS)
        resource = "resource" if "resource" in types else "NULL"
        try:
            found = self._engine.query(
                f"SELECT DISTINCT service, {resource} AS resource FROM read_parquet('{layout.SPANS}')"  # noqa: S608
            )
            for service, raw in zip(text(found["service"]), text(found["resource"]), strict=True):
                labels = underscored(parse_labels(raw) or {})
                name = service or labels.get("service_name", "")
                builder.add_labels({**labels, "service_name": name})
                if name:
                    builder.add_emitter(name)
            if "attributes" not in types:
                return
            for system, address in self._calls_to_stores():
                kind = store_kind(system)
                if kind is not None and address:
                    builder.add_store(address, kind)
        except SourceRefusedError:
            return

    def _calls_to_stores(self) -> Iterator[tuple[str, str]]:
        keys = ", ".join(f"'$.\"{key}\"'" for key in (*_STORE_KEYS, *_ADDRESS_KEYS))
        found = self._engine.query(
            "SELECT DISTINCT CASE WHEN json_valid(attributes)"  # noqa: S608
            f" THEN json_extract_string(attributes, [{keys}]) END AS found FROM read_parquet('{layout.SPANS}')"
            " WHERE contains(attributes, 'db') OR contains(attributes, 'messaging')"
        )
        for values in found["found"]:
            if values is None or values is np.ma.masked:
                continue
            entries = ["" if value is None or value is np.ma.masked else str(value) for value in values]
            systems, addresses = entries[: len(_STORE_KEYS)], entries[len(_STORE_KEYS) :]
            yield next(filter(None, systems), ""), next(filter(None, addresses), "")


def _helped(named: Named, helps: Mapping[int, str]) -> Named:
    """With help texts where no rule fits: nothing else is read of them."""
    told = {
        number: (name, labels, replace(meaning, help=helps[number]))
        for number, (name, labels, meaning) in named.items()
        if not meaning.known and number in helps
    }
    return {**named, **told} if told else named


def _unstated(meaning: Meaning, kinds: frozenset[SignalKind]) -> bool:
    return meaning.signal.kind in kinds and not meaning.unit_stated and meaning.part is Part.VALUE


def parse_labels(raw: str) -> Mapping[str, str] | None:
    """A JSON object of labels with text values, or None when it is not one."""
    try:
        parsed = json.loads(raw) if raw else {}
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict):
        return None
    return {
        str(key): value if isinstance(value, str) else json.dumps(value)
        for key, value in parsed.items()
        if value is not None
    }


def among(column: str, numbers: Sequence[int]) -> str:
    """SQL for `column` being one of `numbers`: ranges where they are few, else a list."""
    if not numbers:
        return "false"
    ordered = np.unique(np.asarray(numbers, dtype=np.int64))
    breaks = np.flatnonzero(np.diff(ordered) > 1)
    starts, ends = ordered[np.r_[0, breaks + 1]], ordered[np.r_[breaks, ordered.size - 1]]
    if starts.size <= 24:
        ranges = [
            f"{column} = {low}" if low == high else f"{column} BETWEEN {low} AND {high}"
            for low, high in zip(starts, ends, strict=True)
        ]
        return f"({' OR '.join(ranges)})"
    return f"{column} IN ({', '.join(str(number) for number in ordered)})"


_ADDRESSES = {
    "kube_node_info": ("internal_ip", "node", EntityKind.NODE),
    "kube_pod_info": ("pod_ip", "pod", EntityKind.POD),
    "kube_service_info": ("cluster_ip", "service", EntityKind.SERVICE),
}


def add_addresses(builder: EntityIndexBuilder, series: Iterable[tuple[str, Mapping[str, str]]]) -> None:
    """Addresses that kube-state-metrics tells: scrape targets and peers are named by them."""
    for name, labels in series:
        if name in _ADDRESSES:
            address, label, kind = _ADDRESSES[name]
            hosted = kind is EntityKind.POD and labels.get("host_network") == "true"
            if labels.get(label) and not hosted:
                builder.add_address(labels.get(address, ""), kind, labels[label], labels.get("namespace", ""))


def add_kubernetes(builder: EntityIndexBuilder, objects: Sequence[JsonObject]) -> None:
    """Nodes, Services, workloads and pods, with ownership, selectors and addresses."""
    services: dict[str, list[tuple[str, dict[str, str]]]] = {}
    owners: dict[tuple[str, str], str] = {}
    for body in objects:
        kind, meta, spec = string(body.get("kind")), mapping(body.get("metadata")), mapping(body.get("spec"))
        name, namespace = string(meta.get("name")), string(meta.get("namespace"))
        if kind == "Service":
            builder.add(EntityKind.SERVICE, name, namespace)
            builder.add_address(string(spec.get("clusterIP")), EntityKind.SERVICE, name, namespace)
            selector = {key: string(value) for key, value in mapping(spec.get("selector")).items()}
            if selector:
                services.setdefault(namespace, []).append((name, selector))
        elif kind == "Namespace":
            builder.add(EntityKind.NAMESPACE, name)
        elif kind == "Node":
            builder.add(EntityKind.NODE, name)
            addresses = mapping(body.get("status")).get("addresses")
            for address in addresses if isinstance(addresses, list) else []:
                builder.add_address(string(mapping(address).get("address")), EntityKind.NODE, name)
        elif kind in ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"):
            builder.add(EntityKind.WORKLOAD, name, namespace)
        elif kind == "ReplicaSet":
            owners[namespace, name] = _owner(meta)[1]
    for body in objects:
        if string(body.get("kind")) == "Pod":
            _add_pod(builder, body, services, owners)


def _add_pod(
    builder: EntityIndexBuilder,
    body: JsonObject,
    services: Mapping[str, Sequence[tuple[str, dict[str, str]]]],
    owners: Mapping[tuple[str, str], str],
) -> None:
    meta, spec, status = mapping(body.get("metadata")), mapping(body.get("spec")), mapping(body.get("status"))
    name, namespace = string(meta.get("name")), string(meta.get("namespace"))
    labels = {key: string(value) for key, value in mapping(meta.get("labels")).items()}
    kind, owner = _owner(meta)
    workload = owners.get((namespace, owner)) or owner.rpartition("-")[0] if kind == "ReplicaSet" else owner
    selecting = [service for service, selector in services.get(namespace, ()) if selector.items() <= labels.items()]
    node = string(spec.get("nodeName"))
    builder.add_pod(name, namespace, node=node, workload="" if kind == "Node" else workload, services=selecting)
    if spec.get("hostNetwork") is not True:
        builder.add_address(string(status.get("podIP")), EntityKind.POD, name, namespace)


def _owner(meta: JsonObject) -> tuple[str, str]:
    owners = meta.get("ownerReferences")
    for owner in owners if isinstance(owners, list) else []:
        found = mapping(owner)
        return string(found.get("kind")), string(found.get("name"))
    return "", ""
