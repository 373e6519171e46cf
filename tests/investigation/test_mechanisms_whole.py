"""Each built-in mechanism through the whole engine: it leads on its own case and is refuted on look-alikes.

Theories are proposed, formed into accounts and weighed by `believe`; plans are made by the strategies that the
mechanism names, or chosen by the specialists, and run against made-up records. What is told apart by pattern scores
alone stands in tests/mechanisms/test_catalogue.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

import pytest

from compass.agents import specialists
from compass.analysis.likelihood import load_table
from compass.disproof import by_id
from compass.disproof._measure import KINDS
from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome
from compass.domain.entity import EntityKind
from compass.domain.mechanism import Mechanism
from compass.domain.posterior import Posterior
from compass.investigation.beliefs import believe
from compass.investigation.moves import steps_of
from compass.investigation.settings import Limits
from compass.investigation.shared import SingleFlight
from compass.mechanisms.loader import load_catalogue
from compass.mechanisms.propose import hypothesis_id
from compass.ports.clock import Deadline
from compass.ports.specialist import Budget, Look
from compass.projections.board import fold_all
from tests.support.cases import (
    LEDGER,
    Case,
    asserted,
    case_of,
    kind_of,
    with_another_explanation,
    without_its_sign,
)  # fmt: skip
from tests.support.lookalikes import LookAlike, bystander, lookalike
from tests.support.running import apart

pytestmark = pytest.mark.xdist_group("mechanisms whole")  # two tests look at each attempt
CATALOGUE = load_catalogue()
MECHANISMS = {m.id: m for m in CATALOGUE.mechanisms}
TABLE = load_table()
STRATEGIES = by_id()
EACH = pytest.mark.parametrize("mechanism", CATALOGUE.mechanisms, ids=lambda m: m.id)
TELLING = 0.75
"""From this weight on a required sign is so characteristic that "not on this list" must not stay ahead of it."""
MEASURED = frozenset({"threshold", "baseline", "correlation", "dependency_direction", "similar_incident"})
SEEN_AT_THE_PAGED = frozenset({"calls_to_it_fail", "external_dependency_slow", "network_delay_incoming"})
"""What they require is the paged service's own symptom: it cannot be late for itself, nor felt by nobody."""
HARMLESS = frozenset({"log.path_changed", "log.novel", "log.surge", "log.gone", "trace.structure_changed"})
"""What a screen can flag while every request is served as ever: that callers are well does not refute it."""
SUSPECTED = 3
"""The bystander leads, or nearly, before anything is asked: its odds against the leader are at least one to so many."""


def folded(board: Board, payloads: Iterable[c.Payload]) -> Board:
    at, nobody = datetime.fromtimestamp(0, UTC), UUID(int=0)
    events = (
        c.Event(
            id=nobody, team="", investigation=nobody, seq=n, epoch=1, key=str(n), kind="", version=1, actor="",
            cause=None, occurred_at=at, recorded_at=at, payload=payload, digest=b"",
        ) for n, payload in enumerate(payloads, start=1)
    )  # fmt: skip
    return fold_all(events, board)


def believed(board: Board) -> Board:
    """The board after one planning step."""
    return folded(board, [payload for _, payload in believe(board, MECHANISMS, TABLE)])


def opened(seen: LookAlike) -> Board:
    """The look-alike after the screens, with the beliefs they lead to."""
    stated = [c.Proposed(hypothesis=h) for h in seen.stated]
    return believed(folded(replace(seen.board, round=1, phase="disprove"), stated))


def posterior(board: Board) -> Posterior:
    assert board.posterior is not None
    return board.posterior


def account(mechanism: Mechanism, case: Case | LookAlike) -> str:
    return f"A:{hypothesis_id(mechanism.id, case.entity)}"


def log_score(board: Board, key: str, *, patterns_only: bool = False) -> float:
    """The sum of an account's terms; without the prior and what holds for any theory at that place, if asked."""
    beside = ("prior", "closeness", "coverage") if patterns_only else ()
    return sum(t.log_score for t in posterior(board).terms if t.account == key and not t.group.startswith(beside))


@cache
def attempted(mechanism: Mechanism, strategy: str) -> tuple[Board, Board, DisproofAttempt | None]:
    return apart(attempt_of(mechanism, strategy))


@cache
def beside(mechanism: Mechanism) -> tuple[LookAlike, Board]:
    """Its bystander, and the board after the screens."""
    seen = bystander(mechanism)
    return seen, opened(seen)


async def attempt_of(mechanism: Mechanism, strategy: str) -> tuple[Board, Board, DisproofAttempt | None]:
    """One strategy against its own look-alike: the board before and after, and the attempt (None: nothing to ask).

    The measurements that the attempt made are left out, to see what the outcome alone does.
    """
    seen = lookalike(mechanism, strategy)
    before = opened(seen)
    own = before.hypotheses[hypothesis_id(mechanism.id, seen.entity)]
    plans = STRATEGIES[strategy].plan(own, mechanism, before)
    if not plans:
        return before, before, None
    attempt = await STRATEGIES[strategy].run(plans[0], before, seen.telemetry, Deadline())
    answer: list[c.Payload] = [c.PlanRegistered(plan=plans[0]), c.Attempted(attempt=attempt)]
    return before, believed(folded(before, answer)), attempt


def results(attempt: DisproofAttempt, plan: DisproofPlan) -> list[c.Payload]:
    observed = [c.Observed(observation=o) for o in attempt.observations]
    return [c.PlanRegistered(plan=plan), *observed, c.Attempted(attempt=attempt)]


