"""Attempts and observations as evidence: what the posterior takes in, with the reason in words."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from compass.analysis.likelihood import LikelihoodTable
from compass.analysis.posterior import NO_INCIDENT
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, Outcome
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import NO_CHANGE, Account, TriggerOption
from compass.domain.mechanism import Mechanism
from compass.domain.observation import QUALITY_WEIGHT, Observation, Quality, Verdict
from compass.domain.posterior import Evidence
from compass.domain.sign import FAILING, REQUESTS, SLOW, SUFFERING

SYMPTOMS = SUFFERING | {"k8s.unready", "probe.http_failed"}
"""Signs that somebody who calls the service would notice."""
_KINDS = (SLOW, FAILING | {"probe.http_failed"})
"""Symptoms of requests that answer the same complaint."""
NO_TRIGGER_FLOOR = -3.0
"""Not every change is recorded: a theory of a change keeps a twentieth where all that are known are cleared."""
_NEGLIGIBLE = 0.01  # from here on a line says why; less than this moves nothing that is shown


def evidence_of_attempts(
    board: Board, mechanisms: Mapping[str, tuple[str, float]], table: LikelihoodTable
) -> tuple[Evidence, ...]:
    """Evidence of every attempt on a hypothesis that was refuted or survived, sorted by id.

    AMBIGUOUS and NO_DATA move nothing, and attempts on a trigger option belong to `trigger_weights`. `mechanisms` maps
    ids to (family, prior), as in `posterior.update`. A decisive refutation carries the hypothesis in `link`: there an
    account is cut.
    """
    found = []
    for key in sorted(board.attempts):
        attempt = board.attempts[key]
        hypothesis = board.hypotheses.get(attempt.hypothesis)
        if hypothesis is None or attempt.trigger is not None:
            continue
        if attempt.outcome not in (Outcome.REFUTED, Outcome.SURVIVED):
            continue
        family = mechanisms.get(hypothesis.mechanism, ("", 0.0))[0]
        plan = board.plans.get(key)
        decisive = _decisive(attempt)
        value = table.outcome(
            family, attempt.strategy, attempt.outcome, attempt.quality, decisive=decisive,
            predicted=plan.predicts.get(attempt.outcome.value) if plan is not None else None,
        )  # fmt: skip
        rests_on = sorted({*attempt.observed, *(o.id for o in attempt.observations)})
        found.append(Evidence(
            id=f"attempt/{key}", group=f"{attempt.strategy}/{hypothesis.id}", kind=attempt.outcome.value,
            log_likelihood={hypothesis.id: value}, because=attempt.found, rests_on=tuple(rests_on),
            link=hypothesis.id if decisive else None, explained=attempt.explained,
        ))  # fmt: skip
    return tuple(found)


def evidence_of_incident(board: Board, table: LikelihoodTable) -> tuple[Evidence, ...]:
    """Evidence for or against "no incident here" (key `no_incident`): what the paged service shows.

    A symptom there speaks against it, by its strength; a symptom elsewhere less so; if every symptom that was asked at
    the paged service is normal under complete coverage, and what the page speaks of was among them, that speaks for
    it. That the page and its alert say so moves nothing: the prior is that of an investigation, and each begins with
    one. Nothing measured moves nothing.
    """
    service = board.incident.service if board.incident is not None else None
    seen = [o for o in board.observations.values() if o.sign in SYMPTOMS]
    about = [o for o in seen if service is None or _is_part(o.entity, service, board)]
    here = [o for o in about if not o.told]
    ids = {o.id for o in about}
    there = [o for o in seen if o.id not in ids]
    found = []
    weights = table.incident
    for name, group, scale in (("paged", here, weights.anomaly), ("elsewhere", there, weights.elsewhere)):
        worst = _worst(group)
        if worst is not None:
            value = scale * _finite(worst.strength) * QUALITY_WEIGHT[worst.quality]
            found.append(_incident(name, value, worst.text, (worst.id,)))
    normal = [o for o in here if o.verdict is Verdict.NORMAL and o.coverage.complete]
    signs = {o.sign for o in normal}
    answered = all(signs & kind for kind in _told_kinds(about)) and signs & REQUESTS
    if len(signs) >= weights.minimum_normal and answered and _worst(here) is None:
        text = f"{len(signs)} symptoms asked at {service or 'every service'} are normal"
        found.append(_incident("normal", weights.normal, text, tuple(sorted(o.id for o in normal))))
    return tuple(found)


def evidence_of_triggers(board: Board, mechanisms: Mapping[str, Mechanism]) -> tuple[Evidence, ...]:
    """Evidence against theories that say a change did it, where no change that was recorded is likely to have.

    Such an account is worth P(some change set it off), which its own choice of trigger tells; what remains of a theory
    whose every change was refuted is a trace. Without any recorded change nothing is known of that. Ordered by account.
    """
    if not board.changes:
        return ()
    found = []
    for account in sorted(board.accounts, key=lambda a: a.id):
        head = board.hypotheses.get(account.head)
        mechanism = mechanisms.get(head.mechanism) if head is not None else None
        if mechanism is None or not _is_change(mechanism):
            continue
        alone = sum(option.weight for option in account.triggers if option.change == NO_CHANGE)
        if alone > _NEGLIGIBLE:
            found.append(Evidence(
                id=f"trigger/{account.head}", group=f"trigger/{account.head}", kind="trigger",
                log_likelihood={account.head: max(NO_TRIGGER_FLOOR, math.log1p(-min(alone, 1 - 1e-9)))},
                because=f"it says that a change did it, and with {alone:.0%} none that was recorded did",
            ))  # fmt: skip
    return tuple(found)


def _is_change(mechanism: Mechanism) -> bool:
    """Whether something the mechanism requires is nothing but a change."""
    return any(p.signs and all(sign.startswith("change.") for sign in p.signs) for p in mechanism.requires)


def trigger_weights(
    account: Account, attempts: Iterable[DisproofAttempt], table: LikelihoodTable
) -> tuple[TriggerOption, ...]:
    """The account's trigger options after the attempts on them: normalised, most probable first.

    A refuted option keeps a trace of its weight (the decisive floor, tempered by the quality of what refuted it) and
    the reason; "no change" is always an option. An account without options gets "no change" alone.
    """
    options = {option.change: option for option in account.triggers}
    options.setdefault(NO_CHANGE, TriggerOption(change=NO_CHANGE, weight=0.0 if options else 1.0))
    logs: dict[str, list[float]] = {key: [] for key in options}
    reasons: dict[str, str] = {key: option.refuted for key, option in options.items() if option.refuted is not None}
    for attempt in sorted(attempts, key=lambda a: a.plan):
        change = attempt.trigger
        if change is None or change not in options or attempt.hypothesis != account.head:
            continue
        if attempt.outcome is Outcome.REFUTED:
            logs[change].append(table.decisive_floor * QUALITY_WEIGHT[attempt.quality])
            reasons.setdefault(change, attempt.found)
        elif attempt.outcome is Outcome.SURVIVED:
            logs[change].append(table.triggers.survived * QUALITY_WEIGHT[attempt.quality])
    raised = {}
    weights = {key: max(0.0, _finite(option.weight)) for key, option in options.items()}
    heaviest = max(weights.values()) or 1.0  # sums stay finite
    for key, weight in weights.items():
        against = [value for value in logs[key] if value < 0]
        moved = min(against) if against else max(logs[key], default=0.0)
        raised[key] = weight / heaviest * math.exp(moved)
    total = math.fsum(raised.values())
    if total <= 0:  # nothing has any weight: then no change is what remains
        raised, total = {key: 1.0 if key == NO_CHANGE else 0.0 for key in options}, 1.0
    weighed = [
        replace(options[key], weight=value / total, refuted=reasons.get(key)) for key, value in raised.items()
    ]  # fmt: skip
    return tuple(sorted(weighed, key=lambda o: (-o.weight, o.change)))


def _decisive(attempt: DisproofAttempt) -> bool:
    return attempt.decisive and attempt.outcome is Outcome.REFUTED and attempt.quality is Quality.DIRECT


def _told_kinds(about: Iterable[Observation]) -> list[frozenset[str]]:
    """For each complaint about requests in the page and its alerts, the signs that would show it."""
    told = {o.sign for o in about if o.told}
    return [kind for kind in _KINDS if kind & told]


def _is_part(entity: EntityRef, service: str, board: Board) -> bool:
    """Whether `entity` is named `service` or lies in something that is."""
    here: EntityRef | None = entity
    for _ in range(8):
        if here is None:
            return False
        if here.name == service:
            return True
        here = board.containment.get(here)
    return False


def _worst(observations: Collection[Observation]) -> Observation | None:
    found = [o for o in observations if o.verdict is Verdict.ANOMALY]
    return max(found, key=lambda o: (_finite(o.strength) * QUALITY_WEIGHT[o.quality], o.id)) if found else None


def _incident(name: str, value: float, because: str, rests_on: tuple[str, ...]) -> Evidence:
    return Evidence(
        id=f"incident/{name}", group=f"incident/{name}", kind="incident", log_likelihood={NO_INCIDENT: value},
        because=because, rests_on=rests_on,
    )  # fmt: skip


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
