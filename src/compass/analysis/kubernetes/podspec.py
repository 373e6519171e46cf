"""What a pod declares: containers, ports, probes, environment, references, placement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from compass.analysis.kubernetes.read import at, boolean, integer, items, mapping, quantity, strings, text, texts
from compass.tables.objects import Json

Port = int | str  # a number, or the name of a container port


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPort:
    number: int | None
    name: str = ""
    protocol: str = "TCP"
    host_port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthProbe:
    """`role` liveness | readiness | startup; `how` http | https | grpc | tcp | exec. Times in seconds, API defaults."""

    role: str
    how: str
    port: Port | None
    path: str = ""
    delay: int = 0
    period: int = 10
    timeout: int = 1
    failures: int = 3

    @property
    def patience_s(self) -> float:
        """Seconds from the container's start to the last failure that is still forgiven."""
        return self.delay + (self.failures - 1) * self.period + self.timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A ConfigMap, Secret or claim that a pod names. `key` empty = the whole object. `env` the variable it fills."""

    kind: str
    name: str
    key: str = ""
    optional: bool = False
    env: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    name: str
    image: str
    ports: tuple[ContainerPort, ...]
    env: tuple[tuple[str, str], ...]
    words: tuple[str, ...]  # command and arguments
    probes: tuple[HealthProbe, ...]
    references: tuple[Reference, ...]
    requests: Mapping[str, float]
    init: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSpec:
    containers: tuple[Container, ...]  # the init containers too
    references: tuple[Reference, ...]  # of volumes
    account: str
    pull_secrets: tuple[str, ...]
    node_selector: Mapping[str, str]
    affinity: Mapping[str, Json]
    tolerations: tuple[Mapping[str, str], ...]
    spread: tuple[Mapping[str, Json], ...]
    node: str
    requests: Mapping[str, float] = field(default_factory=dict)

    @property
    def claims(self) -> tuple[str, ...]:
        return tuple(r.name for r in self.references if r.kind == "PersistentVolumeClaim")

    @property
    def serving(self) -> tuple[Container, ...]:
        return tuple(c for c in self.containers if not c.init)

    def all_references(self) -> tuple[Reference, ...]:
        return self.references + tuple(r for c in self.containers for r in c.references)


def port_value(value: Json) -> Port | None:
    """A port number or name: `8080`, `"8080"` and `"http"` are all legal in the API."""
    number = integer(value)
    return number if number is not None else (text(value) or None)


def read_pod_spec(spec: Mapping[str, Json]) -> PodSpec:
    """The typed form of a PodSpec. Whatever is missing or of the wrong type is empty."""
    init = tuple(_container(entry, init=True) for entry in items(spec.get("initContainers")))
    main = tuple(_container(entry, init=False) for entry in items(spec.get("containers")))
    return PodSpec(
        containers=init + main,
        references=tuple(r for volume in items(spec.get("volumes")) for r in _volume_references(volume)),
        account=text(spec.get("serviceAccountName")) or text(spec.get("serviceAccount")),
        pull_secrets=tuple(
            text(entry.get("name")) for entry in items(spec.get("imagePullSecrets")) if entry.get("name")
        ),
        node_selector=strings(spec.get("nodeSelector")),
        affinity=mapping(spec.get("affinity")),
        tolerations=tuple(strings(entry) for entry in items(spec.get("tolerations"))),
        spread=tuple(items(spec.get("topologySpreadConstraints"))),
        node=text(spec.get("nodeName")),
        requests=_pod_requests(init, main),
    )


def _pod_requests(init: tuple[Container, ...], main: tuple[Container, ...]) -> dict[str, float]:
    """The scheduler's sum: all main containers, or the largest init container where that asks for more."""
    total: dict[str, float] = {}
    for container in main:
        for resource, amount in container.requests.items():
            total[resource] = total.get(resource, 0.0) + amount
    for container in init:
        for resource, amount in container.requests.items():
            total[resource] = max(total.get(resource, 0.0), amount)
    return total


def _container(entry: Mapping[str, Json], *, init: bool) -> Container:
    ports = tuple(
        ContainerPort(
            number=integer(port.get("containerPort")),
            name=text(port.get("name")),
            protocol=text(port.get("protocol")) or "TCP",
            host_port=integer(port.get("hostPort")),
        )
        for port in items(entry.get("ports"))
    )
    env, references = [], []
    for variable in items(entry.get("env")):
        name = text(variable.get("name"))
        if isinstance(variable.get("value"), str):
            env.append((name, text(variable.get("value"))))
        references.extend(_env_reference(name, mapping(variable.get("valueFrom"))))
    for source in items(entry.get("envFrom")):
        references.extend(_whole(source, {"configMapRef": "ConfigMap", "secretRef": "Secret"}))
    # a limit without a request is the request (LimitRange aside), as the API server defaults it
    resources = {**mapping(at(entry, "resources", "limits")), **mapping(at(entry, "resources", "requests"))}
    requests = {name: amount for name, value in resources.items() if (amount := quantity(value)) is not None}
    probes = [_probe(role, mapping(entry.get(f"{role}Probe"))) for role in ("startup", "liveness", "readiness")]
    return Container(
        name=text(entry.get("name")), image=text(entry.get("image")), ports=ports, env=tuple(env),
        words=texts(entry.get("command")) + texts(entry.get("args")), requests=requests, init=init,
        probes=tuple(probe for probe in probes if probe is not None), references=tuple(references),
    )  # fmt: skip


def _env_reference(env: str, source: Mapping[str, Json]) -> list[Reference]:
    found = []
    for field_name, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        ref = mapping(source.get(field_name))
        if name := text(ref.get("name")):
            optional = ref.get("optional") is True
            found.append(Reference(kind=kind, name=name, key=text(ref.get("key")), optional=optional, env=env))
    return found


def _whole(source: Mapping[str, Json], kinds: Mapping[str, str]) -> list[Reference]:
    found = []
    for field_name, kind in kinds.items():
        ref = mapping(source.get(field_name))
        if name := text(ref.get("name")) or text(ref.get("secretName")) or text(ref.get("claimName")):
            found.append(Reference(kind=kind, name=name, optional=boolean(ref.get("optional")) is True))
    return found


def _volume_references(volume: Mapping[str, Json]) -> list[Reference]:
    kinds = {"configMap": "ConfigMap", "secret": "Secret", "persistentVolumeClaim": "PersistentVolumeClaim"}
    found = _whole(volume, kinds)
    for source in items(at(volume, "projected", "sources")):
        found.extend(_whole(source, {"configMap": "ConfigMap", "secret": "Secret"}))
    return found


def _probe(role: str, entry: Mapping[str, Json]) -> HealthProbe | None:
    if not entry:
        return None
    how, port, path = "exec", None, ""
    if "httpGet" in entry:
        http = mapping(entry.get("httpGet"))
        how = "https" if text(http.get("scheme")).upper() == "HTTPS" else "http"
        port, path = port_value(http.get("port")), text(http.get("path"))
    elif "grpc" in entry:
        how, port = "grpc", port_value(at(entry, "grpc", "port"))
    elif "tcpSocket" in entry:
        how, port = "tcp", port_value(at(entry, "tcpSocket", "port"))

    def number(name: str, default: int) -> int:
        value = integer(entry.get(name))
        return default if value is None or value < 0 else value

    return HealthProbe(
        role=role, how=how, port=port, path=path, delay=number("initialDelaySeconds", 0),
        period=number("periodSeconds", 10) or 10, timeout=number("timeoutSeconds", 1) or 1,
        failures=number("failureThreshold", 3) or 3,
    )  # fmt: skip
