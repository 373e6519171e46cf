"""Claims against volumes and classes, by field: which field keeps the otherwise fitting volumes away."""

from __future__ import annotations

from compass.analysis.kubernetes.admission import quota_against
from compass.analysis.kubernetes.finding import CAUSE, HINT, LIKELY, SYMPTOM, Finding, Report, instant, quote
from compass.analysis.kubernetes.labels import selects
from compass.analysis.kubernetes.model import Storage
from compass.analysis.kubernetes.view import View, Workload, namespace_entity, volume_entity
from compass.domain.observation import Quality

FIELDS: tuple[tuple[str, str, str], ...] = (  # field, sign, words
    ("class", "k8s.volume_class", "its storage class differs from theirs"),
    ("selector", "k8s.volume_selector", "its selector does not match their labels"),
    ("mode", "k8s.volume_access_mode", "they do not offer all access modes it asks for"),
    ("occupied", "k8s.volume_occupied", "they are bound to another claim"),
    ("capacity", "k8s.volume_capacity", "they are smaller than it asks for"),
)


def check(view: View, report: Report) -> None:
    """k8s.volume_*, quota_storage, mount_failed, mount_permission per workload that uses a claim."""
    claims = {(c.namespace, c.name): c for c in view.cluster.claims}
    for w in view.workloads:
        specs = [w.spec] + [pod.spec for pod in w.pods if pod.live]
        names = sorted({name for spec in specs for name in spec.claims})
        for name in names:
            report.check("k8s.volume_unbound", w.entity)
            claim = claims.get((w.namespace, name))
            if claim is None:
                _absent(view, w, name, report)
            elif claim.phase in {"Pending", "Lost"}:
                _unbound(view, w, claim, report)
        _mounts(view, w, report)


def _absent(view: View, w: Workload, name: str, report: Report) -> None:
    """No such claim. A storage quota of the namespace is the likeliest reason that creating it failed."""
    told = [h for pod in w.pods if pod.live for h in view.pod_said(pod) if f'"{name}" not found' in h.message]
    if not told and "PersistentVolumeClaim" not in view.cluster.kinds:
        return
    if not w.impaired:
        return
    objects = (w.ref, f"PersistentVolumeClaim/{w.namespace}/{name}")
    since = instant(told[0].first_ns if told else w.created_ns)
    quota = quota_against(view, w.namespace, "k8s.quota_storage", None)
    report.add(Finding(
        sign="k8s.volume_unbound", entity=w.entity, strength=LIKELY - 0.1 if quota else LIKELY, since=since,
        text=f"{w.name} mounts claim {name}, which does not exist in {w.namespace}", objects=objects,
        peer=volume_entity(w.namespace, name),
    ))  # fmt: skip
    if quota is not None:
        report.add(Finding(
            sign="k8s.quota_storage", entity=namespace_entity(w.namespace), peer=w.entity, since=since,
            strength=max(quota[2], LIKELY), quality=Quality.CORROBORATED,
            text=f"claim {name} of {w.name} does not exist, and a storage quota limits the namespace: {quota[3]}",
            objects=(*objects, f"ResourceQuota/{w.namespace}/{quota[0].name}"),
        ))  # fmt: skip


def _unbound(view: View, w: Workload, claim: Storage, report: Report) -> None:
    said = view.said("PersistentVolumeClaim", claim.namespace, claim.name)
    events = [h for h in said if not h.normal]
    waits = view.cluster.classes.get(claim.storage_class or "") == "WaitForFirstConsumer"
    if waits and not events and not w.impaired:
        return
    since = instant(min((h.first_ns for h in events if h.first_ns), default=w.created_ns))
    peer = volume_entity(claim.namespace, claim.name)
    told = f": “{quote(events[-1].message)}”" if events else ""
    objects = (w.ref, f"PersistentVolumeClaim/{claim.namespace}/{claim.name}")
    strength = CAUSE if w.impaired else HINT
    report.add(Finding(sign="k8s.volume_unbound", entity=w.entity, strength=min(strength, SYMPTOM + 0.1), since=since,
                       text=f"claim {claim.name} of {w.name} is {claim.phase.lower()}{told}", peer=peer,
                       objects=objects))  # fmt: skip
    name = claim.storage_class
    if name and "StorageClass" in view.cluster.kinds and name not in view.cluster.classes and not any(
        v.storage_class == name for v in view.cluster.volumes
    ):  # fmt: skip
        report.add(Finding(sign="k8s.volume_class", entity=w.entity, strength=strength, since=since, peer=peer,
                           text=f"claim {claim.name} of {w.name} asks for storage class {name}, which does not "
                                f"exist{told}", objects=objects))  # fmt: skip
        return
    for place, (sign, words, against) in enumerate(_why(view, claim)):
        report.add(Finding(
            sign=sign, entity=w.entity, strength=strength if place == 0 else HINT, since=since, peer=peer,
            text=f"claim {claim.name} of {w.name} is {claim.phase.lower()}; of the volumes that otherwise fit "
                 f"({', '.join(against[:5])}), {words}",
            objects=(*objects, *(f"PersistentVolume//{v}" for v in against[:5])),
        ))  # fmt: skip


