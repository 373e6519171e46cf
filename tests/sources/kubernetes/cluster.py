"""A stand-in API server: every answer is checked against the schemas that Kubernetes publishes (strict: no field that
it does not know), as bundled in kubernetes-validate."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import kubernetes_validate
from jsonschema.validators import Draft202012Validator
from referencing import Registry, Resource

from compass.sources.kubernetes.kinds import KINDS, NAMES_ONLY, Kind
from tests.support.loopback import Answer, Asked

RELEASE = "1.37"
SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / f"v{RELEASE}.0-local-strict"
TOKEN = "canary-" + "token-4c1f88e0"
SECRET = "canary-" + "Zq81Lk20Xv77Pw3"
Body = dict[str, Any]
T0 = "2026-11-26T10:"  # the hour in which tests happen


@lru_cache
def _definitions() -> Registry[Any]:
    return Resource.from_contents(json.loads((SCHEMAS / "_definitions.json").read_text())) @ Registry()


@lru_cache
def _validator(schema: str) -> Draft202012Validator:
    described = json.loads((SCHEMAS / f"{schema}.json").read_text())
    return Draft202012Validator(described, registry=Resource.from_contents(described) @ _definitions())


def _as(schema: str, body: Body) -> Body:
    """The body itself. Raises ValidationError when the API's description does not allow it."""
    _validator(schema).validate(body)
    return body


def valid(body: Body) -> Body:
    """As `kubernetes_validate.validate(body, RELEASE, strict=True)`, which reads its schemas anew each time."""
    group, _, version = body["apiVersion"].rpartition("/")
    prefix = f"{group.partition('.')[0]}-" if group else ""
    return _as(f"{body['kind'].lower()}-{prefix}{version}", body)


@dataclass
class Cluster:
    """`objects` by kind. `forbidden` plurals are answered with 403, `unknown` with 404, `gone` says which `continue`
    tokens have expired; `page` bounds what one answer holds, whatever was asked."""

    objects: dict[str, list[Body]] = field(default_factory=dict)
    forbidden: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    gone: set[str] = field(default_factory=set)
    gone_always: bool = False
    page: int | None = None
    token: str | None = TOKEN
    namespaced_only: bool = False

    def add(self, *bodies: Body) -> None:
        for body in bodies:
            self.objects.setdefault(body["kind"], []).append(valid(body))

    def __call__(self, asked: Asked) -> Answer:
        if self.token is not None and asked.headers.get("authorization") != f"Bearer {self.token}":
            return _status(401, "Unauthorized", "Unauthorized")
        if asked.path == "/version":
            return Answer(body=json.dumps(_version()).encode())
        for kind in KINDS:
            for place in (None, *_namespaces(self.objects)):
                path = kind.everywhere.path if place is None else kind.in_namespace.url(place)
                if asked.path == path:
                    return self._list(kind, place, asked)
        return _status(404, "NotFound", f"the server could not find the requested resource {asked.path}")

    def _list(self, kind: Kind, place: str | None, asked: Asked) -> Answer:
        if kind.plural in self.unknown:
            return _status(404, "NotFound", "the server could not find the requested resource")
        if kind.plural in self.forbidden or (self.namespaced_only and place is None):
            scope = "at the cluster scope" if place is None else f'in the namespace "{place}"'
            who = "system:serviceaccount:compass:compass"
            said = f'{kind.plural} is forbidden: User "{who}" cannot list resource "{kind.plural}" in API group '
            return _status(403, "Forbidden", f'{said}"{kind.group}" {scope}')
        if "continue" in asked.params and "resourceVersion" in asked.params:
            return _status(400, "BadRequest", "specifying resource version is not allowed when using continue")
        token = asked.params.get("continue", "")
        if token and (self.gone_always or kind.plural in self.gone):
            self.gone.discard(kind.plural)
            return _status(410, "Expired", "The provided continue parameter is too old")
        found = [b for b in self.objects.get(kind.name, []) if place in (None, b["metadata"].get("namespace"))]
        start, limit = int(token or 0), int(asked.params["limit"])
        end = start + (limit if self.page is None else min(limit, self.page))
        meta: Body = {"resourceVersion": "1000"}
        if end < len(found):
            meta |= {"continue": str(end), "remainingItemCount": len(found) - end}
        if asked.headers["accept"] == NAMES_ONLY:
            return _names(found[start:end], meta)
        items = [{k: v for k, v in b.items() if k not in ("kind", "apiVersion")} for b in found[start:end]]
        return _json({"kind": f"{kind.name}List", "apiVersion": kind.api, "metadata": meta, "items": items})


def _names(found: Iterable[Body], meta: Body) -> Answer:
    """A PartialObjectMetadataList: the API's description has no schema for it; its metadata is that of any object."""
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    items = [{**partial, "metadata": valid({"kind": b["kind"], "apiVersion": b["apiVersion"],
                                            "metadata": b["metadata"]})["metadata"]} for b in found]  # fmt: skip
    body = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items}
    return Answer(body=json.dumps(body).encode())


def _namespaces(objects: Mapping[str, list[Body]]) -> set[str]:
    return {b["metadata"]["namespace"] for of in objects.values() for b in of if "namespace" in b["metadata"]}


def _json(body: Body) -> Answer:
    return Answer(body=json.dumps(valid(body)).encode())


def _version() -> Body:
    body = {
        "major": "1", "minor": "37", "gitVersion": "v1.37.0", "gitCommit": "abc", "gitTreeState": "clean",
        "buildDate": "2026-08-12T00:00:00Z", "goVersion": "go1.26", "compiler": "gc", "platform": "linux/amd64",
    }  # fmt: skip
    return _as("info-pkg-version", body)


