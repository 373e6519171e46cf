"""Alternative explanation: does another theory explain the same records, and more?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from compass.analysis.accounts import FOLLOWS_WORK, MAX_HOPS, TRAVELS, WORK
from compass.analysis.graph import ServiceGraph
from compass.disproof._common import (
    CLEARLY_MORE,
    expect,
    graph_of,
    make_attempt,
    make_plan,
    no_data,
    raised_by,
    seen_at,
    suggesting,
    theory,
)
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.observation import CLEAR, Observation, Quality
from compass.domain.sign import OWN_ONLY, REQUESTS
from compass.ports.clock import Deadline
from compass.ports.telemetry import Telemetry

ARRIVALS = "traffic.up"
NEARNESS = frozenset({"change.near", "change.config", "change.flag", "change.dependency"})
"""That something was changed, whatever it was: it says nothing beside what then happens."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Pure on the board. Refuted by a theory that was not itself refuted and began no later: one at something it calls
    or that holds it, which rests on all the same records and on further ones; or one further down, with a record of
    its own, of which all that speaks for this one is the usual consequence."""

    id: str = "alternative"

    def plan(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[DisproofPlan, ...]:
        """One, cheap, as it asks no source; none where nothing abnormal raised the theory or it is the only one on the
        board."""
        seen = suggesting(hypothesis, board)
        if not seen or len(board.hypotheses) < 2:
            return ()
        arguments = PlanArguments(
            entity=hypothesis.entity, observations=tuple(o.id for o in seen), signs=tuple(o.sign for o in seen)
        )
        return (make_plan(
            self.id, hypothesis, mechanism, arguments,
            expect(hypothesis, mechanism, f"no theory below {hypothesis.entity} explains the same "
                                          f"{len(seen)} findings and more"),
            cost=0.1, power=0.3,
        ),)  # fmt: skip

    async def run(self, plan: DisproofPlan, board: Board, telemetry: Telemetry, deadline: Deadline) -> DisproofAttempt:
        """Refuted or ambiguous by the best other theory (see the class), survived when there is none.

        Always of indirect quality: what refutes here is another reading of the same records. NO_DATA when the theory,
        or what raised it, is not on the board.
        """
        del telemetry, deadline  # all it needs is on the board
        hypothesis = board.hypotheses.get(plan.hypothesis)
        mine = raised_by(plan, board)
        if hypothesis is None or not mine:
            return no_data(plan, "the findings that raised it are not on the board")
        own, graph = _records(mine), graph_of(board)
        more, equal = [], []
        for other in sorted(board.hypotheses.values(), key=lambda h: h.id):
            if other.id == hypothesis.id or _refuted(other, board) or not _could_explain(other, hypothesis, graph):
                continue
            records = _records(suggesting(other, board))
            if records > own:
                more.append((len(records), other))
            elif records == own and other.lead >= hypothesis.lead:
                equal.append(other)
        observed = tuple(o.id for o in mine)
        reason = _explained_away(hypothesis, mine, board, graph) or _brought_by_work(hypothesis, mine, board, graph)
        if reason and not more:
            return make_attempt(
                plan, Outcome.REFUTED, reason, observed=observed, quality=Quality.INDIRECT, explained=True
            )
        if more:
            count, best = max(more, key=lambda item: (item[0], item[1].lead, item[1].id))
            found = f"{_name(best)} rests on all {len(own)} of its records and on {count - len(own)} more"
            # what refutes here is a competing reading of the same records, so it can never be direct
            return make_attempt(
                plan, Outcome.REFUTED, found, observed=observed, quality=Quality.INDIRECT, explained=True
            )
        if equal:
            found = f"{_name(equal[0])} explains the same {len(own)} records as well"
            return make_attempt(plan, Outcome.AMBIGUOUS, found, observed=observed, quality=Quality.INDIRECT)
        cause = _consequence_of(hypothesis, mine, board, graph)
        if cause is not None:
            found = f"nothing that speaks for it is its own: {_name(cause)} would bring it about too"
            return make_attempt(plan, Outcome.AMBIGUOUS, found, observed=observed, quality=Quality.INDIRECT)
        found = f"none of {len(board.hypotheses) - 1} other theories explains the same {len(own)} records and more"
        return make_attempt(plan, Outcome.SURVIVED, found, observed=observed, quality=Quality.INDIRECT)


def _records(observations: Iterable[Observation]) -> frozenset[str]:
    return frozenset(o.series for o in observations)


def _explained_away(
    hypothesis: Hypothesis, mine: Sequence[Observation], board: Board, graph: ServiceGraph
) -> str:  # fmt: skip
    """Why nothing of what speaks for a theory is its own: all of it travels from what it calls, and a theory there,
    at least as well supported, has a record of its own and the requests there are at least as badly hit. Else ""."""
    place = graph.owner(hypothesis.entity)
    if any(o.sign not in TRAVELS for o in mine):
        return ""
    for account in board.accounts:
        other = board.hypotheses[account.head]
        there = graph.owner(other.entity)
        if hypothesis.id not in account.members or there == place or there not in graph.downstream(place, MAX_HOPS):
            continue
        if other.lead < hypothesis.lead or hypothesis.onset.surely_before(other.onset) or _refuted(other, board):
            continue
        own = [o for o in suggesting(other, board) if _its_own(o)]
        felt = max((o.strength for o in seen_at(board, graph, there, REQUESTS).anomalies), default=0.0)
        between = any(o.sign == "trace.gap_up" and (o.peer is None or graph.owner(o.peer) != there) for o in mine)
        if own and not between and felt >= max(o.strength for o in mine):
            return f"all of it travels from what {place} depends on: {_name(other)} has its own sign ({own[0].text})"
    return ""


def _brought_by_work(
    hypothesis: Hypothesis, mine: Sequence[Observation], board: Board, graph: ServiceGraph
) -> str:  # fmt: skip
    """Why more work brings about all that speaks for a theory: more arrives here, and it begins at something above (or
    here) that a theory of more work was stated for and whose callers send no more than before. Else "".

    Work that begins inside, as retries and loops do, may follow from the trouble itself, and does not count.
    """
    place = graph.owner(hypothesis.entity)
    signs = {o.sign for o in mine} - NEARNESS
    arriving = [o for o in seen_at(board, graph, place, (ARRIVALS,)).anomalies if o.strength >= CLEARLY_MORE]
    if not arriving or signs & WORK or not signs <= FOLLOWS_WORK:
        return ""
    above = {place, *graph.upstream(place, MAX_HOPS)}
    for other in board.hypotheses.values():
        there = graph.owner(other.entity)
        if there not in above or hypothesis.onset.surely_before(other.onset) or _refuted(other, board):
            continue
        begins = not any(seen_at(board, graph, caller, WORK).anomalies for caller in graph.callers(there))
        own = [o for o in suggesting(other, board) if o.sign == ARRIVALS and graph.owner(o.entity) == there]
        inside = seen_at(board, graph, there, WORK - {ARRIVALS}).anomalies
        if own and begins and not inside:
            return f"more work arrives ({arriving[0].text}), and it comes from outside: {_name(other)} ({own[0].text})"
    return ""


def _consequence_of(
    hypothesis: Hypothesis, mine: Sequence[Observation], board: Board, graph: ServiceGraph
) -> Hypothesis | None:  # fmt: skip
    """A theory about another place, not refuted and as well supported, whose account holds this one as an effect;
    None where there is none, or where something seen here does not travel and so is this theory's own."""
    if any(o.sign not in TRAVELS for o in mine):
        return None
    place = graph.owner(hypothesis.entity)
    heads = (board.hypotheses[a.head] for a in board.accounts if hypothesis.id in a.members)
    return next(
        (h for h in heads if graph.owner(h.entity) != place and h.lead >= hypothesis.lead and not _refuted(h, board)),
        None,
    )


