"""Boards and events made by hand, for tests of folds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from compass.agents.observe import observe
from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import Account, Hypothesis
from compass.domain.incident import Dependency, Incident, Onset
from compass.domain.mechanism import Mechanism, Mitigation, Pattern
from compass.domain.observation import Observation, Quality, Verdict
from compass.domain.posterior import Posterior
from compass.domain.telemetry import Coverage, Health, HealthStatus, NativeQuery
from compass.domain.time import NS_PER_S, Instant, Window
from compass.investigation.moves import GO_ON

START_NS = 1_700_000_000 * NS_PER_S
ONSET_NS = START_NS + 1800 * NS_PER_S
DETECTED_NS = ONSET_NS + 300 * NS_PER_S
NOW_NS = ONSET_NS + 900 * NS_PER_S
WINDOW = Window(start_ns=START_NS, end_ns=NOW_NS)
COMPLETE = Coverage(requested=WINDOW, received=WINDOW)
PASSED = ("go on to why", "policy:unattended", "nobody was asked")
OPENED_AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def service(name: str, namespace: str = "shop") -> EntityRef:
    return EntityRef(kind=EntityKind.SERVICE, name=name, namespace=namespace)


WEB, ORDERS, LEDGER = service("web"), service("orders"), service("ledger")
INCIDENT = Incident(title="Checkout is slow", window=WINDOW, detected_ns=DETECTED_NS, now_ns=NOW_NS, service="web")
ONSET = Onset(instant=Instant(ns=ONSET_NS, uncertainty_ns=10 * NS_PER_S), method="given")
HEALTHY = tuple(Health(source="test", part=part, status=HealthStatus.OK) for part in ("metrics", "logs", "traces"))


def seen(
    sign: str, entity: EntityRef, strength: float = 0.8, *, agent: str = "application", text: str = "",
    verdict: Verdict = Verdict.ANOMALY, since_ns: int | None = ONSET_NS, series: str = "",
    quality: Quality = Quality.DIRECT,
) -> Observation:  # fmt: skip
    """One observation; NORMAL and UNKNOWN ones have no strength and no beginning."""
    abnormal = verdict is Verdict.ANOMALY
    return observe(
        agent=agent, sign=sign, entity=entity, verdict=verdict, text=text or f"{sign} at {entity}: {verdict.value}",
        query=NativeQuery(language="derived", text=sign), coverage=COMPLETE, source="test", series=series,
        strength=strength if abnormal else 0.0, quality=quality,
        since=Instant(ns=since_ns) if abnormal and since_ns is not None else None,
    )  # fmt: skip


def theory(mechanism: str, entity: EntityRef, label: str = "H1", suggested_by: Iterable[str] = ()) -> Hypothesis:
    return Hypothesis(
        id=f"h-{mechanism}-{entity.name}", label=label, mechanism=mechanism, entity=entity, onset=Instant(ns=ONSET_NS),
        proposed_by="test", suggested_by=frozenset(suggested_by),
    )  # fmt: skip


def account(head: Hypothesis, **parts: object) -> Account:
    return replace(Account(id=f"a-{head.id}", head=head.id, links=(), triggers=()), **parts)  # type: ignore[arg-type]


def plan(head: Hypothesis, strategy: str = "scope", cost: float = 1.0) -> DisproofPlan:
    return DisproofPlan(
        id=f"p-{head.id}-{strategy}", hypothesis=head.id, strategy=strategy, cost=cost,
        arguments=PlanArguments(entity=head.entity), expectation=f"{head.entity} is hit",
    )  # fmt: skip


def attempt(head: Hypothesis, outcome: Outcome, strategy: str = "scope", **parts: object) -> DisproofAttempt:
    made = DisproofAttempt(
        plan=f"p-{head.id}-{strategy}", hypothesis=head.id, strategy=strategy, outcome=outcome,
        found=f"{strategy} {outcome.value} {head.mechanism}",
    )  # fmt: skip
    return replace(made, **parts)  # type: ignore[arg-type]


def posterior(beliefs: dict[str, float], no_incident: float = 0.0) -> Posterior:
    """What is left goes to "not on this list"."""
    left = 1.0 - no_incident - sum(beliefs.values())
    return Posterior(
        accounts=beliefs, no_incident=no_incident, not_listed=left, terms=(), engine="test", table_sha256="0" * 64
    )


def mechanism(key: str = "pool", **parts: object) -> Mechanism:
    made = Mechanism(
        id=key, claim="The pool of {entity} is used up.", family="pools", strikes=frozenset({EntityKind.SERVICE}),
        owner="database", requires=(Pattern(signs=("pool.exhausted",)),),
        check=("Compare used and maximum of {entity} with {peer}.",),
        mitigation=Mitigation(text="Restart {entity}.", command="kubectl restart deployment/{entity} -n {namespace}"),
    )  # fmt: skip
    return replace(made, **parts)  # type: ignore[arg-type]


def board(observations: Iterable[Observation] = (), **parts: object) -> Board:
    """An open investigation after its first round, every observation labelled in the order given."""
    found = {o.id: o for o in observations}
    made = Board(
        incident=INCIDENT, onset=ONSET, health=HEALTHY, entities=(LEDGER, ORDERS, WEB), round=1, phase="screen",
        dependencies=(Dependency(caller=WEB, callee=ORDERS), Dependency(caller=ORDERS, callee=LEDGER)),
        observations=found, observation_labels={key: f"E{i}" for i, key in enumerate(found, start=1)},
        decisions=((GO_ON, "policy:unattended", "nobody was asked"),),
    )  # fmt: skip
    return replace(made, **parts)  # type: ignore[arg-type]


def believed(heads: dict[Hypothesis, float], **parts: object) -> Board:
    """A board with one account a theory, believed as given; the gate behind what and where is passed."""
    accounts = tuple(account(head) for head in heads)
    beliefs = {a.id: belief for a, belief in zip(accounts, heads.values(), strict=True)}
    hypotheses = {head.id: head for head in heads}
    own = {
        "hypotheses": hypotheses, "accounts": accounts, "posterior": posterior(beliefs), "believed_round": 1,
        "decisions": (PASSED,),
    }  # fmt: skip
    return board(parts.pop("observations", ()), **{**own, **parts})  # type: ignore[arg-type]


def events(payloads: Iterable[c.Payload], first_seq: int = 1) -> tuple[c.Event, ...]:
    """Committed events, one a second."""
    return tuple(
        c.Event(
            id=UUID(int=seq), team="test", investigation=UUID(int=1), seq=seq, epoch=1, key=f"k{seq}",
            kind=c.KIND_OF[type(payload)], version=1, actor="test", cause=None,
            occurred_at=OPENED_AT + timedelta(seconds=seq), recorded_at=OPENED_AT + timedelta(seconds=seq),
            payload=payload, digest=b"",
        )
        for seq, payload in enumerate(payloads, start=first_seq)
    )  # fmt: skip


def opening() -> list[c.Payload]:
    return [
        c.Opened(incident=INCIDENT, engine="test", mode="parallel", commander="policy:unattended", specialists=("a",)),
        c.SourcesChecked(health=HEALTHY),
        c.ContextLearned(
            entities=(LEDGER, ORDERS, WEB), changes=(),
            dependencies=(Dependency(caller=WEB, callee=ORDERS), Dependency(caller=ORDERS, callee=LEDGER)),
        ),
        c.OnsetEstimated(onset=ONSET),
    ]  # fmt: skip