def _status(code: int, reason: str, message: str) -> Answer:
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
            "reason": reason, "code": code}  # fmt: skip
    return Answer(status=code, body=json.dumps(_as("status-meta-v1", body)).encode())


# -- objects -----------------------------------------------------------------------------------------------------------


def meta(name: str, namespace: str | None = "shop", created: str = "08:00:00", **more: Any) -> Body:
    at = created if "T" in created else f"2026-11-26T{created}Z"
    place = {} if namespace is None else {"namespace": namespace}
    return {"name": name, **place, "uid": f"uid-{name}", "creationTimestamp": at, **more}


def owned(kind: str, name: str, version: str = "apps/v1") -> Body:
    owner = {"apiVersion": version, "kind": kind, "name": name, "uid": f"uid-{name}", "controller": True}
    return {"ownerReferences": [owner]}


def template(image: str, app: str = "checkout", env: Mapping[str, str] | None = None, **more: Any) -> Body:
    container: Body = {"name": "app", "image": image, **more}
    if env is not None:
        container["env"] = [{"name": name, "value": value} for name, value in env.items()]
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container]}}


def deployment(name: str, made: Body, revision: int, created: str = "08:00:00", ready: int = 1, **more: Any) -> Body:
    notes = {"annotations": {"deployment.kubernetes.io/revision": str(revision)}}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(name, created=created, **(notes | more)),
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": made},
        "status": {"readyReplicas": ready},
    }  # fmt: skip


def replica_set(
    deployment_: str, name: str, made: Body, revision: int, created: str, *, replicas: int = 0, cause: str = "",
    history: str = "",
) -> Body:  # fmt: skip
    notes = {"deployment.kubernetes.io/revision": str(revision)}
    notes |= {"kubernetes.io/change-cause": cause} if cause else {}
    notes |= {"deployment.kubernetes.io/revision-history": history} if history else {}
    hashed = name.rpartition("-")[2]
    labels = {**made["metadata"]["labels"], "pod-template-hash": hashed}
    return {
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": meta(name, created=created, annotations=notes, labels=labels, **owned("Deployment", deployment_)),
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                 "template": {**made, "metadata": {**made["metadata"], "labels": labels}}},
        "status": {"replicas": replicas, "readyReplicas": replicas},
    }  # fmt: skip


def pod(name: str, owner: Body, created: str, node: str = "node-1", labels: Body | None = None, **more: Any) -> Body:
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": meta(name, created=created, labels=labels or {"app": "checkout"}, **owner),
        "spec": {"nodeName": node, "containers": [{"name": "app", "image": "shop/checkout:1", **more}]},
        "status": {"phase": "Running", "podIP": "10.0.0.7"},
    }  # fmt: skip


def node(name: str) -> Body:
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": meta(name, None),
        "status": {"addresses": [{"type": "InternalIP", "address": "10.1.0.1"}],
                   "conditions": [{"type": "Ready", "status": "True"}]},
    }  # fmt: skip


def service(name: str, **more: Any) -> Body:
    ports = [{"port": 80, "targetPort": 8080}]
    spec = {"selector": {"app": name}, "ports": ports, "clusterIP": "10.2.0.1"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta(name, **more), "spec": spec}


def config_map(name: str, data: Mapping[str, str], **more: Any) -> Body:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(name, **more), "data": dict(data)}


def autoscaler(name: str, **more: Any) -> Body:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta(name, **more),
        "spec": {"maxReplicas": 9, "scaleTargetRef": target},
    }  # fmt: skip


def event(about: tuple[str, str], reason: str, message: str, at: str, **more: Any) -> Body:
    kind, name = about
    return {
        "apiVersion": "v1", "kind": "Event", "metadata": meta(f"{name}.{at}", created=at), "reason": reason,
        "message": message, "type": "Normal", "firstTimestamp": f"2026-11-26T{at}Z",
        "lastTimestamp": f"2026-11-26T{at}Z",
        "involvedObject": {"kind": kind, "name": name, "namespace": "shop"}, **more,
    }  # fmt: skip


def written(by: str, at: str, fields: Body, subresource: str = "") -> Body:
    """What the server notes of a write."""
    entry: Body = {"manager": by, "operation": "Update", "apiVersion": "v1", "time": f"2026-11-26T{at}Z",
                   "fieldsType": "FieldsV1", "fieldsV1": fields}  # fmt: skip
    return entry | ({"subresource": subresource} if subresource else {})


def shop() -> Cluster:
    """A small cluster in which checkout was rolled out at 10:20."""
    made = Cluster()
    env = {"DB_HOST": "postgres.shop.svc:5432", "DB_PASSWORD": SECRET, "POOL_SIZE": "50"}
    before, after = template("shop/checkout:1", env=env), template("shop/checkout:2", env={**env, "POOL_SIZE": "5"})
    made.add(
        node("node-1"), service("checkout"), service("postgres"),
        deployment("checkout", after, 2),
        replica_set("checkout", "checkout-aaa", before, 1, "08:00:00"),
        replica_set("checkout", "checkout-bbb", after, 2, "10:20:00", replicas=1, cause="release 2"),
        pod("checkout-bbb-1", owned("ReplicaSet", "checkout-bbb"), "10:20:03",
            env=[{"name": "DB_PASSWORD", "value": SECRET}]),
        config_map("checkout-config", {"password": SECRET}),
        event(("Deployment", "checkout"), "ScalingReplicaSet", "Scaled up replica set checkout-bbb to 1", "10:20:01"),
        event(("Deployment", "checkout"), "ScalingReplicaSet", "Scaled down replica set checkout-aaa to 0 from 1",
              "10:20:05"),
    )  # fmt: skip
    return made
