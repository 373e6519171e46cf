"""Build the view from the board."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, Outcome
from compass.domain.failure import FailureMode
from compass.domain.hypothesis import NO_CHANGE, Account, Hypothesis
from compass.domain.mechanism import Mechanism, Mitigation
from compass.domain.observation import Observation
from compass.domain.place import belief_by_place, counted_as
from compass.domain.proposed import proposals
from compass.domain.time import NS_PER_S, Instant
from compass.projections.asked import orders_line, request_lines
from compass.projections.central import central
from compass.projections.documents import document_lines
from compass.projections.filler import Filler
from compass.projections.lost import of_board, other_gaps
from compass.projections.past import past_lines
from compass.projections.proposing import author_of, name_lines, proposal_lines, proposer_of
from compass.projections.rechecks import recheck_lines
from compass.projections.relief import relief
from compass.projections.situation import situation
from compass.projections.team.part import critical_lines, team_part
from compass.projections.unread import unread_part
from compass.projections.view import (
    AccountLine,
    AttemptLine,
    ChangeLine,
    Fact,
    PlaceLine,
    ReadLine,
    ToldLine,
    TriggerLine,
    View,
)

POSSIBLE_TRIGGER = 0.05  # share of all belief from which a change is named as a possible trigger
LIKELY_TRIGGER = 0.2  # posterior weight from which a change is shown as a possible trigger
RELIEF_FROM = 0.02  # belief below which no relief is shown
PLACE_FROM = 0.05  # belief below which a place is not named
UNSURE_BELOW = 0.6  # DESIGN §4: all under 60 %: say what data would decide
_OUTCOME_ORDER = {Outcome.REFUTED: 0, Outcome.SURVIVED: 1, Outcome.AMBIGUOUS: 2, Outcome.NO_DATA: 3}


def build_view(board: Board, mechanisms: Mapping[str, Mechanism], *, id: str, number: int) -> View:  # noqa: A002
    """The whole view. Raises ValueError when nothing was opened yet."""
    if board.incident is None:
        raise ValueError("nothing was opened yet")
    incident, posterior, timing = board.incident, board.posterior, board.timing
    mechanisms = {**board.advice.stated, **mechanisms}
    lines = _account_lines(board, mechanisms)
    live = tuple(line for line in lines if not line.refuted)
    lost = of_board(board)
    return View(
        id=id, number=number, title=incident.title, system=incident.system, service=incident.service,
        symptom=incident.symptom, runbook=incident.runbook,
        runbook_steps=incident.runbook_steps, status=board.status, failure=board.failure, said=board.said,
        look_at=board.look_at, detected_ns=incident.detected_ns,
        onset_ns=board.onset.instant.ns if board.onset else None,
        onset_uncertainty_ns=board.onset.instant.uncertainty_ns if board.onset else 0,
        onset_method=board.onset.method if board.onset else "", now_ns=incident.now_ns,
        situation=situation(board), changes=change_lines(board), places=_places(board), accounts=live,
        refuted=tuple(line for line in lines if line.refuted),
        not_listed=posterior.not_listed if posterior else 1.0,
        no_incident=posterior.no_incident if posterior else 0.0,
        advice=_advice(board, live), gaps=other_gaps(board, lost), lost=lost,
        sources=tuple((h.part, h.status.value, h.detail) for h in board.health),
        agents=timing.agents_s if timing else {}, elapsed_s=timing.elapsed_s if timing else None,
        parallel_s=timing.parallel_s if timing else None, sequential_s=timing.sequential_s if timing else None,
        engine=posterior.engine if posterior else "", table_sha256=posterior.table_sha256 if posterior else "",
        rechecks=recheck_lines(board), model_lost=board.advice.lost, note=incident.note,
        proposals=proposal_lines(board, mechanisms, _attempts_on_proposals(board)), names=name_lines(board),
        requests=request_lines(board), orders=orders_line(board),
        unread=unread_part(board), past=past_lines(board, mechanisms),
        past_searched=board.memory.searched if board.memory is not None and not board.memory.lost else None,
        past_lost=board.memory.lost if board.memory is not None else "",
        told=told_lines(board), documents=document_lines(board), critical=critical_lines(board), team=team_part(board),
    )  # fmt: skip


def told_lines(board: Board) -> tuple[ToldLine, ...]:
    """What the team's own tools said, with the labels a person can look up."""
    return tuple(
        ToldLine(
            label=label, source=one.source, tool=one.tool, arguments=one.arguments, entity=one.entity,
            specialists=one.specialists, text=one.text, missing=one.coverage.missing, at_ns=one.at_ns,
        )
        for label, one in board.told.items()
    )  # fmt: skip


