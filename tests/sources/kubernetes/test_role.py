"""The role that ships is valid, grants what is asked, and nothing more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.sources.http.allowed import Endpoint
from compass.sources.http.settings import Server
from compass.sources.kubernetes.kinds import ENDPOINTS, KINDS, OF_CHANGES, VERSION
from tests.sources.kubernetes.asking import means

ROLE = Path(__file__).parents[3] / "deploy" / "kubernetes" / "read-only-role.yaml"
RELEASES = ("1.28", "1.32", "1.37")


def documents() -> dict[str, Any]:
    return {body["kind"]: body for body in yaml.safe_load_all(ROLE.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("release", RELEASES)
def test_the_manifest_is_valid(release: str) -> None:
    found = documents()
    assert set(found) == {"ServiceAccount", "ClusterRole", "ClusterRoleBinding"}
    for body in found.values():
        kubernetes_validate.validate(body, release, strict=True)


def test_the_binding_binds_the_account_to_the_role() -> None:
    found = documents()
    account, binding = found["ServiceAccount"]["metadata"], found["ClusterRoleBinding"]
    assert binding["roleRef"]["name"] == found["ClusterRole"]["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", **account}]


def test_the_role_grants_exactly_what_is_asked() -> None:
    granted, verbs = set(), set()
    for rule in documents()["ClusterRole"]["rules"]:
        granted |= {(group, plural) for group in rule["apiGroups"] for plural in rule["resources"]}
        verbs |= set(rule["verbs"])
    asked = set()
    for endpoint in set(ENDPOINTS) - {VERSION}:  # the version is readable for every account (system:discovery)
        parts = endpoint.path.strip("/").split("/")
        asked.add(("" if parts[0] == "api" else parts[1], parts[-1]))
    assert granted == asked == {(kind.group, kind.plural) for kind in KINDS}
    assert verbs == {"get", "list", "watch"}
    assert all(endpoint.method == "GET" for endpoint in ENDPOINTS)
    assert set(OF_CHANGES) <= set(KINDS)


@pytest.mark.parametrize(
    ("path", "method"),
    [("/api/v1/secrets", "GET"), ("/api/v1/namespaces/shop/secrets", "GET"), ("/api/v1/namespaces/shop/pods", "POST"),
     ("/api/v1/namespaces/shop/pods/checkout-1/log", "GET")],
)  # fmt: skip
async def test_secrets_and_writes_cannot_be_asked(path: str, method: str) -> None:
    client = means({}).client(Server(name="k", url="http://127.0.0.1:1"), ENDPOINTS)
    with pytest.raises(SourceRefusedError, match="is not among what COMPASS asks"):
        await client.ask(Endpoint(path=path, method=method), deadline=Deadline())
    await client.aclose()
