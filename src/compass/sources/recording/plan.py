"""Which recorded series become which rows: decided once from names and labels, before any sample is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from compass.domain.entity import EntityRef
from compass.domain.telemetry import Direction, Signal, SignalKind, Temporality
from compass.signals.catalogue import Combine, Meaning, Part
from compass.signals.entities import DESCRIBES_HOST, EntityIndex, Resolved
from compass.signals.identity import without_bound
from compass.signals.names import CONTAINER, first
from compass.tables.series import NoRule

_HTTP_STATUS = (
    "http_response_status_code", "http_status_code", "response_code", "status_code", "http_code", "status", "code",
)  # fmt: skip
_GRPC_STATUS = ("rpc_grpc_status_code", "grpc_response_status", "grpc_status", "grpc_code", "rpc_response_status_code")
_OUTCOME = ("outcome", "result", "status_code", "otel_status_code", "status")
# gRPC codes that OpenTelemetry counts as server errors: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL,
# UNAVAILABLE, DATA_LOSS.
_GRPC_ERRORS = frozenset(
    {"2", "4", "12", "13", "14", "15", "unknown", "deadline_exceeded", "deadlineexceeded", "unimplemented", "internal",
     "unavailable", "data_loss", "dataloss"}
)  # fmt: skip
_CODE = re.compile(r"[1-5](\d\d|xx)", re.IGNORECASE)
_BAD_WORDS = frozenset({"error", "failure", "failed", "server_error", "status_code_error", "exception", "timeout"})
_GOOD_WORDS = frozenset({"ok", "success", "succeeded", "unset", "status_code_unset", "status_code_ok", "completed",
                         "informational", "redirection", "client_error"})  # fmt: skip
_NO_ERROR = frozenset({"", "none", "null", "false", "0"})


class Outcome(StrEnum):
    """What a status label says about the requests a series counts."""

    OK = "ok"
    ERROR = "error"
    LIMITED = "limited"  # refused by a rate limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One recorded series in a group."""

    series: int
    part: Part
    bound: float = 0.0  # histogram bucket
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Series that together make the rows of one thing: the buckets of a histogram, the modes of a CPU counter.

    `kinds`: the kinds of signal that its rows can have.
    """

    name: str
    meaning: Meaning
    entity: EntityRef
    service: EntityRef
    peer: EntityRef | None
    labels: Mapping[str, str]
    members: tuple[Member, ...]
    no_rule: NoRule | None = None
    kinds: frozenset[SignalKind] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", self._kinds())  # every question asks every group for them

    @property
    def histogram(self) -> bool:
        return any(member.part is not Part.VALUE for member in self.members)

    @property
    def judged(self) -> bool:
        """Whether a label says which requests failed."""
        return any(member.outcome is not None for member in self.members)

    def _kinds(self) -> frozenset[SignalKind]:
        own = self.meaning.signal.kind
        found = {own}
        counted = COUNTED.get(own)
        if self.histogram and counted is not None and self.countable:
            found.add(counted)
        if self.requests and self.judged:
            found |= {SignalKind.ERRORS, SignalKind.RATE_LIMITED}
        return frozenset(found)

    @property
    def countable(self) -> bool:
        """Calls counted by their caller say something about an edge; without its other end nothing is counted."""
        return not (self.meaning.client and self.peer is None and self.meaning.signal.kind is not SignalKind.DB_LATENCY)

    @property
    def requests(self) -> bool:
        kind = self.meaning.signal.kind
        if kind is SignalKind.TRAFFIC:
            return self.countable
        return kind in (SignalKind.LATENCY, SignalKind.CLIENT_LATENCY) and self.histogram and self.countable


COUNTED = {
    SignalKind.LATENCY: SignalKind.TRAFFIC,
    SignalKind.CLIENT_LATENCY: SignalKind.TRAFFIC,
    SignalKind.DB_LATENCY: SignalKind.DB_TRAFFIC,
}
COUNT_UNIT = {SignalKind.TRAFFIC: "{request}/s", SignalKind.DB_TRAFFIC: "{operation}/s"}


def outcome_of(labels: Mapping[str, str]) -> Outcome | None:
    """Whether the requests of a series failed, by its status labels; None when no label says."""
    for name in _HTTP_STATUS:
        value = labels.get(name, "")
        if _CODE.fullmatch(value):
            if value == "429":
                return Outcome.LIMITED
            return Outcome.ERROR if value[0] == "5" else Outcome.OK
    error = labels.get("error_type", labels.get("exception", "")).lower()
    if error not in _NO_ERROR:
        return Outcome.OK if _CODE.fullmatch(error) and error[0] != "5" else Outcome.ERROR
    for name in _GRPC_STATUS:
        if name in labels and labels[name] != "":
            return Outcome.ERROR if labels[name].lower() in _GRPC_ERRORS else Outcome.OK
    for name in _OUTCOME:
        value = labels.get(name, "").lower()
        if value in _BAD_WORDS:
            return Outcome.ERROR
        if value in _GOOD_WORDS:
            return Outcome.OK
    return Outcome.OK if "error_type" in labels or "exception" in labels else None


def group_series(series: Mapping[int, tuple[str, Mapping[str, str], Meaning]], index: EntityIndex) -> tuple[Group, ...]:
    """Groups of the recorded series, in the order of their names and labels."""
    gathered: dict[tuple[str, str, str, tuple[tuple[str, str], ...]], list[int]] = {}
    resolved: dict[int, Resolved] = {}
    known: dict[object, Resolved | None] = {}
    for number, (name, labels, meaning) in series.items():
        # The buckets of a histogram are about the same thing, a dozen of them.
        alike = (meaning.about, meaning.client, without_bound(labels))
        if alike not in known:
            known[alike] = index.of_labels(labels, meaning.about, client=meaning.client)
        about = known[alike]
        if about is None:
            continue
        resolved[number] = about
        peer = about.peer.key if about.peer else ""
        gathered.setdefault((meaning.family, about.entity.key, peer, _apart(name, labels, meaning)), []).append(number)
    groups = []
    for key in sorted(gathered):
        numbers = _without_totals(sorted(gathered[key]), series)
        groups.append(_group(numbers, series, resolved[numbers[0]]))
    return tuple(groups)


def _apart(name: str, labels: Mapping[str, str], meaning: Meaning) -> tuple[tuple[str, str], ...]:
    """The labels that keep a series out of another one's group."""
    kept = {label: labels[label] for label in meaning.by if label in labels}
    if meaning.part is Part.VALUE:
        kept["__name__"] = name
        if meaning.combine is Combine.NONE:
            kept.update(labels)
    if meaning.signal.quantile is not None and "quantile" in labels:
        kept["quantile"] = labels["quantile"]
    if "reporter" in labels:
        kept["reporter"] = labels["reporter"]
    return tuple(sorted(kept.items()))