def _its_own(o: Observation) -> bool:
    """Measured where the trouble begins, and nothing that waiting for somebody else brings about."""
    known = o.sign in TRAVELS or o.sign.startswith(OWN_ONLY)
    return not known and o.quality is Quality.DIRECT and o.strength >= CLEAR


def _could_explain(other: Hypothesis, hypothesis: Hypothesis, graph: ServiceGraph) -> bool:
    """At something it calls directly or that holds it, and not begun surely later.

    Theories at one place are links of one story (a deploy, the pool it shrank) or differ in how specific they are; a
    general one always rests on more records, so counting records would refute the better theory there.
    """
    if hypothesis.onset.surely_before(other.onset):
        return False
    here, there = graph.owner(hypothesis.entity), graph.owner(other.entity)
    return here != there and (there in graph.callees(here) or there in graph.hosts(hypothesis.entity))


def _refuted(hypothesis: Hypothesis, board: Board) -> bool:
    return any(
        a.hypothesis == hypothesis.id and a.trigger is None and a.outcome is Outcome.REFUTED
        for a in board.attempts.values()
    )


def _name(hypothesis: Hypothesis) -> str:
    label = f"{hypothesis.label} " if hypothesis.label else ""
    return f"{label}({theory(hypothesis.mechanism, hypothesis.entity)})"
