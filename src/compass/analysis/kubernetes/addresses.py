"""Names and ports in configuration against the Services that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from compass.analysis.kubernetes.admission import quota_against
from compass.analysis.kubernetes.finding import CAUSE, HINT, LIKELY, ODDITY, SYMPTOM, Finding, Report, instant
from compass.analysis.kubernetes.model import Service
from compass.analysis.kubernetes.view import View, Workload, namespace_entity, service_entity
from compass.domain.incident import Dependency

_LABEL = r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?"
_PART = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(rf"(?<![\w.@-])({_LABEL}(?:\.{_PART}){{0,6}}):(\d{{2,5}})(?![\w.])")
_HOST = re.compile(rf"({_LABEL}(?:\.{_LABEL}){{0,5}})\Z")
_URL = re.compile(rf"[a-z][a-z0-9+.-]{{1,30}}://(?:[^/@\s]{{1,200}}@)?({_LABEL}(?:\.{_LABEL}){{0,5}})(?=[/?\s]|\Z)")
_KEY = re.compile(r"(ADDR|ADDRESS|HOST|HOSTNAME|URL|URI|ENDPOINT|SERVER|TARGET|BROKER|UPSTREAM|DSN)S?$")
_HOST_KEY = re.compile(r"(_|^)(HOST|HOSTNAME|ADDR|ADDRESS|SERVER|ENDPOINT)$")
LOCAL = frozenset({"localhost"})
DEFAULT_PORT = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One host (and port) that a workload's configuration names. `key` is the variable or argument it stood in."""

    workload: Workload
    key: str
    host: str
    port: int | None
    source: str

    @property
    def shown(self) -> str:
        return f"{self.host}:{self.port}" if self.port is not None else self.host


def addresses(view: View) -> Iterator[Address]:
    """Every address in environment, arguments and referenced ConfigMaps, in a stable order, each once a workload."""
    for w in view.workloads:
        seen: set[tuple[str, int | None]] = set()
        for key, value, source in _texts(view, w):
            for host, port in _parse(key, value, dict(_env(w))):
                if host not in LOCAL and (host, port) not in seen:
                    seen.add((host, port))
                    yield Address(workload=w, key=key, host=host, port=port, source=source)


def _env(w: Workload) -> list[tuple[str, str]]:
    spec = w.spec if w.spec.containers or not w.pods else w.pods[0].spec
    return [pair for c in spec.containers for pair in c.env]


def _texts(view: View, w: Workload) -> Iterator[tuple[str, str, str]]:
    spec = w.spec if w.spec.containers or not w.pods else w.pods[0].spec
    for key, value in _env(w):
        yield key, value, w.ref
    for c in spec.containers:
        for word in c.words:
            yield "", word, w.ref
    for ref in spec.all_references():
        entries = view.cluster.data.get((w.namespace, ref.name), {}) if ref.kind == "ConfigMap" else {}
        for name, value in sorted(entries.items()):
            if not ref.key or ref.key == name:
                yield ref.env or name, value, f"ConfigMap/{w.namespace}/{ref.name}"


def _parse(key: str, value: str, env: dict[str, str]) -> Iterator[tuple[str, int | None]]:
    for found in _ADDRESS.finditer(value):
        port = int(found[2])
        if 0 < port < 65536:
            yield found[1], port
    for found in _URL.finditer(value):
        yield found[1], DEFAULT_PORT.get(value[: value.find("://")].lower())
    whole = _HOST.match(value.strip())
    if whole and _HOST_KEY.search(key.upper()):
        sibling = env.get(_HOST_KEY.sub(r"\1PORT", key.upper()), "")
        yield whole[1], int(sibling) if sibling.isdigit() and len(sibling) < 6 else None


def resolve(view: View, address: Address) -> tuple[str, str] | None:
    """(namespace, Service name) that cluster DNS would look for; None for names outside the cluster."""
    parts = address.host.removesuffix(".").removesuffix(".cluster.local").split(".")
    if parts[-1] == "svc":
        parts = parts[:-1]
        if len(parts) == 1:
            return None
        return (parts[-1], parts[-2])
    if len(parts) == 1:
        return (address.workload.namespace, parts[0])
    if len(parts) in {2, 3} and parts[-1] in view.cluster.namespaces:
        return (parts[-1], parts[-2])
    if len(parts) == 2 and (address.workload.namespace, parts[1]) in view.services:  # pod of a headless Service
        return (address.workload.namespace, parts[1])
    return None


