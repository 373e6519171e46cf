"""What is set aside counts exactly as much as what was never seen; what is not set aside is not touched."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compass.analysis.likelihood import load_table
from compass.domain.board import Board
from compass.domain.briefed import TeamBriefed
from compass.domain.chronicle import (
    AccountsFormed,
    ContextLearned,
    EvidenceWeighed,
    Observed,
    Payload,
    PosteriorUpdated,
    Proposed,
    RoundFinished,
    RoundStarted,
)
from compass.domain.observation import Observation, Verdict
from compass.domain.team import FalseAlarm, NormalBehaviour, TeamKnowledge
from compass.investigation.beliefs import believe
from compass.mechanisms.loader import load_catalogue
from compass.projections.board import fold_all
from tests.support import boards as b
from tests.support.knowing import about, critical, false_alarm, knowledge, normal, of_service

MECHANISMS = dict(load_catalogue().by_id)
TABLE = load_table()
SIGNS = ("pool.exhausted", "pool.wait_up", "latency.up", "errors.up", "cpu.saturated", "change.near", "log.timeout")
ENTITIES = (b.WEB, b.ORDERS, b.LEDGER)
SEEN = st.builds(
    b.seen, st.sampled_from(SIGNS), st.sampled_from(ENTITIES), st.floats(0.2, 1.0),
    verdict=st.sampled_from([Verdict.ANOMALY, Verdict.ANOMALY, Verdict.NORMAL]),
)  # fmt: skip
MATCHING = st.lists(st.sampled_from([*SIGNS, "pool.*", "log.*"]), min_size=1, max_size=3).map(lambda s: about(*s))
REACH = st.sampled_from(["web", "orders", "ledger", "nobody"]).map(of_service)
ENTRY = st.one_of(st.builds(normal, MATCHING, REACH), st.builds(false_alarm, MATCHING, REACH))


def told(entries: list[NormalBehaviour | FalseAlarm]) -> TeamKnowledge:
    return replace(
        knowledge(critical_errors=(critical("no such line"),)),
        normal=tuple(e for e in entries if isinstance(e, NormalBehaviour)),
        false_alarms=tuple(e for e in entries if isinstance(e, FalseAlarm)),
    )


def board_of(seen: list[Observation], team: TeamKnowledge | None) -> Board:
    context = ContextLearned(entities=ENTITIES, dependencies=b.board().dependencies, changes=())
    payloads: list[Payload] = [TeamBriefed(knowledge=team)] if team is not None else []
    payloads += [context, RoundStarted(number=1, phase="screen", board_seq=0)]
    payloads += [*(Observed(observation=o) for o in seen), RoundFinished(number=1)]
    return fold_all(b.events(payloads), Board(incident=b.INCIDENT, onset=b.ONSET, health=b.HEALTHY))


def beliefs(board: Board) -> list[Payload]:
    kinds = Proposed | AccountsFormed | EvidenceWeighed | PosteriorUpdated
    return [payload for _, payload in believe(board, MECHANISMS, TABLE) if isinstance(payload, kinds)]


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(seen=st.lists(SEEN, min_size=1, max_size=8, unique_by=lambda o: o.id), entries=st.lists(ENTRY, max_size=3))
def test_what_is_set_aside_counts_as_what_was_never_seen(
    seen: list[Observation], entries: list[NormalBehaviour | FalseAlarm]
) -> None:
    board = board_of(seen, told(entries))
    assert {*board.observations, *board.discounted} == {o.id for o in seen}
    kept = [o for o in seen if o.id in board.observations]
    assert beliefs(board) == beliefs(board_of(kept, None))
    if not board.discounted:
        assert replace(board, team=None, seq=0, round_seq=0) == replace(board_of(seen, None), seq=0, round_seq=0)
    assert all(o.verdict is Verdict.ANOMALY for o in seen if o.id in board.discounted)
