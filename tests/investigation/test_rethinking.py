"""What would have been believed with other knowledge: the same with the same, and what a whole run gives with other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from compass.analysis.likelihood import load_table
from compass.data import demo_recording
from compass.domain.board import Board
from compass.domain.hypothesis import Hypothesis
from compass.domain.learned import Cause
from compass.domain.team import TeamKnowledge
from compass.investigation.dry_run import Effect, compared, deeds, effect_of, ending_of, unjudged
from compass.investigation.rethinking import rethought
from compass.projections.board import fold_all
from compass.sources.recording import find_recordings
from tests.support import boards as b
from tests.support.knowing import about, critical, knowledge, known_issue, normal
from tests.support.running import Run, prepared, run_means


@pytest.fixture(scope="module")
def demo() -> Iterator[Path]:
    with demo_recording() as folder:
        yield find_recordings(folder)[0]


ABOUT_ORDERS = knowledge(normal=(normal(about("change.*", "pool.limit_down", "release.*"), id="releases"),))


async def test_with_the_same_knowledge_the_same_is_believed_and_with_other_what_a_whole_run_believes(
    demo: Path,
) -> None:
    using = prepared(demo)
    mechanisms, table = using.crew.mechanisms, load_table()

    async def whole(team: TeamKnowledge | None) -> Run:
        return await run_means(demo, replace(using, team=team))

    plain = await whole(None)
    told = await whole(ABOUT_ORDERS)
    for run, team in ((plain, None), (told, ABOUT_ORDERS)):
        again = rethought(run.events, team, mechanisms, table)
        assert again.posterior == run.board.posterior
        assert again.hypotheses == run.board.hypotheses
    # The change is no evidence any more: the theory that needs it is not even stated, as in a whole run.
    other = rethought(plain.events, ABOUT_ORDERS, mechanisms, table)
    stated = {(h.mechanism, h.entity) for h in other.hypotheses.values()}
    assert ("pool_shrunk_by_change", plain.view.accounts[0].entity) not in stated
    assert ending_of(other, mechanisms).leader == ending_of(told.board, mechanisms).leader
    assert ending_of(other, mechanisms).leader != ending_of(plain.board, mechanisms).leader
    back = rethought(told.events, None, mechanisms, table)
    assert ending_of(back, mechanisms).leader == ending_of(plain.board, mechanisms).leader
    assert fold_all(plain.events) == plain.board
    did = deeds(rethought(plain.events, None, mechanisms, table), other, mechanisms)
    assert {(deed.entry, deed.written) for deed in did} == {("normal behaviour releases", "team.yaml:7")}


def believed(shares: dict[Hypothesis, float], **parts: object) -> Board:
    return b.believed(shares, **parts)


POOL, LEAK = b.theory("pool", b.ORDERS), b.theory("leak", b.WEB, "H2")
MECHANISMS = {"pool": b.mechanism("pool"), "leak": b.mechanism("leak")}


def was(board: Board, cause: Cause | None) -> Board:
    return replace(board, verdicts=replace(board.verdicts, cause=cause))


@pytest.mark.parametrize(
    ("shares", "effect"),
    [
        ({POOL: 0.3, LEAK: 0.6}, Effect.BETTER),
        ({POOL: 0.8, LEAK: 0.1}, Effect.WORSE),
        ({POOL: 0.6, LEAK: 0.32}, Effect.SAME),
        ({POOL: 0.5, LEAK: 0.45}, Effect.BETTER),
    ],
)
def test_better_is_what_puts_what_it_was_higher(shares: dict[Hypothesis, float], effect: Effect) -> None:
    cause = Cause(mechanism="leak", entity=b.WEB)
    before, after = was(believed({POOL: 0.6, LEAK: 0.3}), cause), was(believed(shares), cause)
    assert effect_of(before, after) is (Effect.WORSE if shares == {POOL: 0.8, LEAK: 0.1} else effect)
    assert effect_of(was(before, None), was(after, None)) is Effect.UNKNOWN


def test_what_is_not_on_the_list_stands_behind_all_that_is() -> None:
    assert compared(2, 0.3, 3, 0.0) is Effect.WORSE
    assert compared(3, 0.0, 2, 0.01) is Effect.BETTER
    assert compared(1, 0.5, 1, 0.52) is Effect.SAME


def test_the_ending_is_what_has_the_largest_share_whether_it_is_an_account_or_not() -> None:
    assert ending_of(believed({POOL: 0.6, LEAK: 0.3}), MECHANISMS).leader == POOL.id
    assert ending_of(believed({POOL: 0.2, LEAK: 0.1}), MECHANISMS).leader == "not_listed"
    assert ending_of(b.board(), MECHANISMS).said == "no theory was weighed"


def test_what_would_need_other_measurements_is_named_where_it_is_new() -> None:
    team = knowledge(critical_errors=(critical("checksum"),), known_issues=(known_issue(about("cpu.up")),))
    proposed = replace(LEAK, proposed_by="team:known")
    after = believed({POOL: 0.6, proposed: 0.3})
    assert [text.split(" (")[0] for text in unjudged(b.board(), team, after)] == [
        "critical errors", "theories that it brings",
    ]  # fmt: skip
    assert unjudged(b.board(team=team), team, believed({POOL: 0.6})) == ()