def check(view: View, report: Report) -> None:
    """k8s.address_wrong on the workload that names it, and quota_services where a quota explains a missing Service."""
    if "Service" not in view.cluster.kinds:
        return
    services = {(s.namespace, s.name): s for s in view.cluster.services}
    named = [(a, where) for a in addresses(view) if (where := resolve(view, a)) is not None]
    working = {(a.key, a.workload.namespace) for a, where in named if a.key and where in services}
    for address, where in named:
        report.check("k8s.address_wrong", address.workload.entity)
        service = services.get(where)
        if service is None:
            _no_service(view, address, where, working, report)
        elif address.port is not None and not _offers(view, service, address.port):
            offered = ", ".join(str(p.number) for p in service.ports) or "none"
            report.add(Finding(
                sign="k8s.address_wrong", entity=address.workload.entity, strength=CAUSE, peer=view.services[where],
                text=f"{_place(address)} names {address.shown}; Service {service.name} offers port {offered}",
                since=instant(address.workload.created_ns), objects=(address.source, f"Service/{where[0]}/{where[1]}"),
            ))  # fmt: skip


def _offers(view: View, service: Service, port: int) -> bool:
    if service.kind == "ExternalName" or not service.ports:
        return True
    if port in {p.number for p in service.ports}:
        return True
    return service.headless and any(  # its name resolves to the pods: any port they serve will do
        p.number == port or not c.ports
        for w in view.workloads if w.entity == view.services[service.namespace, service.name]
        for c in w.spec.serving for p in c.ports
    )  # fmt: skip


def _place(address: Address) -> str:
    return f"{address.key} of {address.workload.name}" if address.key else f"an argument of {address.workload.name}"


def _no_service(
    view: View, address: Address, where: tuple[str, str], working: set[tuple[str, str]], report: Report
) -> None:
    namespace, name = where
    meant = next((w for w in view.workloads if (w.namespace, w.name) == where), None)
    since = instant(address.workload.created_ns)
    told = f"{_place(address)} names {address.shown}, and no Service {name} exists in {namespace}"
    objects = (address.source,)
    if meant is not None:
        quota = quota_against(view, namespace, "k8s.quota_services", None)
        if quota is not None and quota[2] >= CAUSE:
            report.add(Finding(
                sign="k8s.quota_services", entity=namespace_entity(namespace), peer=meant.entity, strength=CAUSE + 0.02,
                text=f"{told} although workload {name} does; {quota[3]}", since=since,
                objects=(*objects, meant.ref, f"ResourceQuota/{namespace}/{quota[0].name}"),
            ))  # fmt: skip
        report.add(Finding(sign="k8s.address_wrong", entity=meant.entity, strength=LIKELY,
                           text=f"{told} although workload {name} does", since=since, objects=(*objects, meant.ref),
                           peer=address.workload.entity))  # fmt: skip
        return
    near = next((s for s in view.cluster.services if s.namespace == namespace and _near(s, name, address.port)), None)
    elsewhere = (address.key, address.workload.namespace) in working
    if near is None and not elsewhere and not _KEY.search(address.key.upper()):
        return  # a colon between two words is not yet an address
    # an optional dependency that was never there is no incident; a misspelt or otherwise working one may be
    strength = CAUSE if near is not None else SYMPTOM if elsewhere else HINT if address.workload.impaired else ODDITY
    report.add(Finding(
        sign="k8s.address_wrong", entity=address.workload.entity, strength=strength, since=since, objects=objects,
        text=told + (f"; Service {near.name} does" if near else ""),
        peer=view.services[near.namespace, near.name] if near else service_entity(namespace, name),
    ))  # fmt: skip


def _near(service: Service, name: str, port: int | None) -> bool:
    """A likely misspelling: one name extends the other, or they differ in at most two edits, with a port it offers."""
    if port is not None and service.ports and port not in {p.number for p in service.ports}:
        return False
    longer, shorter = sorted((service.name, name), key=len, reverse=True)
    if len(shorter) >= 4 and longer.startswith(shorter):
        return len(longer) - len(shorter) <= 2 or longer[len(shorter)] in "-."
    return len(shorter) >= 5 and distance_at_most(service.name, name, 2)


def distance_at_most(left: str, right: str, limit: int) -> bool:
    """Whether the Levenshtein distance is within `limit`."""
    if abs(len(left) - len(right)) > limit:
        return False
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
        if min(row) > limit:
            return False
    return row[-1] <= limit


def dependencies(view: View) -> tuple[Dependency, ...]:
    """Caller → callee for every configured address that names an existing Service (kind "declared")."""
    found = {}
    for address in addresses(view):
        where = resolve(view, address)
        callee = view.services.get(where) if where else None
        if callee is not None and callee != address.workload.entity:
            found[address.workload.entity.key, callee.key] = Dependency(
                caller=address.workload.entity, callee=callee, kind="declared", seen="objects"
            )
    return tuple(found[key] for key in sorted(found))
