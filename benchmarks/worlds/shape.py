# ruff: noqa: E501, SIM905 - tables of names and texts read better in one line; recipes share one form
"""What a world looks like before anything happens: services, who calls whom, and where they run."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WORDS = (
    "account activity advert archive asset audit auth availability bid billing booking campaign card catalog channel "
    "claim comment compliance consent content contract credit customer device dispatch document export feed fleet "
    "follow fraud geo grant graph identity import ingest insight inventory invoice kyc label ledger limit loan locale "
    "loyalty map match media member menu message meter news notice offer onboarding order partner patient payout plan "
    "policy portfolio post preference price profile promo quote rating reader reco refund region render report "
    "reservation review risk route schedule score search segment session settle shift signup social stock stream "
    "subscription support tax template tenant ticketing timeline token tracker transfer translate trip upload usage "
    "user vendor voucher wallet warehouse watch webhook widget"
).split()
STYLES = ("{}", "{}-service", "{}-svc", "{}svc", "{}-api", "{}server", "ms-{}")
STORE_ENGINES = {
    "database": ("postgres", "mysql", "mongodb"),
    "cache": ("redis", "memcached"),
    "queue": ("kafka", "rabbitmq"),
}
STORE_STYLES = {
    "database": ("{}-db", "{}-{engine}", "{engine}-{}", "{}db"),
    "cache": ("{}-cache", "{}-redis", "{engine}-{}"),
    "queue": ("{}-queue", "{engine}", "{}-events"),
}
_SAFE = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(slots=True)
class Service:
    """One service or store. Rates in 1/s, times in seconds, sizes in bytes, CPU in cores; per replica where it says."""

    name: str
    kind: str  # gateway | app | database | cache | queue
    engine: str
    pods: list[str]
    nodes: list[str]
    own_s: float
    tail: float  # p99 over p50 of its own work
    cpu_idle: float
    cpu_per_request: float
    cpu_limit: float  # per replica
    memory: float  # per replica
    memory_limit: float
    errors: float  # share of requests that fail on an ordinary day
    disk_per_request: float
    bytes_per_request: float
    pool_size: int
    fd_limit: int

    @property
    def store(self) -> bool:
        return self.kind in ("database", "cache", "queue")


@dataclass(slots=True)
class Edge:
    """`calls` per request of the caller; a call that is not awaited adds no latency and no errors."""

    caller: int
    callee: int
    calls: float
    awaited: bool = True
    passes_errors: float = 1.0


@dataclass(slots=True)
class World:
    """A system and the axis of time on which it is watched. `order` lists callers before callees."""

    rng: np.random.Generator
    services: list[Service]
    edges: list[Edge]
    nodes: list[str]
    cores: float
    times_s: Floats
    step_s: float
    base_rate: float
    closed_loop: float
    out: dict[int, list[Edge]] = field(default_factory=dict)
    into: dict[int, list[Edge]] = field(default_factory=dict)

    def link(self) -> None:
        for edge in self.edges:
            self.out.setdefault(edge.caller, []).append(edge)
            self.into.setdefault(edge.callee, []).append(edge)


def draw_world(rng: np.random.Generator, apps: int, seconds: float, step_s: float) -> World:
    """A random system of `apps` services and some stores, watched for `seconds`."""
    stores = max(1, round(apps * rng.uniform(0.15, 0.4)))
    nodes = [_node(rng, i) for i in range(max(2, min(12, (apps + stores) // 5 + 1)))]
    style = str(rng.choice(STYLES))
    words = [str(w) for w in rng.permutation(WORDS)]
    services = [_service(rng, style.format(words.pop()) if i else _gateway(rng), "app" if i else "gateway", nodes)
                for i in range(apps)]  # fmt: skip
    for _ in range(stores):
        kind = str(rng.choice(["database", "database", "cache", "queue"]))
        engine = str(rng.choice(STORE_ENGINES[kind]))
        name = str(rng.choice(STORE_STYLES[kind])).format(words.pop(), engine=engine)
        if all(s.name != name for s in services):
            services.append(_service(rng, name, kind, nodes, engine))
    edges = _edges(rng, services, apps)
    world = World(
        rng=rng, services=services, edges=edges, nodes=nodes, cores=float(rng.choice([4, 8, 16, 32])),
        times_s=np.arange(0.0, seconds, step_s), step_s=step_s, base_rate=float(np.exp(rng.uniform(np.log(3), np.log(400)))),
        closed_loop=float(rng.choice([0.0, 0.0, rng.uniform(0.1, 0.7)])),
    )  # fmt: skip
    world.link()
    _size(world)
    return world


def _gateway(rng: np.random.Generator) -> str:
    return str(rng.choice(["gateway", "edge", "web", "front", "api-gateway", "bff", "portal", "ingress-nginx"]))


def _node(rng: np.random.Generator, i: int) -> str:
    zone = "abc"[i % 3]
    return str(
        rng.choice([f"worker-{i + 1}", f"ip-10-0-{int(rng.integers(200))}-{i + 17}.ec2.internal", f"node{zone}{i}"])
    )


def _service(rng: np.random.Generator, name: str, kind: str, nodes: list[str], engine: str = "") -> Service:
    store = kind in ("database", "cache", "queue")
    replicas = 1 if store else int(rng.choice([1, 1, 2, 2, 3]))
    own = {"database": 0.003, "cache": 0.0006, "queue": 0.002, "gateway": 0.004}.get(kind, 0.008)
    memory = float(np.exp(rng.uniform(np.log(40e6), np.log(2e9))))
    return Service(
        name=name, kind=kind, engine=engine,
        pods=[_pod(rng, name, i, stateful=store) for i in range(replicas)],
        nodes=[str(n) for n in rng.choice(nodes, replicas)],
        own_s=own * float(np.exp(rng.normal(0, 0.7))), tail=float(rng.uniform(2.5, 8)),
        cpu_idle=float(rng.uniform(0.002, 0.05)), cpu_per_request=float(np.exp(rng.uniform(np.log(0.0004), np.log(0.006)))),
        cpu_limit=float(rng.choice([0.5, 1.0, 2.0, 4.0])), memory=memory, memory_limit=memory * float(rng.uniform(1.3, 3)),
        errors=float(rng.choice([0.0, 0.0, rng.uniform(0.0005, 0.01)])),
        disk_per_request=float(rng.uniform(0.2, 3)) if kind in ("database", "queue") else float(rng.choice([0, 0, 0.05])),
        bytes_per_request=float(np.exp(rng.uniform(np.log(500), np.log(30_000)))),
        pool_size=int(rng.choice([5, 10, 20, 50])), fd_limit=int(rng.choice([1024, 4096, 65536])),
    )  # fmt: skip


def _pod(rng: np.random.Generator, name: str, i: int, *, stateful: bool) -> str:
    if stateful:
        return f"{name}-{i}"
    letters = [str(c) for c in rng.choice(list(_SAFE), 14)]
    return f"{name}-{''.join(letters[:9])}-{''.join(letters[9:])}"


def _edges(rng: np.random.Generator, services: list[Service], apps: int) -> list[Edge]:
    """A directed graph without circles: every service is reached, stores are leaves, some are shared."""
    edges: list[Edge] = []
    taken: set[tuple[int, int]] = set()

    def add(caller: int, callee: int, *, awaited: bool = True) -> None:
        if (caller, callee) not in taken:
            taken.add((caller, callee))
            calls = float(rng.choice([1.0, 1.0, 1.0, rng.uniform(0.1, 0.9), rng.uniform(1.5, 4)]))
            edges.append(Edge(caller, callee, calls, awaited, float(rng.choice([1.0, 1.0, rng.uniform(0.0, 0.6)]))))

    depth = int(rng.integers(2, 6))
    layer = np.sort(np.r_[0, rng.integers(1, depth + 1, max(apps - 1, 0))])
    for i in range(1, apps):
        above = [j for j in range(i) if layer[j] < layer[i]] or [0]
        near = [j for j in above if layer[j] == max(layer[k] for k in above)]
        for caller in {int(rng.choice(near)), *([int(rng.choice(above))] if rng.random() < 0.35 else [])}:
            add(caller, i, awaited=rng.random() > 0.08)
    for i in range(apps, len(services)):
        users = rng.choice(np.arange(1, apps) if apps > 1 else np.array([0]), int(rng.choice([1, 1, 2, 3])))
        for caller in {int(u) for u in users}:
            add(caller, i, awaited=services[i].kind != "queue")
    return edges


def usual_rates(world: World) -> list[float]:
    """Requests a second at each service when the gateway gets `base_rate`."""
    rates = [0.0] * len(world.services)
    rates[0] = world.base_rate
    for i in order(world):
        for edge in world.out.get(i, ()):
            rates[edge.callee] += rates[i] * edge.calls
    return rates


def order(world: World) -> list[int]:
    """Callers before callees."""
    waiting = {i: len(world.into.get(i, ())) for i in range(len(world.services))}
    ready, done = [i for i, n in waiting.items() if n == 0], []
    while ready:
        here = ready.pop(0)
        done.append(here)
        for edge in world.out.get(here, ()):
            waiting[edge.callee] -= 1
            if waiting[edge.callee] == 0:
                ready.append(edge.callee)
    return done


def _size(world: World) -> None:
    """Give each service limits that fit its usual load: someone once sized it."""
    for service, rate in zip(world.services, usual_rates(world), strict=True):
        need = (service.cpu_idle + rate * service.cpu_per_request) / len(service.pods)
        busy = float(world.rng.uniform(0.08, 0.55))
        service.cpu_limit = next((c for c in (0.1, 0.2, 0.5, 1, 2, 4, 8, 16, 32, 64) if c * busy >= need), need / busy)