def _attempts_on_proposals(board: Board) -> dict[str, tuple[AttemptLine, ...]]:
    found: dict[str, tuple[AttemptLine, ...]] = {h.id: () for h in proposals(board)}
    for attempt in board.attempts.values():
        if attempt.hypothesis in found:
            found[attempt.hypothesis] += (attempt_line(board, attempt),)
    return found


def _places(board: Board) -> tuple[PlaceLine, ...]:
    heads = Counter(counted_as(board.hypotheses[a.head].entity, board.containment) for a in board.accounts)
    return tuple(
        PlaceLine(entity=place, confidence=share, theories=heads[place])
        for place, share in belief_by_place(board).items()
        if share >= PLACE_FROM
    )


def fact(board: Board, observation: Observation) -> Fact:
    return Fact(label=board.observation_labels.get(observation.id, "E?"), observation=observation)


def attempt_line(board: Board, attempt: DisproofAttempt) -> AttemptLine:
    """An attempt with the labels a person can look up."""
    plan = board.plans.get(attempt.plan)
    hypothesis = board.hypotheses.get(attempt.hypothesis)
    labels = (board.observation_labels.get(key, "") for key in attempt.observed)
    return AttemptLine(
        hypothesis=hypothesis.label if hypothesis else "?", strategy=attempt.strategy,
        expectation=plan.expectation if plan else "",
        power=plan.power if plan else 0.0, attempt=attempt, evidence=tuple(x for x in labels if x),
    )  # fmt: skip


def change_lines(board: Board) -> tuple[ChangeLine, ...]:
    """Changes, latest first, each with what the investigation made of it."""
    onset = board.onset
    weights = _trigger_weights(board)
    rejected = _rejected(board)
    lines = []
    for change in sorted(board.changes, key=lambda change: (-change.at.ns, change.id)):
        offset = (change.at.ns - onset.instant.ns) / NS_PER_S if onset else 0.0
        weight, said = weights.get(change.id, (0.0, None))
        # A change that was refuted for one theory and is likely for the leading one is a possible trigger.
        why = (rejected.get(change.id) or said) if weight < LIKELY_TRIGGER else None
        if why and weight >= POSSIBLE_TRIGGER:
            why = None  # refuted for one account; for another, likelier one it may still have been the trigger
        order = _order(change.at, onset.instant) if onset else ""
        if why:
            verdict = "refuted as a trigger"
        elif order == "after":
            verdict = "after the onset"
        else:
            beside = "about the onset" if order == "unclear" else "before the onset"
            verdict = "a possible trigger" if weight >= POSSIBLE_TRIGGER else beside
        lines.append(
            ChangeLine(
                id=change.id, at_ns=change.at.ns, kind=change.kind, entity=change.entity, summary=change.summary,
                offset_s=offset, verdict=verdict, refuted=why, weight=weight, uncertainty_ns=change.at.uncertainty_ns,
                order=order, read=_read(board, change.id),
            )
        )  # fmt: skip
    return tuple(lines)


def _read(board: Board, change: str) -> ReadLine | None:
    one = board.advice.changes.get(change)
    return ReadLine(could=one.could, why=one.why, cites=one.cites) if one is not None else None


def _order(change: Instant, onset: Instant) -> str:
    """Overlapping intervals have no order."""
    if change.surely_before(onset):
        return "before"
    return "after" if onset.surely_before(change) else "unclear"