def _why(view: View, claim: Storage) -> list[tuple[str, str, tuple[str, ...]]]:
    """Signs with the volumes they keep away, those that fail in the fewest fields first."""
    failing: list[tuple[frozenset[str], Storage]] = []
    for volume in view.cluster.volumes:
        against = mismatches(claim, volume)
        if against:
            failing.append((against, volume))
    if not failing or len(failing) < len(view.cluster.volumes):
        return []
    # a released volume waits for an administrator: it was not on offer, unless nothing else is
    usable = [f for f in failing if f[1].phase not in {"Released", "Failed"}] or failing
    fewest = min(len(against) for against, _ in usable)
    nearest = [(against, volume) for against, volume in usable if len(against) == fewest]
    counts = {field: [v.name for against, v in nearest if field in against] for field, _, _ in FIELDS}
    chosen = [(sign, words, tuple(counts[field])) for field, sign, words in FIELDS if counts[field]]
    return sorted(chosen, key=lambda entry: -len(entry[2]))


def mismatches(claim: Storage, volume: Storage) -> frozenset[str]:
    """The fields that keep a volume from a claim, after the binder's rules (class, selector, modes, size, free)."""
    found = set()
    if claim.storage_class is not None and (volume.storage_class or "") != claim.storage_class:
        found.add("class")
    if claim.selector and not selects(claim.selector, volume.labels):
        found.add("selector")
    if not claim.modes <= volume.modes:
        found.add("mode")
    if claim.asked is not None and volume.asked is not None and volume.asked < claim.asked:
        found.add("capacity")
    mine = volume.bound_to == (claim.namespace, claim.name)
    if (volume.phase not in {"Available", ""} and not (mine and volume.phase != "Released")) or (
        volume.bound_to is not None and not mine
    ):
        found.add("occupied")
    return frozenset(found)


def _mounts(view: View, w: Workload, report: Report) -> None:
    report.check("k8s.mount_failed", w.entity)
    for pod in w.pods:
        if not pod.live or pod.ready:
            continue
        said = [h for h in view.pod_said(pod) if h.reason in {"FailedMount", "FailedAttachVolume"}]
        texts = [e.message for c in pod.containers for e in c.endings] + [c.message for c in pod.containers]
        texts += [h.message for h in view.pod_said(pod) if not h.normal]
        objects = (f"Pod/{pod.namespace}/{pod.name}",)
        denied = next((t for t in texts if "permission denied" in t.lower()), "")
        if denied:
            report.add(Finding(sign="k8s.mount_permission", entity=w.entity, strength=CAUSE, objects=objects,
                               text=f"pod {pod.name} is refused access to a file: “{quote(denied)}”",
                               since=instant(pod.created_ns)))  # fmt: skip
        stuck = any(c.waiting in {"ContainerCreating", "PodInitializing"} for c in pod.containers) or not pod.containers
        if said and stuck and not view.fresh(pod.created_ns):
            missing = "not found" in said[-1].message and (
                "configmap" in said[-1].message or "secret" in said[-1].message
            )
            report.add(Finding(
                sign="k8s.config_missing" if missing else "k8s.mount_failed", entity=w.entity, objects=objects,
                strength=LIKELY, text=f"pod {pod.name} cannot mount a volume: “{quote(said[-1].message)}”",
                since=instant(said[-1].first_ns),
            ))  # fmt: skip
