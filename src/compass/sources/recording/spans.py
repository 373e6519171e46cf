"""Spans: one query, parents resolved by 64-bit keys, kinds and statuses normalised."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import Answer, Coverage, NativeQuery, SpanQuery
from compass.domain.time import Window
from compass.signals.entities import EntityIndex, Resolved
from compass.signals.names import host_of, underscored
from compass.sources.recording.cover import CensusTaker, absent, holes, outside_note, received
from compass.sources.recording.engine import Column, Engine, integers, quoted, text
from compass.sources.recording.layout import SPANS, TRACES_PART
from compass.sources.recording.links import resolve_parents, spans_kinds
from compass.sources.recording.slices import fetch
from compass.sources.recording.world import World, parse_labels
from compass.tables.spans import KINDS, STATUSES, SpanTable, empty_spans, packed

N = TypeVar("N", np.int8, np.int16, np.bool_)

# Attributes read from a span, by what they say; the first present wins. OpenTelemetry, current and earlier names.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "http": ("http.response.status_code", "http.status_code"),
    "grpc": ("rpc.grpc.status_code", "rpc.response.status_code"),
    "statement": ("db.query.summary", "db.query.text", "db.statement"),
    "store": ("db.system.name", "db.system", "messaging.system"),
    "peer": ("peer.service", "server.address", "net.peer.name", "network.peer.address", "net.peer.ip"),
    "namespace": ("db.namespace", "db.name", "messaging.destination.name", "messaging.destination"),
    "error": ("error.type", "exception.type"),
    "failed": ("error",),
}
_KEYS = tuple(key for names in ATTRIBUTES.values() for key in names)
_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b|\$\d+")
_LIST = re.compile(r"\(\s*\?(?:\s*,\s*\?)+\s*\)")
_GRPC_ERRORS = frozenset({"2", "4", "12", "13", "14", "15"})  # see plan._GRPC_ERRORS
_CALLS = (KINDS.index("client"), KINDS.index("producer"))
_UNKNOWN_SERVICE = "unknown_service"
MAX_TEXT = 300


def read_spans(
    query: SpanQuery, window: Window, closed: bool, source: str, engine: Engine, world: World, census: CensusTaker,
    sampling: float,
) -> Answer[SpanTable]:  # fmt: skip
    """Answer `query` in `window`, the part of its window that the recording covers."""
    if not world.has(TRACES_PART):
        return Answer(
            data=empty_spans(), coverage=absent(query.window, TRACES_PART),
            query=NativeQuery(language="duckdb", text=""), source=source,
        )  # fmt: skip
    world.need(TRACES_PART)
    counted = census.of(TRACES_PART)
    chosen, sent = _services(query.entities, engine, world)
    most = max(0, query.limit) + 1
    sql = _sql(query, window, closed, engine, chosen, most)
    rows = counted.rows if sent is None else min(sent, counted.rows)
    found = fetch(
        engine, lambda part, end, left: _sql(query, part, end, engine, chosen, left), window, closed, rows, most
    )
    truncated = integers(found["start_ns"]).shape[0] > query.limit
    if truncated:
        found = {name: column[: query.limit] for name, column in found.items()}
    found, broken = _sound(found)
    table = _table(dict(found), world.index)
    missing = (*holes(counted, window, TRACES_PART.noun), *broken, *outside_note(counted, "spans"))
    return Answer(
        data=table,
        coverage=Coverage(
            requested=query.window, received=received(table.start_ns, window), truncated=truncated, sampling=sampling,
            missing=missing,
        ),
        query=NativeQuery(language="duckdb", text=sql),
        source=source,
    )  # fmt: skip


def _services(entities: tuple[EntityRef, ...], engine: Engine, world: World) -> tuple[str, int] | tuple[None, None]:
    """SQL for spans that `entities` sent: by service name, and by resource for pods and nodes; and how many spans of
    the file these are. None: all."""
    if not entities:
        return None, None
    index = world.index
    wanted = [index.ref(e.kind, e.name, e.namespace, e.cluster) for e in entities]
    inside = frozenset().union(*(index.members(entity) for entity in wanted))
    resource = "resource" if "resource" in engine.types(SPANS) else "NULL"
    found = engine.query(
        f"SELECT service, {resource} AS resource, count(*) AS spans FROM read_parquet('{SPANS}') GROUP BY 1, 2"  # noqa: S608
    )
    pairs, sent = [], 0
    counts = integers(found["spans"]).tolist()
    for service, raw, count in sorted(zip(text(found["service"]), text(found["resource"]), counts, strict=True)):
        about = sender_of(index, service, raw)
        if about.entity in inside or about.service in inside or index.node_of(about.entity) in inside:
            test = f"coalesce(service, '') = {quoted(service)}"
            pairs.append(f"({test} AND coalesce({resource}, '') = {quoted(raw)})")
            sent += count
    return f"({' OR '.join(pairs)})" if pairs else "false", sent


def _sql(query: SpanQuery, window: Window, closed: bool, engine: Engine, chosen: str | None, most: int) -> str:
    types = engine.types(SPANS)
    plain = ("kind", "status", "resource")
    columns = ", ".join(column if column in types else f"NULL::VARCHAR AS {column}" for column in plain)
    parent = "parent_span_id" if "parent_span_id" in types else "NULL"
    said = ", ".join(f"{_first_of(names)} AS said_{meaning}" for meaning, names in ATTRIBUTES.items())
    where = [engine.between(SPANS, "start", window, closed=closed)]
    if chosen is not None:
        where.append(chosen)
    if query.slower_than_ns > 0:
        where.append(f"duration_ns > {query.slower_than_ns}")
    if query.errors_only:
        where.append(_errors(types))
    return (
        f"SELECT * EXCLUDE (said), {said} FROM ("  # noqa: S608
        "SELECT trace_id, span_id, hash(trace_id, span_id) AS own_key,"
        f" CASE WHEN {parent} IS NULL OR trim({parent}, '0') = '' THEN 0 ELSE hash(trace_id, {parent}) END"
        f" AS parent_key, service, name, {columns}, epoch_ns(start) AS start_ns, duration_ns,"
        f" {_extracted(types)} AS said"
        f" FROM read_parquet('{SPANS}') WHERE {' AND '.join(where)})"
        f" ORDER BY start_ns, trace_id, span_id LIMIT {most}"
    )


def _extracted(types: Mapping[str, str]) -> str:
    """SQL for the list of the attributes in `_KEYS`; each text is parsed once."""
    if "attributes" not in types:
        return "NULL::VARCHAR[]"
    keys = ", ".join(f"'$.\"{key}\"'" for key in _KEYS)
    return (
        "CASE WHEN attributes IS NOT NULL AND attributes <> '{}' AND json_valid(attributes)"
        f" THEN json_extract_string(attributes, [{keys}]) END"
    )


def _first_of(names: Sequence[str]) -> str:
    places = ", ".join(f"nullif(said[{_KEYS.index(name) + 1}], '')" for name in names)
    return f"coalesce({places})"


def _errors(types: Mapping[str, str]) -> str:
    tests = ["lower(status) LIKE '%error'"] if "status" in types else []
    if "attributes" in types:
        codes = ", ".join(f"json_extract_string(attributes, '$.\"{key}\"')" for key in ATTRIBUTES["http"])
        code = f"try_cast(coalesce({codes}) AS INTEGER) >= 500"
        tests.append(f"CASE WHEN json_valid(attributes) THEN coalesce({code}, false) ELSE false END")
    return f"({' OR '.join(tests)})" if tests else "false"


def _sound(found: Mapping[str, Column]) -> tuple[Mapping[str, Column], tuple[str, ...]]:
    """Without spans that have no ids or a negative duration, and without copies; what was left out, in words."""
    duration = integers(found["duration_ns"], null=-1)
    usable = (duration >= 0) & (text(found["span_id"]) != "") & (text(found["trace_id"]) != "")
    own = np.asarray(found["own_key"]).astype(np.uint64)
    _, first = np.unique(own, return_index=True)
    single = np.zeros(own.shape[0], dtype=bool)
    single[first] = True
    wrong = int((~usable).sum())
    if usable.all() and single.all():
        return found, ()
    keep = usable & single
    note = (f"{wrong} spans without ids or with a negative duration were left out",) if wrong else ()
    return {name: column[keep] for name, column in found.items()}, note


def _table(found: dict[str, Column], index: EntityIndex) -> SpanTable:
    """Takes the columns out of `found` as it reads them, so that a large answer is not held twice."""
    own, above = (np.asarray(found.pop(key)).astype(np.uint64, copy=False) for key in ("own_key", "parent_key"))
    parent = resolve_parents(own, above)
    del own, above
    entities, service, instance = _senders(found, index)
    name, names = coded(text(found.pop("name")), str)
    statement, statements = coded(text(found.pop("said_statement")), _statement, none="")
    store = (text(found.pop("said_store")) != "") | (statement >= 0) | _looks_like_store(names)[name]
    kind = spans_kinds(_looked_up(text(found.pop("kind")), _kind, np.int8), parent, service, store)
    peer, peers = _peers(found, kind, index)
    http = _looked_up(text(found.pop("said_http")), _code, np.int16)
    failed = (text(found.pop("said_failed")) == "true") | (http >= 500)
    failed |= _looked_up(text(found.pop("said_grpc")), _GRPC_ERRORS.__contains__, np.bool_)
    status = _looked_up(text(found.pop("status")), _status, np.int8)
    status[(status == STATUSES.index("unset")) & failed] = STATUSES.index("error")
    error_type, error_types = coded(text(found.pop("said_error")), lambda value: value[:MAX_TEXT], none="")
    trace, traces = coded(text(found.pop("trace_id")), str)
    return SpanTable(
        entities=entities, names=names, statements=statements, peers=peers, trace=trace,
        trace_ids=packed(traces), span_ids=packed(text(found.pop("span_id")).tolist()), parent=parent,
        service=service, instance=instance, name=name, kind=kind, status=status, start_ns=integers(found["start_ns"]),
        duration_ns=integers(found["duration_ns"]), http_status=http, statement=statement, peer=peer,
        error_type=error_type, error_types=error_types,
    )  # fmt: skip


def coded(
    values: npt.NDArray[np.object_], make: Callable[[str], str], none: str | None = None
) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    """Codes into the sorted distinct values of `make(value)`; −1 where the value is `none`."""
    if make is str:  # a million ids: no more of them at once than needed
        names = sorted(set(values.tolist()) - {none})
        lookup = {name: i for i, name in enumerate(names)}
    else:
        made = {value: make(value) for value in set(values.tolist()) if value != none}
        names = sorted(set(made.values()))
        place = {name: i for i, name in enumerate(names)}
        lookup = {value: place[name] for value, name in made.items()}
    if none is not None:
        lookup[none] = -1
    codes = np.fromiter(map(lookup.__getitem__, values.tolist()), dtype=np.int32, count=values.shape[0])
    return codes, tuple(names)


def sender_of(index: EntityIndex, service: str, resource: str) -> Resolved:
    """Who sent spans with this service name and these resource attributes (JSON)."""
    labels = underscored(parse_labels(resource) or {})
    name = service or labels.get("service_name", "") or _UNKNOWN_SERVICE
    found = index.of_labels({**labels, "service_name": name})
    unknown = EntityRef(kind=EntityKind.SERVICE, name=name)
    return found or Resolved(entity=unknown, service=unknown)


def _senders(
    found: dict[str, Column], index: EntityIndex
) -> tuple[tuple[EntityRef, ...], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    sender, senders = coded(text(found.pop("service")), str)
    resource, resources = coded(text(found.pop("resource")), str)
    pairs, pair = np.unique(sender.astype(np.int64) * max(len(resources), 1) + resource, return_inverse=True)
    about = [sender_of(index, senders[p // len(resources)], resources[p % len(resources)]) for p in pairs.tolist()]
    entities = tuple(sorted({ref for one in about for ref in (one.entity, one.service)}))
    place = {entity: i for i, entity in enumerate(entities)}
    service = np.array([place[one.service] for one in about], dtype=np.int32)
    pods = np.array([place[o.entity] if o.entity.kind is EntityKind.POD else -1 for o in about], dtype=np.int32)
    return entities, service[pair], pods[pair]


def _looked_up(values: npt.NDArray[np.object_], read: Callable[[str], int], dtype: type[N]) -> npt.NDArray[N]:
    """`read` of every value, called once for each different one."""
    lookup = {value: read(value) for value in set(values.tolist())}
    return np.fromiter(map(lookup.__getitem__, values.tolist()), dtype=dtype, count=values.shape[0])


def _kind(value: str) -> int:
    """A code of KINDS; SPAN_KIND_ prefixes and case do not matter, anything else is unspecified."""
    word = value.strip().lower().removeprefix("span_kind_")
    return KINDS.index(word) if word in KINDS else 0


def _status(value: str) -> int:
    word = value.strip().lower().removeprefix("status_code_")
    return STATUSES.index(word) if word in STATUSES else 0


_STORE_NAME = re.compile(
    r"^(SELECT|INSERT|UPDATE|DELETE|MERGE|UPSERT|CALL|BEGIN|COMMIT|ROLLBACK)(?=\s|$)|^(sql|jdbc|redis|mongo\w*)[.: ]"
)


def _looks_like_store(names: Sequence[str]) -> npt.NDArray[np.bool_]:
    return np.array([bool(_STORE_NAME.match(name)) for name in names], dtype=bool)


def _statement(value: str) -> str:
    """A statement without its literals: one text for one kind of statement, and no customer's data."""
    short = _LITERAL.sub("?", value[: 4 * MAX_TEXT])
    return _LIST.sub("(?)", " ".join(short.split()))[:MAX_TEXT]


def _peers(
    found: dict[str, Column], kind: npt.NDArray[np.int8], index: EntityIndex
) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    """What calls say they call: the resolved name of a service or store, else the host, else the database's name."""
    address, namespace = text(found.pop("said_peer")), text(found.pop("said_namespace"))
    target = np.where(address != "", address, namespace)
    # A server span's server.address is its own.
    target[~np.isin(kind, _CALLS)] = ""

    def name(value: str) -> str:
        host = host_of(value)
        return index.service(value).name if host else value[:MAX_TEXT]

    return coded(target, name, none="")


def _code(value: str) -> int:
    return int(value) if value.isdecimal() and len(value) == 3 else 0