def _rejected(board: Board) -> dict[str, str]:
    """Why changes cannot have set it off: what was found for the most probable theory that asked."""
    belief = board.posterior.accounts if board.posterior else {}
    by_head = {account.head: belief.get(account.id, 0.0) for account in board.accounts}
    attempts = [a for a in board.attempts.values() if a.trigger is not None and a.outcome is Outcome.REFUTED]
    attempts.sort(key=lambda a: (by_head.get(a.hypothesis, 0.0), a.strategy == "time_order", a.plan))
    return {a.trigger: a.found for a in attempts if a.trigger is not None}


def _trigger_weights(board: Board) -> dict[str, tuple[float, str | None]]:
    belief = board.posterior.accounts if board.posterior else {}
    total: dict[str, float] = {}
    refuted: dict[str, str | None] = {}
    for account in board.accounts:
        for option in account.triggers:
            total[option.change] = total.get(option.change, 0.0) + belief.get(account.id, 0.0) * option.weight
            refuted[option.change] = refuted.get(option.change) or option.refuted
    return {change: (weight, refuted.get(change)) for change, weight in total.items()}


def _account_lines(board: Board, mechanisms: Mapping[str, Mechanism]) -> tuple[AccountLine, ...]:
    if board.posterior is None:
        return ()
    by_id = {account.id: account for account in board.accounts}
    cut = {
        a.hypothesis for a in board.attempts.values()
        if a.decisive and a.outcome is Outcome.REFUTED and a.trigger is None
    }  # fmt: skip
    lines = []
    ruled_out: set[str] = set()  # changes that cannot have set off this or a more probable account
    for rank, (key, belief) in enumerate(_in_order(board, by_id), start=1):
        account = by_id.get(key)
        head = board.hypotheses.get(account.head) if account else None
        if account is not None and head is not None:
            mechanism = mechanisms.get(head.mechanism)
            ruled_out |= _ruled_out(board, account)
            line = _account_line(board, mechanism, account, head, rank, belief, head.id in cut)
            lines.append(replace(line, mitigation=_relief(board, mechanism, account, belief, ruled_out)))
    return tuple(lines)


def _in_order(board: Board, by_id: Mapping[str, Account]) -> list[tuple[str, float]]:
    """The likeliest first; what a person set aside stands behind, with the probability it has."""
    ranked = board.posterior.ranked() if board.posterior is not None else ()
    aside = board.orders.aside
    return sorted(ranked, key=lambda pair: pair[0] in by_id and by_id[pair[0]].head in aside)


def _account_line(
    board: Board, mechanism: Mechanism | None, account: Account, head: Hypothesis, rank: int, belief: float, cut: bool
) -> AccountLine:
    attempts = tuple(attempt_line(board, a) for a in board.attempts.values() if a.hypothesis == head.id)
    supporting, opposing = _evidence_of(board, head)
    fill = _filler(board, head)
    return AccountLine(
        rank=rank, id=account.id, label=head.label, mechanism=head.mechanism,
        family=mechanism.family if mechanism else "", entity=head.entity,
        claim=fill(mechanism.claim) if mechanism else f"{head.mechanism} at {head.entity}",
        confidence=belief, onset_ns=head.onset.ns, evidence_for=supporting, evidence_against=opposing,
        attempts=attempts, best_attempt=_best(attempts), explains=_explains(board, account),
        trigger=_trigger(board, account),
        check=tuple(fill(text) for text in mechanism.check) if mechanism else (),
        mitigation=None, refuted=cut, central=tuple(fact(board, o) for o in central(board, account)),
        proposed_by=proposer_of(head), author=author_of(head), set_aside=board.orders.aside.get(head.id),
    )  # fmt: skip


def _filler(board: Board, head: Hypothesis) -> Filler:
    suggesting = sorted(
        (board.observations[key] for key in head.suggested_by if key in board.observations),
        key=lambda o: (-o.strength, o.id),
    )
    peers = [o.peer for o in suggesting if o.peer is not None and o.peer != head.entity]
    return Filler(head.entity, peers[0] if peers else None)


def _ruled_out(board: Board, account: Account) -> set[str]:
    tried = (a for a in board.attempts.values() if a.hypothesis == account.head and a.outcome is Outcome.REFUTED)
    return {o.change for o in account.triggers if o.refuted} | {a.trigger for a in tried if a.trigger is not None}


