"""For every rule: a cluster in which it speaks first, and a look-alike in which it must not speak."""

from __future__ import annotations

from tests.analysis.kubernetes.making import (
    NS,
    claim,
    container,
    event,
    node,
    obj,
    pod,
    quota,
    service,
    template,
    unplaced,
    volume,
    workload,
)
from tests.analysis.kubernetes.situations import (
    GRPC,
    MASTER,
    NODES,
    SA,
    TAINT,
    TOLERATE,
    Case,
    account,
    affinity,
    apart,
    asking,
    calling,
    ended,
    mounting,
    over,
    placed,
    probed,
    pull,
    refused,
    unbound,
    waiting,
)

CASES = [
    # admission: a refusal counts only while the pod is still missing
    Case(
        "k8s.service_account_missing",
        "a",
        lambda: [*workload("a", account("unknown"), pods=0), SA],
        lambda: [*workload("a", account("known"), pods=0), SA],
    ),
    Case(
        "k8s.service_account_missing",
        "a",
        lambda: refused("a", 'serviceaccount "late" not found'),
        lambda: [*workload("a"), event("ReplicaSet", "a-5d4f7c", "FailedCreate", 'serviceaccount "late" not found')],
    ),
    Case(
        "k8s.quota_pods",
        NS,
        lambda: [*refused("a", over("q", "pods")), quota("q", {"pods": "4"}, {"pods": "4"})],
        lambda: [
            *workload("a"),
            event("ReplicaSet", "a-5d4f7c", "FailedCreate", over("q", "pods")),
            quota("q", {"pods": "4"}, {"pods": "4"}),
        ],
    ),
    Case("k8s.quota_cpu", NS, lambda: refused("a", over("q", "requests.cpu")), lambda: refused("a", over("q", "pods"))),
    Case(
        "k8s.quota_memory", NS, lambda: refused("a", over("q", "limits.memory")), lambda: refused("a", over("q", "cpu"))
    ),
    Case(
        "k8s.quota_cpu",
        NS,
        lambda: [*workload("a", asking(cpu="2"), pods=0), *workload("b"), quota("q", {"cpu": "3"}, {"cpu": "2"})],
        lambda: [*workload("a", asking(cpu="2"), pods=0), *workload("b"), quota("q", {"cpu": "9"}, {"cpu": "2"})],
    ),
    Case(
        "k8s.limit_range",
        "a",
        lambda: refused("a", "maximum cpu usage per Container is 1, but limit is 2"),
        lambda: refused("a", 'admission webhook "w" denied the request'),
    ),
    Case(
        "k8s.admission_denied",
        "a",
        lambda: refused("a", 'admission webhook "w" denied the request: no label'),
        lambda: refused("a", "timed out waiting"),
    ),
    Case(
        "k8s.quota_services",
        NS,
        lambda: [
            *workload("a"),
            service("a"),
            *workload("b"),
            *workload("c", calling("b:80")),
            service("c"),
            quota("q", {"services": "2"}, {"services": "2"}),
        ],
        lambda: [
            *workload("a"),
            service("a"),
            *workload("b"),
            service("b"),
            *workload("c", calling("b:80")),
            quota("q", {"services": "2"}, {"services": "2"}),
        ],
    ),
    Case(
        "k8s.quota_storage",
        NS,
        lambda: [
            *NODES,
            *unplaced("a", mounting()),
            claim("else"),
            quota("q", {"requests.storage": "1Gi"}, {}),
            event("Pod", "a-5d4f7c-0", "FailedScheduling", 'persistentvolumeclaim "data" not found'),
        ],
        lambda: [
            *NODES,
            *workload("a", mounting()),
            claim("data", phase="Bound"),
            quota("q", {"requests.storage": "1Gi"}, {"requests.storage": "1Gi"}),
        ],
    ),
    # scheduling: the rule that stops the nodes that otherwise fit
    Case(
        "k8s.sched_node_selector",
        "a",
        lambda: placed(template(nodeSelector={"disk": "ssd"}), *NODES),
        lambda: placed(template(nodeSelector={"disk": "ssd"}), node("n1", labels={"disk": "ssd"}, taints=TAINT)),
    ),
    Case(
        "k8s.sched_affinity",
        "a",
        lambda: placed(affinity("rack"), *NODES, node("m", cordoned=True, labels={**MASTER, "rack": "1"})),
        lambda: placed(affinity("rack"), node("n1", labels={"rack": "1"}, cordoned=True), node("n2")),
    ),
    Case(
        "k8s.sched_anti_affinity",
        "a",
        lambda: placed(
            apart(),
            *NODES,
            others=[pod(f"b-{i}", labels={"app": "b"}, node=f"n{i}") for i in (1, 2)],
        ),
        lambda: placed(
            apart(),
            node("n1", taints=TAINT),
            node("n2", taints=TAINT),
            others=[pod("b-2", labels={"app": "b"}, node="n9")],
        ),
    ),
    Case(
        "k8s.sched_taint",
        "a",
        lambda: placed(template(), node("n1", taints=TAINT), node("m", cordoned=True, labels=MASTER)),
        lambda: placed(template(tolerations=TOLERATE), node("n1", taints=TAINT, cordoned=True)),
    ),
    Case(
        "k8s.sched_taint",
        "a",
        lambda: placed(template(nodeSelector={"kubernetes.io/hostname": "n1"}), node("n1", taints=TAINT), node("n2")),
        lambda: placed(template(nodeSelector={"kubernetes.io/hostname": "gone"}), *NODES),
    ),
    Case(
        "k8s.sched_cordon",
        "a",
        lambda: placed(template(), node("n1", cordoned=True), node("n2", cordoned=True)),
        lambda: placed(asking(cpu="64"), node("n1"), node("m", cordoned=True, labels=MASTER)),
    ),
    Case("k8s.sched_cpu", "a", lambda: placed(asking(cpu="64"), *NODES), lambda: placed(asking(memory="64Gi"), *NODES)),
    Case(
        "k8s.sched_cpu",
        "a",
        lambda: placed(asking(cpu="3"), node("n1"), others=[pod("big", asking(cpu="2"))]),
        lambda: placed(asking(cpu="1500m", memory="9Gi"), node("n1"), others=[pod("big", asking(cpu="2"))]),
    ),
    Case(
        "k8s.sched_memory", "a", lambda: placed(asking(memory="64Gi"), *NODES), lambda: placed(asking(cpu="64"), *NODES)
    ),
    Case(
        "k8s.sched_topology",
        "a",
        lambda: placed(
            template(container(ports=[{"containerPort": 80, "hostPort": 80}])),
            node("n1"),
            others=[pod("p", template(container(ports=[{"containerPort": 80, "hostPort": 80}])))],
        ),
        lambda: placed(asking(cpu="64"), node("n1")),
    ),
    Case(
        "k8s.sched_silent",
        "a",
        lambda: [*NODES, *unplaced("a", asked=False), event("Pod", "x", "Killing", "x")],
        lambda: placed(asking(cpu="64"), *NODES),
    ),
    # storage: by field
    Case(
        "k8s.volume_class",
        "a",
        lambda: unbound(claim("data", storageClassName="fast"), volume("v"), obj("StorageClass", "slow", "")),
        lambda: unbound(claim("data", storageClassName="", selector={"matchLabels": {"x": "y"}}), volume("v")),
    ),
    Case(
        "k8s.volume_selector",
        "a",
        lambda: unbound(claim("data", selector={"matchLabels": {"x": "y"}}), volume("v")),
        lambda: unbound(
            claim("data", selector={"matchLabels": {"x": "y"}}, size="9Gi"), volume("v", labels={"x": "y"})
        ),
    ),
    Case(
        "k8s.volume_access_mode",
        "a",
        lambda: unbound(claim("data", accessModes=["ReadWriteMany"]), volume("v")),
        lambda: unbound(claim("data"), volume("v", phase="Bound", claimRef={"namespace": NS, "name": "x"})),
    ),
    Case(
        "k8s.volume_occupied",
        "a",
        lambda: unbound(
            claim("data"),
            volume("v", phase="Bound", claimRef={"namespace": NS, "name": "x"}),
            volume("old", phase="Released", size="1Mi"),
        ),
        lambda: unbound(claim("data", size="9Gi"), volume("v")),
    ),
    Case(
        "k8s.volume_capacity",
        "a",
        lambda: unbound(claim("data", size="9Gi"), volume("v")),
        lambda: unbound(claim("data", storageClassName="x"), volume("v")),
    ),
    Case(
        "k8s.volume_unbound",
        "a",
        lambda: unbound(claim("other", phase="Bound")),
        lambda: [*NODES, *workload("a", mounting()), claim("data", phase="Bound")],
    ),
    Case(
        "k8s.mount_failed",
        "a",
        lambda: [*waiting("a", "ContainerCreating"), event("Pod", "a-5d4f7c-0", "FailedMount", "timed out attaching")],
        lambda: [*workload("a"), event("Pod", "a-5d4f7c-0", "FailedMount", "failed to sync cache")],
    ),
    Case(
        "k8s.mount_permission",
        "a",
        lambda: [
            *waiting("a", "ContainerCreating"),
            event("Pod", "a-5d4f7c-0", "FailedMount", "mkdir: Permission denied"),
        ],
        lambda: [*waiting("a", "ContainerCreating"), event("Pod", "a-5d4f7c-0", "FailedMount", "timed out")],
    ),
    # images: by message
    Case("k8s.image_not_found", "a", lambda: pull("r/a:1: not found"), lambda: pull("401 Unauthorized")),
    Case(
        "k8s.image_denied", "a", lambda: pull("failed to authorize: 401 Unauthorized"), lambda: pull("manifest unknown")
    ),
    Case(
        "k8s.image_denied",
        "a",
        lambda: [
            *pull("not found", imagePullSecrets=[{"name": "s"}]),
            event("Pod", "a-5d4f7c-0", "FailedToRetrieveImagePullSecret", "Unable to retrieve some pull secrets (s)"),
        ],
        lambda: [*pull("not found", imagePullSecrets=[{"name": "s"}]), obj("Secret", "s")],
    ),
    Case(
        "k8s.image_registry_unreachable",
        "a",
        lambda: pull("dial tcp: lookup r: no such host"),
        lambda: pull("manifest unknown"),
    ),
    # probes: port, protocol, path, and only then timing
    Case(
        "k8s.probe_port",
        "a",
        lambda: probed("readiness", {"tcpSocket": {"port": 9}}, "dial tcp 10.0.0.1:9: refused"),
        lambda: probed("readiness", {"tcpSocket": {"port": 8080}}, "dial tcp 10.0.0.1:8080: refused"),
    ),
    Case(
        "k8s.liveness_port",
        "a",
        lambda: probed("liveness", {"tcpSocket": {"port": 9}}, "dial tcp 10.0.0.1:9: refused", restarts=3),
        lambda: probed("readiness", {"tcpSocket": {"port": 9}}, "dial tcp 10.0.0.1:9: refused"),
    ),
    Case(
        "k8s.liveness_protocol",
        "a",
        lambda: probed("liveness", {"httpGet": {"port": 8080}}, "net/http: malformed HTTP response", restarts=3),
        lambda: probed("liveness", {"httpGet": {"port": 8080}}, "HTTP probe failed with statuscode: 503", restarts=3),
    ),
    Case(
        "k8s.probe_protocol",
        "a",
        lambda: probed("readiness", {"httpGet": {"port": 8080}}, "net/http: malformed HTTP response"),
        lambda: probed("liveness", {"httpGet": {"port": 8080}}, "net/http: malformed HTTP response", restarts=3),
    ),
    Case(
        "k8s.probe_path",
        "a",
        lambda: probed("readiness", {"httpGet": {"port": 8080}}, "HTTP probe failed with statuscode: 404"),
        lambda: probed("readiness", {"httpGet": {"port": 8080}}, "statuscode: 404", count=1),
    ),
    Case(
        "k8s.probe_timing",
        "a",
        lambda: probed(
            "liveness", {**GRPC, "periodSeconds": 1, "failureThreshold": 1}, "timeout: failed to connect", restarts=4
        ),
        lambda: probed(
            "liveness", {**GRPC, "periodSeconds": 10, "failureThreshold": 9}, "timeout: failed to connect", restarts=4
        ),
    ),
    Case(
        "k8s.probe_failing",
        "a",
        lambda: probed("readiness", GRPC, "timeout: rpc did not complete"),
        lambda: probed("readiness", GRPC, "timeout: rpc did not complete", count=1, ready=True),
    ),
    # containers
    Case(
        "k8s.oom_killed",
        "a",
        lambda: ended("OOMKilled", 3, waiting_for="CrashLoopBackOff"),
        lambda: ended("Error", 3, waiting_for="CrashLoopBackOff"),
    ),
    Case(
        "k8s.crash_loop", "a", lambda: ended("Error", 3, waiting_for="CrashLoopBackOff"), lambda: ended("Completed", 1)
    ),
    Case(
        "k8s.config_missing",
        "a",
        lambda: [
            obj("ConfigMap", "other", data={}),
            *waiting(
                "a", "CreateContainerConfigError", spec=template(container(envFrom=[{"configMapRef": {"name": "c"}}]))
            ),
        ],
        lambda: [
            obj("ConfigMap", "other", data={}),
            *waiting(
                "a", "Other", spec=template(container(envFrom=[{"configMapRef": {"name": "c", "optional": True}}]))
            ),
        ],
    ),
    Case(
        "k8s.sidecar",
        "a",
        lambda: [
            *workload("a", template(container(), container("mesh", None)), pods=0),
            pod(
                "a-5d4f7c-0",
                template(container(), container("mesh", None)),
                set_name="a-5d4f7c",
                labels={"app": "a"},
                ready=False,
                states=[{"name": "server", "ready": True}, {"name": "mesh", "ready": False}],
            ),
        ],
        lambda: [
            *workload("a", template(container(), container("mesh", None)), pods=0),
            pod(
                "a-5d4f7c-0",
                template(container(), container("mesh", None)),
                set_name="a-5d4f7c",
                labels={"app": "a"},
                ready=False,
                states=[{"name": "server", "ready": False}, {"name": "mesh", "ready": True}],
            ),
        ],
    ),
    # routing
    Case(
        "k8s.selector_empty",
        "a",
        lambda: [*workload("a"), service("a", selector={"app": "aa"})],
        lambda: [*workload("a", wanted=0, pods=0), service("a")],
    ),
    Case(
        "k8s.target_port",
        "a",
        lambda: [*workload("a"), service("a", target="grpc")],
        lambda: [*workload("a", template(container(port=None))), service("a", target=9090)],
    ),
    Case(
        "k8s.target_port",
        "a",
        lambda: [*workload("a"), service("a", target=9090)],
        lambda: [*workload("a"), service("a", port=9090, target=8080)],
    ),
    Case(
        "k8s.service_protocol",
        "a",
        lambda: [*workload("a"), service("a", protocol="UDP")],
        lambda: [
            *workload("a", template(container(ports=[{"containerPort": 8080, "protocol": "UDP"}]))),
            service("a", protocol="UDP"),
        ],
    ),
    Case(
        "k8s.address_wrong",
        "a",
        lambda: [*workload("a", calling("b:81")), *workload("b"), service("b")],
        lambda: [*workload("a", calling(f"b.{NS}.svc.cluster.local:80")), *workload("b"), service("b")],
    ),
    Case(
        "k8s.address_wrong",
        "a",
        lambda: [*workload("a", calling("orderss:80")), *workload("orders"), service("orders")],
        lambda: [*workload("a", calling("api.example.com:80")), *workload("orders"), service("orders")],
    ),
    Case("k8s.scaled_to_zero", "a", lambda: [*workload("a", wanted=0, pods=0), service("a")], lambda: workload("a")),
    Case(
        "k8s.network_policy",
        "b",
        lambda: [
            *workload("a", calling("b:80")),
            *workload("b"),
            service("b"),
            obj("NetworkPolicy", "p", spec={"podSelector": {"matchLabels": {"app": "b"}}, "policyTypes": ["Ingress"]}),
        ],
        lambda: [
            *workload("a", calling("b:80")),
            *workload("b"),
            service("b"),
            obj(
                "NetworkPolicy",
                "p",
                spec={
                    "podSelector": {"matchLabels": {"app": "b"}},
                    "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "a"}}}]}],
                },
            ),
        ],
    ),
    # nodes and control plane
    Case(
        "k8s.node_not_ready",
        "n2",
        lambda: [node("n1"), node("n2", ready="Unknown"), *workload("a", ready=0, node="n2")],
        lambda: [node("n1"), node("n2"), *workload("a", ready=0, node="n2")],
    ),
    Case(
        "k8s.runtime_down",
        "n1",
        lambda: [node("n1", ready="False", message="container runtime is down")],
        lambda: [node("n1", ready="False", message="disk is slow")],
    ),
    Case("k8s.node_pressure", "n1", lambda: [node("n1", pressure="DiskPressure")], lambda: [node("n1")]),
    Case(
        "k8s.dns_down",
        "coredns",
        lambda: [pod("coredns-5d4f7c9b8-x2x4z", ready=False, namespace="kube-system")],
        lambda: [
            pod("coredns-5d4f7c9b8-x2x4z", ready=False, namespace="kube-system"),
            pod("coredns-5d4f7c9b8-b2b4z", namespace="kube-system"),
        ],
    ),
]
