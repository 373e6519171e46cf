"""The arrays give what `analysis.posterior` gives, whatever the parameters are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compass.analysis.likelihood import LikelihoodTable, load_table
from compass.data import demo_recording
from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.mechanism import Mechanism
from compass.evaluation.fitting import parameters
from compass.evaluation.fitting.cells import LEAST, fit_cells
from compass.evaluation.fitting.compiled import beliefs, compile_samples
from compass.evaluation.fitting.sample import Sample, refuted_of, sample_of
from compass.investigation.beliefs import accounts_of, catalogue_of, evidence_of, posterior_of
from compass.mechanisms.loader import load_catalogue
from compass.sources.recording.discover import find_recordings
from tests.evaluation.answers import truth
from tests.support.running import run_once

TRUTH = {"pool": "orders", "quiet": "", "unexplained": "web", "busier": "orders"}


@pytest.fixture(scope="module")
def mechanisms() -> Mapping[str, Mechanism]:
    return {m.id: m for m in load_catalogue(()).mechanisms}


@pytest.fixture(scope="module")
def samples(recordings: Path) -> list[Sample]:
    found = []
    for number, (name, entity) in enumerate(TRUTH.items()):
        board = run_once(recordings / name).board
        label = truth(entity, healthy=not entity)
        found.append(sample_of(f"{'a' if number % 2 else 'b'}-{number}", board, label, ()))
    with demo_recording() as folder:  # many theories that explain one another: links, shared records, cuts
        board = run_once(find_recordings(folder)[0]).board
    found.append(sample_of("a-9", board, truth("orders", fault_type="pool"), ("connection_pool_exhausted",)))
    return found


def moved(table: LikelihoodTable, seed: int) -> LikelihoodTable:
    """The table with every fitted number somewhere else."""
    centre = parameters.read(table)
    return parameters.write(table, centre + np.random.default_rng(seed).normal(0, 0.5, size=len(centre)), exact=True)


def again(board: Board, mechanisms: Mapping[str, Mechanism], table: LikelihoodTable) -> Board:
    known = replace(board, accounts=accounts_of(board, mechanisms, table))
    known = replace(known, evidence=evidence_of(known, catalogue_of(mechanisms), mechanisms, table))
    return replace(known, posterior=posterior_of(known, mechanisms, table))


@pytest.mark.parametrize("seed", range(4))
def test_arrays_and_engine_agree(samples: list[Sample], mechanisms: Mapping[str, Mechanism], seed: int) -> None:
    base = load_table()
    table = fit_cells(samples, moved(base, seed), 3.0) if seed % 2 else moved(base, seed)
    data = compile_samples(samples, mechanisms, base)
    found, row = beliefs(data, table), 0
    for number, sample in enumerate(samples):
        posterior = again(sample.board, mechanisms, table).posterior
        assert posterior is not None
        for account in sorted(sample.board.accounts, key=lambda a: (a.id, a.head)):
            assert found.account[row] == pytest.approx(posterior.accounts[account.id], abs=1e-6)
            row += 1
        assert found.not_listed[number] == pytest.approx(posterior.not_listed, abs=1e-6)
        assert found.no_incident[number] == pytest.approx(posterior.no_incident, abs=1e-6)
    assert row > 30


def test_arrays_and_engine_agree_where_a_theory_is_explained_away(
    samples: list[Sample], mechanisms: Mapping[str, Mechanism]
) -> None:
    sample, table = samples[-1], load_table()
    assert sample.board.posterior is not None
    leading = sample.board.posterior.ranked()[0][0]
    head = next(a.head for a in sample.board.accounts if a.id == leading)
    attempts = {
        key: replace(a, outcome=Outcome.REFUTED, explained=True, decisive=False)
        if a.hypothesis == head and a.trigger is None and a.outcome is Outcome.SURVIVED
        else a
        for key, a in sample.board.attempts.items()
    }
    board = again(replace(sample.board, attempts=attempts), mechanisms, table)
    found = beliefs(compile_samples([replace(sample, board=board)], mechanisms, table), table)
    assert board.posterior is not None
    expected = [board.posterior.accounts[a.id] for a in sorted(board.accounts, key=lambda a: (a.id, a.head))]
    assert found.account == pytest.approx(expected, abs=1e-6)
    assert board.posterior.accounts[leading] < sample.board.posterior.accounts[leading] / 2


def test_writing_and_reading_parameters_are_inverse() -> None:
    base = load_table()
    there = moved(base, 1)
    assert parameters.read(there) == pytest.approx(
        parameters.read(parameters.write(base, parameters.read(there))), abs=1e-3
    )
    assert there.patterns.missing < 0 < there.patterns.expected
    assert len(parameters.PARAMETERS) + 2 * len(base.strategies) <= 40


def test_a_unit_table_leaves_one_weight() -> None:
    only = parameters.unit(load_table(), "forbidden", 1000.0)
    assert only.patterns.forbidden == -1000.0
    assert only.patterns.suggestion == only.incident.normal == 0.0


def test_refuted_of_one_incident_count_as_one_case(samples: list[Sample]) -> None:
    """Every attempt made twice changes nothing; the same incident twice does."""
    (one,) = (s for s in samples if s.id == "a-9")
    attempts = one.board.attempts
    twice = replace(one, board=replace(one.board, attempts={**attempts, **{f"{k}/2": a for k, a in attempts.items()}}))
    assert refuted_of(one)
    assert refuted_of(twice) == refuted_of(one)
    assert fit_cells([twice], load_table(), 3.0) == fit_cells([one], load_table(), 3.0)
    assert fit_cells([one, one], load_table(), 3.0) != fit_cells([one], load_table(), 3.0)


def test_cells_move_towards_what_was_counted_by_how_much_was_counted(samples: list[Sample]) -> None:
    base = load_table()
    near, far = fit_cells(samples, base, 1000.0), fit_cells(samples, base, 0.5)
    counted: dict[str, list[float]] = {}
    for sample in samples:
        for (name, true), refuted in refuted_of(sample).items():
            if not true:
                counted.setdefault(name, []).append(refuted)
    off = {
        name: [abs(t.strategies[name].background.refuted - np.mean(shares)) for t in (base, near, far)]
        for name, shares in counted.items()
    }
    assert all(farther <= nearer + LEAST for _, nearer, farther in off.values())
    assert any(farther < assumed / 2 for assumed, _, farther in off.values())
    for name, cell in base.strategies.items():
        assumed = cell.background.refuted / (cell.background.refuted + cell.background.survived)
        assert near.strategies[name].background.refuted == pytest.approx(assumed, abs=0.01)
        for table in (near, far):
            fitted = table.strategies[name]
            assert fitted.holds.refuted <= fitted.background.refuted
            assert fitted.holds.survived >= fitted.background.survived