def _relief(
    board: Board, mechanism: Mechanism | None, account: Account, belief: float, ruled_out: set[str]
) -> Mitigation | None:
    """Nothing to do is offered for what hardly anybody would believe."""
    if belief < RELIEF_FROM:
        return None
    fill = _filler(board, board.hypotheses[account.head])
    own = _mitigation(mechanism.mitigation, fill) if mechanism and mechanism.mitigation.text else None
    option = max(account.triggers, key=lambda o: (o.weight, o.change), default=None)
    change = next((c for c in board.changes if option is not None and c.id == option.change), None)
    return relief(own, option, change, ruled_out=ruled_out, recorded=bool(board.changes))


def _mitigation(mitigation: Mitigation, fill: Filler) -> Mitigation:
    return Mitigation(
        text=fill(mitigation.text), command=fill.command(mitigation.command), risk=fill(mitigation.risk),
        recovery=fill(mitigation.recovery),
    )  # fmt: skip


def _evidence_of(board: Board, head: Hypothesis) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    """Observations for and against, the weightiest first (by the evidence that scored them)."""
    weight: dict[str, float] = {}
    for item in board.evidence:
        score = item.log_likelihood.get(head.id)
        for key in item.rests_on if score else ():
            weight[key] = max(weight.get(key, 0.0), score or 0.0, key=abs)  # the term that says most decides the side
    for key in head.suggested_by:
        weight.setdefault(key, 0.01)
    # What a specialist saw reads better than the bare figure that an attempt measured again: it comes first.
    known = sorted(
        ((key, w) for key, w in weight.items() if key in board.observations),
        key=lambda item: (
            board.observations[item[0]].agent not in board.specialists, -abs(item[1]),
            -board.observations[item[0]].strength, item[0],
        ),
    )  # fmt: skip
    supporting = tuple(fact(board, board.observations[key]) for key, w in known if w > 0)
    against = tuple(fact(board, board.observations[key]) for key, w in known if w < 0)
    return supporting, against


def _best(attempts: tuple[AttemptLine, ...]) -> AttemptLine | None:
    """The attempt that says most: a refutation first, then the one that would most often refute a wrong theory."""
    ranked = sorted(
        (a for a in attempts if a.attempt.trigger is None),
        key=lambda a: (_OUTCOME_ORDER[a.attempt.outcome], -a.power, a.attempt.plan),
    )
    return ranked[0] if ranked else None


def _explains(board: Board, account: Account) -> tuple[str, ...]:
    names = (board.hypotheses[key] for key in sorted(account.members - {account.head}) if key in board.hypotheses)
    return tuple(f"{h.label} {h.mechanism} at {h.entity}" for h in names)


def _trigger(board: Board, account: Account) -> TriggerLine | None:
    if not account.triggers:
        return None
    option = max(account.triggers, key=lambda o: (o.weight, o.change))
    change = next((change for change in board.changes if change.id == option.change), None)
    summary = change.summary if change else "no recorded change"
    return TriggerLine(
        change=NO_CHANGE if change is None else change.id, summary=summary, weight=option.weight,
        because=option.because,
    )  # fmt: skip


def _advice(board: Board, live: tuple[AccountLine, ...]) -> tuple[str, ...]:
    """DESIGN §4: say when the search was narrow, when nothing is sure, when "not on this list" leads."""
    if board.posterior is None or board.failure is FailureMode.NO_INCIDENT:
        return ()
    said = []
    top = live[0].confidence if live else 0.0
    if board.posterior.not_listed > max(top, board.posterior.no_incident):
        said.append("“Not on this list” leads: treat every account below as a lead, not as an answer.")
    if 0 < len(live) <= 2:
        said.append(f"Only {len(live)} account{'s' * (len(live) > 1)} could be stated: the search was narrow.")
    if live and top < UNSURE_BELOW:
        deciding = live[0].check[0] if live[0].check else "more telemetry around the onset"
        said.append(f"No account reaches {UNSURE_BELOW:.0%}. What would decide: {deciding}")
    return tuple(said)
