"""The feed against a stand-in API server whose answers keep to the published schemas."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from compass.domain.incident import Incident
from compass.domain.telemetry import ObjectKind, ObjectQuery
from compass.ports.errors import SourceError, SourceRefusedError
from compass.sources.kubernetes.kinds import NAMES_ONLY
from compass.sources.kubernetes.lists import MOST_PAGES
from compass.sources.live.gathered import JsonObject
from compass.sources.live.source import LiveSource
from tests.sources.kubernetes.asking import NOW, PATIENT, SCOPE, WINDOW, asking, objects_of
from tests.sources.kubernetes.cluster import (
    SECRET,
    TOKEN,
    Cluster,
    autoscaler,
    config_map,
    node,
    owned,
    pod,
    service,
    shop,
    valid,
)


def named(found: list[JsonObject], kind: str) -> list[str]:
    return [str(body["metadata"]["name"]) for body in found if body["kind"] == kind]  # type: ignore[index,call-overload]


async def test_objects_come_as_kubectl_gives_them() -> None:
    async with asking(shop()) as (feed, server, ledger):
        gathered = await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
        found = objects_of(gathered)
    assert named(found, "Pod") == ["checkout-bbb-1"]
    assert named(found, "ReplicaSet") == ["checkout-aaa", "checkout-bbb"]
    assert named(found, "ConfigMap") == ["checkout-config"]
    for body in found:
        valid(body)
    assert gathered.missing == ()
    assert gathered.queries[0].text.startswith("kubectl get pods,services,nodes,")
    assert all(one.method == "GET" for one in server.asked)
    assert ledger.requests <= 14


async def test_both_parts_share_their_lists_and_stay_within_the_budget() -> None:
    async with asking(shop()) as (feed, server, ledger):
        await asyncio.gather(*(feed.gather(part, SCOPE, deadline=PATIENT) for part in sorted(feed.parts)))
        assert ledger.requests == 14
        assert len(set(server.paths)) == 14


async def test_no_secret_is_in_what_comes_nor_in_what_is_written_down() -> None:
    async with asking(shop()) as (feed, _, ledger):
        both = [await feed.gather(part, SCOPE, deadline=PATIENT) for part in ("kubernetes", "changes")]
        text = f"{both} {ledger} {feed!r}"
    assert SECRET not in text
    assert TOKEN not in text


async def test_values_of_configmaps_stay_on_the_server_unless_a_team_allows_them() -> None:
    cluster = Cluster()
    cluster.add(config_map("limits", {"pool.size": "50", "api.token": SECRET}))
    async with asking(cluster) as (feed, server, _):
        found = objects_of(await feed.gather("kubernetes", SCOPE, deadline=PATIENT))
        accepted = [one.headers["accept"] for one in server.asked if one.path.endswith("configmaps")]
    assert accepted == [NAMES_ONLY]
    assert "data" not in found[0]
    async with asking(cluster, configmaps=True) as (feed, _, _):
        found = objects_of(await feed.gather("kubernetes", SCOPE, deadline=PATIENT))
    assert found[0]["data"] == {"pool.size": "50", "api.token": "[redacted:secret]"}


async def test_a_kind_that_may_not_be_read_is_missing_with_what_to_grant() -> None:
    cluster = shop()
    cluster.forbidden, cluster.unknown = frozenset({"nodes"}), frozenset({"horizontalpodautoscalers"})
    async with asking(cluster) as (feed, _, _):
        gathered = await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
    forbidden, unknown = gathered.missing
    assert forbidden.startswith('not allowed to list nodes: grant verb list on resource nodes of apiGroup "": kubectl')
    assert unknown == "the cluster does not know horizontalpodautoscalers of autoscaling/v2"
    assert named(objects_of(gathered), "Pod")


async def test_an_account_that_may_read_nothing_is_refused_with_the_role_to_grant() -> None:
    cluster = replace_all(shop(), namespaced_only=True)
    for part in ("kubernetes", "changes"):
        async with asking(cluster) as (feed, _, _):
            with pytest.raises(SourceRefusedError, match=r"may list none of .*read-only-role.yaml"):
                await feed.gather(part, SCOPE, deadline=PATIENT)


async def test_an_expired_token_is_told_and_not_shown() -> None:
    async with asking(replace_all(shop(), token="another")) as (feed, server, ledger):
        with pytest.raises(SourceRefusedError, match=r"does not accept the credentials \(401\).*may have expired") as e:
            await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
        assert TOKEN not in f"{e.value!s} {e.value!r} {ledger}"
        with pytest.raises(SourceRefusedError, match="credentials"):
            await feed.look("kubernetes", deadline=PATIENT)
        assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


async def test_long_lists_are_read_page_by_page() -> None:
    cluster = many(10, page=4)
    async with asking(cluster) as (feed, server, _):
        gathered = await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
        asked = [one.params for one in server.asked if one.path.endswith("/pods")]
    assert named(objects_of(gathered), "Pod") == [f"pod-{number}" for number in range(10)]
    assert [one.get("continue") for one in asked] == [None, "4", "8"]
    assert gathered.missing == ()


async def test_a_list_beyond_the_cap_is_cut_and_says_so() -> None:
    async with asking(many(10, page=2)) as (feed, _, _):
        gathered = await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
    assert len(named(objects_of(gathered), "Pod")) == 2 * MOST_PAGES
    assert gathered.missing == ("only 8 pods were read, about 2 were not: set namespaces for this source",)
    async with asking(many(10, page=2)) as (feed, _, _):  # a recording that is kept has larger caps
        gathered = await feed.gather("kubernetes", replace(SCOPE, exact=True), deadline=PATIENT)
    assert len(named(objects_of(gathered), "Pod")) == 10


async def test_half_a_list_of_names_is_worse_than_none() -> None:
    cluster = Cluster(page=2)
    cluster.add(node("n"), *(config_map(f"c{number}", {}) for number in range(10)))
    async with asking(cluster) as (feed, _, _):
        gathered = await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
    assert named(objects_of(gathered), "ConfigMap") == []
    assert "configmaps were read" in gathered.missing[0]


async def test_a_list_that_grew_old_is_begun_again_once() -> None:
    cluster = many(6, page=4)
    cluster.gone = {"pods"}
    async with asking(cluster) as (feed, server, _):
        gathered = await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
        limits = [one.params["limit"] for one in server.asked if one.path.endswith("/pods")]
    assert named(objects_of(gathered), "Pod") == [f"pod-{number}" for number in range(6)]
    assert limits == ["250", "250", "500", "500"]
    assert gathered.missing == ()
    cluster.gone_always = True
    async with asking(cluster) as (feed, server, _):
        gathered = await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
    assert len(named(objects_of(gathered), "Pod")) == 4
    assert gathered.missing == ("only 4 pods were read, about 2 were not: set namespaces for this source",)


async def test_few_namespaces_are_asked_one_by_one_and_many_are_picked_out() -> None:
    cluster = Cluster(namespaced_only=True)
    for place in ("a", "b", "c", "d", "e"):
        cluster.add({**service(f"s-{place}"), "metadata": {"name": f"s-{place}", "namespace": place}})
    async with asking(cluster, namespaces=["a", "b"]) as (feed, _, _):
        gathered = await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
    assert named(objects_of(gathered), "Service") == ["s-a", "s-b"]
    assert [note.split(":")[0] for note in gathered.missing] == ["not allowed to list nodes"]
    cluster.namespaced_only = False
    async with asking(cluster, namespaces=["a", "b", "d", "e"]) as (feed, server, _):
        gathered = await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
        assert "/api/v1/services" in server.paths
    assert named(objects_of(gathered), "Service") == ["s-a", "s-b", "s-d", "s-e"]


async def test_more_is_asked_only_where_what_was_found_calls_for_it() -> None:
    claim: dict[str, Any] = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Bound"}, "spec": {},
        "metadata": {"name": "data", "namespace": "shop"},
    }  # fmt: skip
    for phase, asked in (("Bound", False), ("Pending", True)):
        cluster = shop()
        cluster.add({**claim, "status": {"phase": phase}})
        async with asking(cluster) as (feed, server, _):
            await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
            assert ("/apis/storage.k8s.io/v1/storageclasses" in server.paths) is asked
            assert ("/api/v1/serviceaccounts" in server.paths) is False
    cluster = shop()
    cluster.objects["Deployment"][0]["status"]["readyReplicas"] = 0
    async with asking(cluster) as (feed, server, _):
        await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
        assert "/api/v1/serviceaccounts" in server.paths


async def test_what_is_past_is_not_what_is_now() -> None:
    async with asking(shop(), now="12:40:00") as (feed, _, _):
        objects = await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
        changes = await feed.gather("changes", SCOPE, deadline=PATIENT)
    assert objects.missing == ("objects are as they are now, 120 minutes after the window's end",)
    assert changes.missing[0].startswith("Events are kept for about an hour")


async def test_a_look_counts_and_says_what_may_not_be_read() -> None:
    cluster = many(7, page=3)
    cluster.add(node("n1"), node("n2"), autoscaler("checkout"))
    cluster.forbidden = frozenset({"events"})
    async with asking(cluster) as (feed, server, _):
        found = await feed.look("kubernetes", deadline=PATIENT)
        assert all(one.params.get("limit", "1") == "1" for one in server.asked)
        assert "deletions leave no trace" in (await feed.look("changes", deadline=PATIENT)).hints[-1]
    assert found.detail == "Kubernetes v1.37.0: 2 nodes, 7 pods"
    assert found.figures["horizontalpodautoscalers"] == "1"
    (hint,) = found.hints
    assert 'verb list on resource events of apiGroup ""' in hint


async def test_what_is_no_api_server_is_told() -> None:
    cluster = many(1)
    async with asking(cluster) as (feed, server, _):
        server.answer = lambda asked: replace_body(b"<html>log in</html>")
        with pytest.raises(SourceRefusedError, match="not what its API describes"):
            await feed.gather("kubernetes", SCOPE, deadline=PATIENT)
        with pytest.raises(SourceError):
            await feed.gather("logs", SCOPE, deadline=PATIENT)


async def test_hostile_texts_are_bounded_and_cannot_steer_a_terminal() -> None:
    cluster = Cluster()
    hostile = pod("evil", owned("ReplicaSet", "x"), "10:00:00")
    hostile["status"]["message"] = "\x1b[2Jgone " + "x" * 100_000
    hostile["metadata"]["annotations"] = {"note": "\u202eright to left\x07"}
    cluster.add(hostile)
    async with asking(cluster) as (feed, _, _):
        (body,) = objects_of(await feed.gather("kubernetes", SCOPE, deadline=PATIENT))
    assert body["status"]["message"].startswith("gone xxx")  # type: ignore[index,union-attr,call-overload]
    assert len(json.dumps(body)) < 6_000
    assert body["metadata"]["annotations"] == {"note": "right to left"}  # type: ignore[index,call-overload]


async def test_an_investigation_reads_what_was_gathered() -> None:
    async with asking(shop()) as (feed, _, ledger):
        about = Incident(title="slow", window=WINDOW, detected_ns=SCOPE.detected_ns, now_ns=WINDOW.end_ns)
        source = LiveSource("live", [feed], about, NOW, ledger)
        for kind, count in ((ObjectKind.KUBERNETES, 10), (ObjectKind.CHANGES, 1)):
            answer = await source.objects(ObjectQuery(kind=kind, window=WINDOW, limit=100), deadline=PATIENT)
            assert len(answer.data.kubernetes) + len(answer.data.changes) == count
            assert answer.coverage.complete
            assert answer.query.text.startswith("kubectl get")
        (change,) = answer.data.changes
        assert change.entity is not None
        assert (change.kind, change.entity.name) == ("deploy", "checkout")
        await source.aclose()


def replace_body(body: bytes) -> Any:
    from tests.support.loopback import Answer

    return Answer(body=body)


def replace_all(cluster: Cluster, **changes: Any) -> Cluster:
    return replace(cluster, **changes)


def many(count: int, page: int | None = None) -> Cluster:
    cluster = Cluster(page=page)
    cluster.add(*(pod(f"pod-{number}", owned("ReplicaSet", "x"), "10:00:00") for number in range(count)))
    return cluster
