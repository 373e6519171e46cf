"""Why pods, Services and claims are not created: accounts, quotas, limit ranges, policies, webhooks.

A creation error counts only while the controller still lacks the pod: at every deployment some pods are tried before
their account or quota is in place, and succeed at the next try.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from compass.analysis.kubernetes.finding import CAUSE, HINT, LIKELY, ODDITY, SYMPTOM, Finding, Report, instant, quote
from compass.analysis.kubernetes.model import Happening, Quota
from compass.analysis.kubernetes.placement import amount
from compass.analysis.kubernetes.view import View, Workload, namespace_entity
from compass.domain.observation import Quality

QUOTA_SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("k8s.quota_storage", ("requests.storage", "persistentvolumeclaims", "storageclass.storage.k8s.io")),
    ("k8s.quota_services", ("services",)),
    ("k8s.quota_pods", ("pods", "replicationcontrollers", "replicasets.apps", "deployments.apps")),
    ("k8s.quota_cpu", ("cpu",)),
    ("k8s.quota_memory", ("memory",)),
)
_EXCEEDED = re.compile(r"exceeded quota: (\S+?), requested: (\S+)")
_ACCOUNT = re.compile(r'serviceaccount "([^"]{1,253})" not found', re.IGNORECASE)
_LIMITS = re.compile(r"(maximum|minimum) (cpu|memory|storage)|limit to request ratio|must specify (limits|requests)")
_POLICY = re.compile(
    r"violates PodSecurity|unable to validate against any|admission webhook|denied the request"
    r"|ValidatingAdmissionPolicy"
)
PODS_AND_SIZE = frozenset({"pods", "count/pods", "cpu", "memory"})


def quota_sign(resource: str) -> str | None:
    """The sign of a quota resource: `requests.cpu`, `limits.memory`, `count/services`, `requests.storage` ..."""
    name = resource.removeprefix("count/")
    for sign, words in QUOTA_SIGNS:
        if any(name == w or name.endswith("." + w) or name.startswith(w + ".") or w in name.split("/") for w in words):
            return sign
    return None


def check(view: View, report: Report) -> None:
    """Add to `report` what the API server refuses: Services in namespaces with a quota, and pods that a controller
    lacks.

    All of it is noted as looked at, so that what is not found is known to be normal. Bare pods and workloads whose
    counts are not known are left out: nobody could say whether a pod of them is missing.
    """
    for namespace in view.cluster.namespaces:
        if any(q.namespace == namespace for q in view.cluster.quotas):
            for sign, _ in QUOTA_SIGNS:
                report.check(sign, namespace_entity(namespace))
            _services(view, namespace, report)
    for w in view.workloads:
        if w.kind == "Pod" or not w.known:
            continue
        report.check("k8s.service_account_missing", w.entity)
        report.check("k8s.admission_denied", w.entity)
        _account(view, w, report)
        if w.missing:
            said = [h for owner in ("ReplicaSet", w.kind) for name in (*w.sets, w.name)
                    for h in view.said(owner, w.namespace, name) if h.reason == "FailedCreate"]  # fmt: skip
            _refused(view, w, sorted(said, key=lambda h: (h.last_ns or 0, h.ref)), report)


def _account(view: View, w: Workload, report: Report) -> None:
    account = w.spec.account
    listed = "ServiceAccount" in view.cluster.kinds
    if not account or account == "default" or not listed:
        return
    if ("ServiceAccount", w.namespace, account) in view.cluster.named:
        return
    report.add(Finding(
        sign="k8s.service_account_missing", entity=w.entity, strength=CAUSE if w.missing else ODDITY,
        text=f"{w.kind} {w.name} declares service account {account}, which does not exist in {w.namespace}",
        since=instant(w.created_ns), objects=(w.ref, f"ServiceAccount/{w.namespace}/{account}"),
    ))  # fmt: skip


def _refused(view: View, w: Workload, said: Sequence[Happening], report: Report) -> None:
    """The reason of the last refusal, as the API server worded it."""
    if not said:
        _quota_by_numbers(view, w, report)
        return
    last = said[-1]
    message = last.message
    since = instant(said[0].first_ns)
    objects = (w.ref, last.ref)
    told = f"{w.kind} {w.name} still lacks {w.missing} of {w.wanted} pods: “{quote(message)}”"
    if found := _EXCEEDED.search(message):
        resources = [part.partition("=")[0] for part in found[2].split(",")]
        sign = next((s for r in resources if (s := quota_sign(r))), None)
        if sign:
            report.add(Finding(
                sign=sign, entity=namespace_entity(w.namespace), peer=w.entity, strength=CAUSE, text=told, since=since,
                objects=(*objects, f"ResourceQuota/{w.namespace}/{found[1]}"),
            ))  # fmt: skip
            return
    if account := _ACCOUNT.search(message):
        report.add(Finding(sign="k8s.service_account_missing", entity=w.entity, strength=CAUSE, since=since,
                           text=told, objects=(*objects, f"ServiceAccount/{w.namespace}/{account[1]}")))  # fmt: skip
    elif _LIMITS.search(message):
        report.add(
            Finding(sign="k8s.limit_range", entity=w.entity, strength=CAUSE, text=told, since=since, objects=objects)
        )
    elif _POLICY.search(message):
        sign = "k8s.limit_range" if "PodSecurity" in message else "k8s.admission_denied"
        report.add(Finding(sign=sign, entity=w.entity, strength=CAUSE, text=told, since=since, objects=objects))
    elif "forbidden" in message or "denied" in message:
        report.add(Finding(sign="k8s.admission_denied", entity=w.entity, strength=SYMPTOM, text=told, since=since,
                           objects=objects))  # fmt: skip


def _quota_by_numbers(view: View, w: Workload, report: Report) -> None:
    """No event kept: does one more of its pods exceed a quota?"""
    for quota in view.cluster.quotas:
        if quota.namespace != w.namespace:
            continue
        for resource, hard in sorted(quota.hard.items()):
            bare = resource.removeprefix("requests.")
            asks = 1.0 if resource in {"pods", "count/pods"} else w.spec.requests.get(bare, 0.0)
            sign = quota_sign(resource)
            over = quota.used.get(resource, 0.0) + asks > hard
            if sign and asks > 0 and over and bare in PODS_AND_SIZE:
                report.add(Finding(
                    sign=sign, entity=namespace_entity(w.namespace), peer=w.entity, strength=LIKELY,
                    text=f"{w.kind} {w.name} lacks {w.missing} pods; each asks {amount(bare, asks)} of {resource}, and "
                         f"{_state(quota, resource)}",
                    objects=(w.ref, f"ResourceQuota/{w.namespace}/{quota.name}"), quality=Quality.CORROBORATED,
                ))  # fmt: skip


def _services(view: View, namespace: str, report: Report) -> None:
    """The Service quota is used up, and a workload that serves a port has no Service although its neighbours have.

    An active check that names the missing Service, or a neighbour's configuration (see `addresses`), makes it firmer.
    """
    quota = quota_against(view, namespace, "k8s.quota_services", None)
    if quota is None or quota[2] < CAUSE or "Service" not in view.cluster.kinds:
        return
    serving = [w for w in view.workloads if w.namespace == namespace and any(c.ports for c in w.spec.serving)]
    names = {s.name for s in view.cluster.services if s.namespace == namespace}
    bare = [w for w in serving if w.name not in names and not view.selecting(w)]
    if not bare or len(bare) * 2 > len(serving):
        return
    for w in bare:
        asked = any(not p.ok and p.target.partition(":")[0] == f"{w.name}.{namespace}" for p in view.probes)
        report.add(Finding(
            sign="k8s.quota_services", entity=namespace_entity(namespace), peer=w.entity,
            strength=CAUSE if asked else HINT, quality=Quality.CORROBORATED if asked else Quality.INDIRECT,
            text=f"{w.kind} {w.name} serves a port and has no Service; {quota[3]}", since=instant(w.created_ns),
            objects=(w.ref, f"ResourceQuota/{namespace}/{quota[0].name}"),
        ))  # fmt: skip


def _state(quota: Quota, resource: str) -> str:
    bare = resource.removeprefix("requests.").removeprefix("limits.")
    used, hard = quota.used.get(resource, 0.0), quota.hard[resource]
    return f"quota {quota.name} has {amount(bare, used)} of {amount(bare, hard)} {resource} in use"


def quota_against(view: View, namespace: str, sign: str, asked: float | None) -> tuple[Quota, str, float, str] | None:
    """A quota of that sign that could refuse one more object: (quota, resource, strength, words), the tightest first.

    `asked` is the amount the missing object would take, None where nobody knows (then the quota only may have refused).
    """
    best: tuple[Quota, str, float, str] | None = None
    for quota in view.cluster.quotas:
        if quota.namespace != namespace:
            continue
        for resource, hard in sorted(quota.hard.items()):
            if quota_sign(resource) != sign:
                continue
            takes = 1.0 if "storage" not in resource.rpartition(".")[2] else asked
            used = quota.used.get(resource, 0.0)
            strength = LIKELY if takes is None else CAUSE if used + takes > hard else HINT
            if best is None or strength > best[2]:
                best = (quota, resource, strength, _state(quota, resource))
    return best