async def investigated(seen: LookAlike, board: Board) -> Board:
    """All specialists, round after round, as the investigation runs them."""
    limits, crew = Limits(), specialists(MECHANISMS, STRATEGIES)
    for number in range(2, limits.rounds + 1):
        found: list[c.Payload] = []
        for specialist in crew:
            for step in steps_of(specialist.decide(board, Budget(work=limits.work_per_round))):
                look = Look(board=board, telemetry=seen.telemetry, shared=SingleFlight())
                result = await specialist.perform(step, look)
                assert result.attempt is not None
                assert step.plan is not None
                found += results(result.attempt, step.plan)
        if not found:
            return board
        board = believed(replace(folded(board, found), round=number))
    return board


@EACH
def test_leads_on_its_own_case(mechanism: Mechanism) -> None:
    case = case_of(mechanism)
    after = posterior(believed(case.board))
    mine = account(mechanism, case)
    order = [(key, round(p, 3)) for key, p in after.ranked()[:3]]
    assert after.ranked()[0][0] == mine, order
    assert after.accounts[mine] > after.no_incident
    if max(p.weight for p in mechanism.requires) >= TELLING:
        assert after.accounts[mine] > after.not_listed


@EACH
def test_falls_when_its_telling_sign_is_normal(mechanism: Mechanism) -> None:
    case = without_its_sign(mechanism)
    mine = account(mechanism, case)
    assert mine not in posterior(believed(case.board)).accounts  # nobody proposes it
    stated = believed(folded(case.board, [c.Proposed(hypothesis=asserted(case))]))
    after = posterior(stated)
    assert log_score(stated, mine, patterns_only=True) < 0
    assert after.accounts[mine] < min(0.05, after.ranked()[0][1])
    assert after.accounts[mine] < after.not_listed


@EACH
def test_falls_behind_what_it_forbids(mechanism: Mechanism) -> None:
    case = with_another_explanation(mechanism)
    mine = account(mechanism, case)
    own, other = believed(case_of(mechanism).board), believed(case.board)
    assert log_score(other, mine) < log_score(own, mine) - 1.0


def excused(mechanism: Mechanism, strategy: str) -> bool:
    """Whether a look-alike of this sort cannot be made: see SEEN_AT_THE_PAGED and HARMLESS; below a namespace there is
    nothing."""
    if strategy == "scope" and all(sign in HARMLESS for p in mechanism.requires for sign in p.signs[:1]):
        return True
    if strategy in ("time_order", "scope"):
        return mechanism.id in SEEN_AT_THE_PAGED
    return strategy == "alternative" and kind_of(mechanism) is EntityKind.NAMESPACE


@EACH
def test_is_refuted_on_the_look_alike_of_each_strategy_it_names(mechanism: Mechanism) -> None:
    refuting = set()
    for strategy in mechanism.refuters:
        before, after, attempt = attempted(mechanism, strategy)
        if attempt is None or excused(mechanism, strategy):
            continue
        assert attempt.outcome is Outcome.REFUTED, (strategy, attempt.found)
        mine = f"A:{attempt.hypothesis}"
        assert log_score(after, mine) < log_score(before, mine), strategy
        assert posterior(after).accounts[mine] < posterior(before).accounts[mine], strategy
        refuting.add(strategy)
    assert refuting
    if any(word in KINDS for pattern in mechanism.requires for word in pattern.signs):
        assert refuting & MEASURED  # what can be measured is refuted by measuring it


@EACH
async def test_a_bystander_is_overtaken_by_what_is_full(mechanism: Mechanism) -> None:
    seen, suspected = beside(mechanism)
    mine, full = account(mechanism, seen), f"A:{hypothesis_id('cpu_saturation', LEDGER)}"
    first, board = posterior(suspected), await investigated(seen, suspected)
    last = posterior(board)
    outcomes = {a.outcome for a in board.attempts.values() if f"A:{a.hypothesis}" == mine}
    # what is hardly believed is not worth a query, and then nothing is asked of it
    assert Outcome.REFUTED in outcomes or (not outcomes and first.accounts[mine] < 0.02)
    assert not outcomes or last.accounts[mine] < first.accounts[mine] / 2
    assert last.accounts[mine] < last.accounts[full]
    assert last.ranked()[0][0] == full


@pytest.mark.parametrize("strategy", sorted({name for m in CATALOGUE.mechanisms for name in m.refuters}))
def test_each_strategy_refutes_some_of_the_mechanisms(strategy: str) -> None:
    naming = [m for m in CATALOGUE.mechanisms if strategy in m.refuters]
    attempts = [attempted(m, strategy)[2] for m in naming]
    assert sum(a is not None and a.outcome is Outcome.REFUTED for a in attempts) >= 5


def test_a_strategy_that_no_mechanism_names_is_for_what_models_propose() -> None:
    """It is tried on proposals in test_advised_whole."""
    named = {name for m in CATALOGUE.mechanisms for name in m.refuters}
    assert set(STRATEGIES) - named == {"prediction"}


def test_bystanders_were_suspected() -> None:
    """Else it would show little that they fall."""
    suspected = 0
    for mechanism in CATALOGUE.mechanisms:
        seen, board = beside(mechanism)
        first = posterior(board)
        suspected += first.accounts[account(mechanism, seen)] * SUSPECTED >= first.ranked()[0][1]
    assert suspected >= 0.75 * len(CATALOGUE.mechanisms)
