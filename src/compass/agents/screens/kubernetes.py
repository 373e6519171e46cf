"""Kubernetes objects: what is declared against what exists, reconciled once and shared by the specialists."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from compass.agents.observe import observe
from compass.agents.screens.series import gap_unless_named, objects_of, whole_window
from compass.analysis.kubernetes import Analysis, analyse
from compass.analysis.kubernetes.finding import Finding
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.observation import Observation, Verdict
from compass.domain.sign import SIGNS
from compass.domain.telemetry import Answer, ObjectKind
from compass.ports.errors import SourceError
from compass.ports.specialist import Look, StepResult
from compass.redaction import bound, redact
from compass.tables.objects import ObjectTable, Probe

# The network specialist's share; infrastructure takes the rest (`KubernetesScreen(excludes=NETWORK_SIGNS)`)
NETWORK_SIGNS = (
    "k8s.selector_empty", "k8s.target_port", "k8s.service_protocol", "k8s.address_wrong", "k8s.network_policy",
    "k8s.dns_down", "k8s.proxy_down",
)  # fmt: skip
# Normal results that refute most come first when there are more than the limit
_CORE = (
    "k8s.unready", "k8s.node_not_ready", "k8s.pending", "k8s.replicas_missing", "k8s.crash_loop", "k8s.oom_killed",
    "k8s.selector_empty", "k8s.target_port", "k8s.address_wrong", "k8s.restarting", "k8s.node_pressure",
)  # fmt: skip
_HIDES = {
    "Pod": "pods that are missing, pending or crashing", "Node": "node and scheduling faults",
    "Event": "why objects could not be created, placed or started", "Service": "routing faults and wrong addresses",
}  # fmt: skip
TEXT_LIMIT = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesScreen:
    """Reconciles all objects at the end of the window. Emits only signs that begin with one of `includes` and with
    none of `excludes`, so that two specialists can share one analysis."""

    agent: str
    id: str = "kubernetes"
    text: str = "comparing declared with existing Kubernetes objects"
    cost: float = 1.0
    includes: tuple[str, ...] = ("k8s.",)
    excludes: tuple[str, ...] = ()
    limit: int = 300
    normal_limit: int = 400

    async def run(self, look: Look) -> StepResult:
        """Facts about the cluster's state. Raises SourceError when the objects cannot be had."""
        answer = await objects_of(look, ObjectKind.KUBERNETES)
        if not answer.data.kubernetes:
            hides = "scheduling, admission, routing and node faults"
            gaps = gap_unless_named(look.board, "kubernetes", "no Kubernetes objects", hides)
            return StepResult(gaps=gaps, found="no Kubernetes objects", work=self.cost)
        analysis = await shared_analysis(look, answer)
        return await asyncio.to_thread(self._tell, answer, analysis)

    def _mine(self, sign: str) -> bool:
        return sign.startswith(self.includes) and not sign.startswith(self.excludes or ("\0",))

    def _tell(self, answer: Answer[ObjectTable], analysis: Analysis) -> StepResult:
        findings = [f for f in analysis.findings if self._mine(f.sign) and not _only_units(f)][: self.limit]
        observations = [self._anomaly(answer, f) for f in findings]
        if answer.coverage.complete:
            rank = {sign: place for place, sign in enumerate(_CORE)}
            normal = [(s, e) for s, e in analysis.normal if self._mine(s) and not _of_units(s, e)]
            normal.sort(key=lambda pair: (rank.get(pair[0], len(rank)), pair[0], pair[1].key))
            observations += [self._normal(answer, sign, entity) for sign, entity in normal[: self.normal_limit]]
        gaps = tuple(
            (f"no {kind} objects were listed", hides) for kind, hides in _HIDES.items() if kind not in analysis.kinds
        )
        said = (
            f"{len(findings)} contradictions; {_clean(findings[0].text)}" if findings else "declared and existing agree"
        )
        return StepResult(observations=tuple(observations), gaps=gaps, found=bound(said, 200), work=self.cost)

    def _anomaly(self, answer: Answer[ObjectTable], f: Finding) -> Observation:
        return observe(
            agent=self.agent, sign=f.sign, entity=f.entity, verdict=Verdict.ANOMALY, text=_clean(f.text), answer=answer,
            series=f"kubernetes:{f.objects[0]}" if f.objects else "", strength=f.strength, quality=f.quality,
            since=f.since, peer=f.peer,
        )  # fmt: skip

    def _normal(self, answer: Answer[ObjectTable], sign: str, entity: EntityRef) -> Observation:
        return observe(
            agent=self.agent, sign=sign, entity=entity, verdict=Verdict.NORMAL, answer=answer,
            text=_clean(f"{entity}: checked and not so: {SIGNS[sign]}"),
        )  # fmt: skip


async def shared_analysis(look: Look, answer: Answer[ObjectTable]) -> Analysis:
    """The reconciliation of the whole window, once for all screens that read it."""
    window = whole_window(look.board)

    async def make() -> Analysis:
        probes: tuple[Probe, ...] = ()
        try:
            probes = (await objects_of(look, ObjectKind.PROBES)).data.probes
        except SourceError:
            probes = ()  # the probe screen reports the loss
        return await asyncio.to_thread(analyse, answer.data.kubernetes, probes, window.end_ns)

    return await look.shared.get(f"kubernetes:analysis:{window.start_ns}:{window.end_ns}", make)


def _only_units(f: Finding) -> bool:
    """Rests on active checks alone: the probe screen tells it."""
    return bool(f.objects) and all(o.startswith("Unit/") for o in f.objects)


def _of_units(sign: str, entity: EntityRef) -> bool:
    return sign.endswith("_down") and entity.kind is EntityKind.NODE


def _clean(text: str) -> str:
    """Objects and events are untrusted text and may hold credentials."""
    return bound(redact(text), TEXT_LIMIT)
