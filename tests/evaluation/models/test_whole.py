"""Scripted models on the recordings of the repository: a good one may add, a hostile one may not spoil."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from compass.domain.board import Board
from compass.domain.proposed import by_model
from compass.entrypoints.settings import Settings
from compass.entrypoints.wiring import means, recording_choice
from compass.evaluation.answer import answer_of
from compass.evaluation.case import board_of
from compass.evaluation.labels import load_labels
from compass.evaluation.models.record import Heard, ModelRecord
from compass.evaluation.models.script import Script, Sort
from compass.evaluation.models.told import told_of
from compass.evaluation.ranks import place_of
from compass.evaluation.truth import load_truth
from compass.investigation.runner import Means
from compass.investigation.settings import Limits

LAB = Path(__file__).parents[2] / "data" / "lab"
CASE = "lab-009"


def prepare(folder: Path) -> Means:
    return means(Settings(), recording_choice(folder), Limits())


def investigated(sort: Sort | None, *, every_call: bool = False) -> tuple[Board, ModelRecord]:
    folder = LAB / CASE
    truth = load_truth(LAB / "truth" / f"{CASE}.yaml")
    told = told_of(truth, load_labels(prepare(folder).crew.mechanisms))
    script = Script(sort=sort, case=CASE, told=told, every_call=every_call) if sort is not None else None
    heard = Heard()
    board = asyncio.run(board_of(folder, prepare, script, heard))
    return board, heard.record(board)


def rank(board: Board) -> int:
    found = place_of(answer_of(board), load_truth(LAB / "truth" / f"{CASE}.yaml"), ()).entity
    return found if found is not None else 999


def engine_ranking(board: Board) -> list[str]:
    assert board.posterior is not None
    heads = {account.id: board.hypotheses[account.head] for account in board.accounts}
    return [heads[key].id for key, _ in board.posterior.ranked() if not by_model(heads[key])]


@pytest.fixture(scope="module")
def alone() -> Board:
    return investigated(None)[0]


@pytest.fixture(scope="module")
def perfect() -> tuple[Board, ModelRecord]:
    return investigated(Sort.PERFECT)


def test_a_hostile_model_moves_no_account_of_the_engine_s_and_leads_nothing(alone: Board) -> None:
    board, record = investigated(Sort.HOSTILE)
    assert record.entered > 0
    assert record.failed == 0
    assert record.dropped > 0
    assert engine_ranking(board) == engine_ranking(alone)
    assert rank(board) <= rank(alone)


def test_a_perfect_model_is_no_worse_than_none(alone: Board, perfect: tuple[Board, ModelRecord]) -> None:
    board, record = perfect
    assert record.calls > 0
    assert record.failed == 0
    assert rank(board) <= rank(alone)


def test_asking_what_can_help_takes_a_third_less_than_asking_everything(perfect: tuple[Board, ModelRecord]) -> None:
    _, routed = perfect
    board, every = investigated(Sort.PERFECT, every_call=True)
    assert rank(board) == rank(perfect[0])
    assert routed.total.both <= 0.7 * every.total.both
    assert every.reused == 0