def _without_totals(numbers: list[int], series: Mapping[int, tuple[str, Mapping[str, str], Meaning]]) -> list[int]:
    """cAdvisor reports a pod's containers, its sandbox (`POD`) and their total (no container): one of them counts."""
    named = [n for n in numbers if first(series[n][1], CONTAINER) not in ("", "POD")]
    return named or numbers


def _group(numbers: list[int], series: Mapping[int, tuple[str, Mapping[str, str], Meaning]], about: Resolved) -> Group:
    name, labels, meaning = series[numbers[0]]
    common = dict(labels)
    members = []
    for number in numbers:
        other = series[number][1]
        common = {label: value for label, value in common.items() if other.get(label) == value}
        part = series[number][2].part
        members.append(Member(series=number, part=part, bound=_bound(other, part), outcome=outcome_of(other)))
    common.pop("le", None)
    signal = _signal(meaning.signal, about)
    if about.describes_host:
        common[DESCRIBES_HOST] = "host"
    if about.peer is not None:
        common.setdefault("reporter", "source" if about.client else "destination")
    meaning = replace(meaning, signal=signal, client=meaning.client or about.client)
    return Group(
        name=meaning.family if meaning.part is not Part.VALUE else name, meaning=meaning, entity=about.entity,
        service=about.service, peer=about.peer, labels=common, members=tuple(members),
        no_rule=_no_rule(meaning, labels, about),
    )  # fmt: skip


def _no_rule(meaning: Meaning, labels: Mapping[str, str], about: Resolved) -> NoRule | None:
    """Of a pod's machine and nobody knows which: that is known, and says nothing about the pod."""
    if meaning.known or about.describes_host:
        return None
    keys = tuple(sorted(label for label in labels if not label.startswith("__") and label not in ("le", "quantile")))
    return NoRule(type=meaning.said, help=meaning.help, labels=keys)


def _signal(signal: Signal, about: Resolved) -> Signal:
    if about.describes_host:
        # It measures the machine below a pod and nothing says which: no conclusion about the pod may rest on it.
        return replace(signal, kind=SignalKind.OTHER, worse=Direction.EITHER)
    if about.client and about.peer is not None and signal.kind is SignalKind.LATENCY:
        return replace(signal, kind=SignalKind.CLIENT_LATENCY)
    return signal


def _bound(labels: Mapping[str, str], part: Part) -> float:
    if part is not Part.BUCKET:
        return 0.0
    try:
        return float(labels.get("le", "nan"))
    except ValueError:
        return float("nan")


def derived(signal: Signal, kind: SignalKind, unit: str, worse: Direction, quantile: float | None = None) -> Signal:
    """A signal computed from another one's counters: a gauge, already per second or a share."""
    return replace(signal, kind=kind, unit=unit, worse=worse, quantile=quantile, temporality=Temporality.GAUGE)
