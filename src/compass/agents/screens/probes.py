"""Active checks: TCP, DNS and HTTP reachability, system units on nodes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compass.agents.observe import observe
from compass.agents.screens.series import gap_unless_named, objects_of
from compass.analysis.kubernetes import service_entities
from compass.analysis.kubernetes.finding import HINT, HOST, LIKELY, ODDITY, quote
from compass.analysis.kubernetes.nodes import component
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.observation import Observation, Quality, Verdict
from compass.domain.sign import SIGNS
from compass.domain.telemetry import Answer, ObjectKind
from compass.domain.time import Instant
from compass.ports.errors import SourceError
from compass.ports.specialist import Look, StepResult
from compass.redaction import bound, redact
from compass.tables.objects import ObjectTable, Probe

SIGN = {
    "tcp_connect": "probe.tcp_refused",
    "dns": "probe.dns_failed",
    "http": "probe.http_failed",
    "systemd_unit": "probe.unit_failed",
}
_STATUS = re.compile(r"^\s*Active:.*$", re.MULTILINE)
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}\Z|[0-9a-f:]*:[0-9a-f:]+\Z", re.IGNORECASE)
Names = Mapping[tuple[str, str], EntityRef]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeScreen:
    """What active checks of the system answer at the end of the window, and since when they fail."""

    agent: str
    id: str = "probes"
    text: str = "reading active checks of services and nodes"
    cost: float = 1.0
    kinds: frozenset[str] = frozenset(SIGN)
    limit: int = 300

    async def run(self, look: Look) -> StepResult:
        """Facts about reachability. Raises SourceError when the checks cannot be had."""
        answer = await objects_of(look, ObjectKind.PROBES)
        if not answer.data.probes:
            hides = "reachability, other than through traffic and errors"
            return StepResult(
                gaps=gap_unless_named(look.board, "probes", "no active checks", hides),
                found="no active checks",
                work=self.cost,
            )
        names: Names = {}
        try:
            objects = await objects_of(look, ObjectKind.KUBERNETES)
            names = await asyncio.to_thread(service_entities, objects.data.kubernetes)
        except SourceError:
            names = {}  # entities are then resolved by the board's names alone
        return await asyncio.to_thread(self._tell, look.board, answer, names)

    def _tell(self, board: Board, answer: Answer[ObjectTable], names: Names) -> StepResult:
        runs: dict[tuple[str, str], list[Probe]] = {}
        for probe in sorted(answer.data.probes, key=lambda p: (p.kind, p.target, p.at_ns, not p.ok, p.output)):
            if probe.kind in self.kinds and probe.kind in SIGN:
                runs.setdefault((probe.kind, probe.target), []).append(probe)
        seen = [o for run in runs.values() for o in self._judge(board, answer, run, names)]
        seen.sort(key=lambda o: (o.verdict is not Verdict.ANOMALY, -o.strength, o.sign, o.entity.key, o.series))
        failing = [o for o in seen if o.verdict is Verdict.ANOMALY]
        said = (
            f"{len(failing)} of {len(runs)} checks fail; {failing[0].text}"
            if failing
            else f"all {len(runs)} checks pass"
        )
        return StepResult(observations=tuple(seen[: self.limit]), found=bound(said, 200), work=self.cost)

    def _judge(
        self, board: Board, answer: Answer[ObjectTable], run: Sequence[Probe], names: Names
    ) -> list[Observation]:  # fmt: skip
        last = run[-1]
        entity = entity_of(last, names, board.entities)
        signs = [SIGN[last.kind]]
        if last.kind == "systemd_unit" and (platform := component(last.target.partition("@")[0])):
            signs.append(platform)
        if last.ok and not answer.coverage.complete:
            return []
        since, lasting = failing_since(run, board.baseline.end_ns)
        strength = 0.0 if last.ok else ODDITY if lasting else HOST if last.kind == "systemd_unit" else LIKELY - 0.1
        if last.ok and any(not p.ok for p in run[-10:]):
            strength = HINT  # it came back: still a fact of this incident
        verdict = Verdict.ANOMALY if strength else Verdict.NORMAL
        return [
            observe(
                agent=self.agent, sign=sign, entity=entity, verdict=verdict, answer=answer, strength=strength,
                text=_words(last, sign, verdict), series=f"probe:{last.kind}:{last.target}", quality=Quality.DIRECT,
                since=since if verdict is Verdict.ANOMALY else None,
            )
            for sign in signs
        ]  # fmt: skip


def failing_since(run: Sequence[Probe], onset_ns: int) -> tuple[Instant | None, bool]:
    """When the trailing run of failures began (between the last success and the first failure), None when no success
    was seen before it; and whether it failed throughout, well before the onset already."""
    first = len(run)
    while first > 0 and not run[first - 1].ok:
        first -= 1
    if first == len(run):
        return None, False
    if first == 0:
        return None, run[0].at_ns < onset_ns and run[-1].at_ns > onset_ns
    start, end = run[first - 1].at_ns, run[first].at_ns
    return Instant(ns=(start + end) // 2, uncertainty_ns=(end - start + 1) // 2), False


def host_of(target: str) -> str:
    """The host of `name:port`, `http://name:port/path` or `name`."""
    rest = target.partition("://")[2] or target
    rest = rest.partition("/")[0].rpartition("@")[2]
    if rest.startswith("["):
        return rest[1:].partition("]")[0]
    return rest.partition(":")[0] if rest.count(":") == 1 else rest


def entity_of(probe: Probe, names: Names, known: Sequence[EntityRef]) -> EntityRef:
    """What a check's target is: `unit@node` a node, `name.namespace[.svc...]:port` a service, else outside."""
    if probe.kind == "systemd_unit":
        unit, _, host = probe.target.partition("@")
        return EntityRef(kind=EntityKind.NODE, name=host or unit)
    host = host_of(probe.target).rstrip(".")
    parts = host.removesuffix(".cluster.local").removesuffix(".svc").split(".")
    if len(parts) == 2 and (parts[1], parts[0]) in names:
        return names[parts[1], parts[0]]
    if len(parts) == 1:
        found = sorted({entity.key: entity for (_, name), entity in names.items() if name == host}.items())
        if len(found) == 1:
            return found[0][1]
    kinds = (EntityKind.SERVICE, EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE)
    for entity in sorted(known, key=lambda e: (e.kind not in kinds, e.key)):
        if entity.kind in {*kinds, EntityKind.EXTERNAL} and entity.name in {
            host,
            parts[0] if len(parts) == 2 else host,
        }:
            return entity
    in_cluster = {namespace for namespace, _ in names}
    if len(parts) == 2 and parts[1] in in_cluster:
        return EntityRef(kind=EntityKind.SERVICE, namespace=parts[1], name=parts[0])
    outside = len(parts) > 1 or bool(_IP.match(host))
    return EntityRef(kind=EntityKind.EXTERNAL if outside else EntityKind.SERVICE, name=host)


def _words(probe: Probe, sign: str, verdict: Verdict) -> str:
    status = _STATUS.search(probe.output[:20_000])
    output = bound(redact(quote(status[0] if status else probe.output, 200)), 200)
    if verdict is Verdict.NORMAL:
        return bound(f"check {probe.kind} {redact(probe.target)} passes: not so: {SIGNS[sign]}", 600)
    state = "passes again after failures" if probe.ok else "fails"
    return bound(f"check {probe.kind} {redact(probe.target)} {state}: “{output}”", 600)
