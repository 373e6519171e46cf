"""Whoever takes an investigation up again goes on with what it was told, and asks nobody who cannot answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.failure import Status
from compass.entrypoints.cli import investigating, resuming, session
from compass.entrypoints.cli.investigating import Request, investigate_recording
from compass.investigation.recorder import Recorder
from compass.investigation.runner import Means
from compass.investigation.settings import Limits
from tests.support.resuming import SLOW_QUERY, Noting, at, begun


def ended(status: Status) -> c.Ended:
    return c.Ended(status=status, exit_code=0, said="")


OWN = Limits(work=7, rounds=2, decided=0.5, soft_deadline_s=3.0, gate_s=9.0, advise=False)
DEEP = Limits(work=resuming.DEEP_WORK, advise=False)


@pytest.mark.parametrize(
    ("later", "limits", "compared"),
    [
        ((), OWN, True),
        ((c.Resumed(runner="1", after_seq=1),), OWN, True),  # of an older version, which says nothing of limits
        ((c.Resumed(runner="1", after_seq=1, limits=OWN),), OWN, True),
        ((ended(Status.STOPPED),), OWN, True),
        ((ended(Status.DONE), c.Resumed(runner="1", after_seq=1, limits=DEEP, told=OWN)), DEEP, False),
        ((ended(Status.STOPPED), c.Resumed(runner="1", after_seq=1, limits=DEEP, told=OWN)), OWN, True),
        ((ended(Status.STOPPED), c.Resumed(runner="1", after_seq=1, limits=DEEP)), DEEP, True),  # of an older version
    ],
)
def test_who_resumes_goes_on_as_the_run_that_is_gone_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: tuple[c.Payload, ...], limits: Limits, compared: bool
) -> None:
    desk, noting = asyncio.run(begun(*later, limits=OWN, gated=True, sequential=True)), Noting()
    at(desk, monkeypatch, tmp_path)
    monkeypatch.setattr(resuming, "run_to_end", noting.run)
    monkeypatch.setattr(resuming, "advised", noting.advised)
    resuming.go_on(str(desk.id), quiet=True)
    assert noting.request is not None
    assert noting.using is not None
    assert noting.request.limits == noting.using.limits == limits
    assert noting.request.ask
    assert noting.using.sequential is compared
    assert noting.model is False


@pytest.mark.parametrize("told", [OWN, replace(OWN, advise=True)])
@pytest.mark.parametrize("model", [True, False])
def test_an_order_after_a_stop_works_as_told_and_whoever_resumes_then_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Limits, model: bool
) -> None:
    """Whether the order's run hears the model is the order's, and what the investigation was told, both."""
    desk, noting = asyncio.run(begun(ended(Status.STOPPED), limits=told)), Noting()
    at(desk, monkeypatch, tmp_path)
    monkeypatch.setattr(resuming, "advised", noting.advised)
    monkeypatch.setattr(resuming, "run_to_end", noting.recorded)

    async def order() -> None:
        chosen = session.settings()
        loaded = await session.load(desk.chronicle, chosen, str(desk.id))
        await resuming.reopened(desk.chronicle, chosen, loaded, (), model=model)

    for _ in range(2):
        asyncio.run(order())
        assert noting.using is not None
        assert noting.using.limits == replace(told, work=resuming.DEEP_WORK, advise=told.advise and model)
        assert noting.model is (told.advise and model)
    resuming.go_on(str(desk.id), quiet=True)
    assert noting.using.limits == told
    assert noting.model is told.advise


def test_without_a_model_after_an_order_is_without_one_for_the_next_order_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Limits(work=30)
    order = c.Resumed(runner="1", after_seq=1, limits=replace(told, work=resuming.DEEP_WORK), told=told)
    desk, noting = asyncio.run(begun(ended(Status.DONE), order, limits=told)), Noting()
    at(desk, monkeypatch, tmp_path)
    monkeypatch.setattr(resuming, "advised", noting.advised)
    monkeypatch.setattr(resuming, "run_to_end", noting.recorded)
    resuming.go_on(str(desk.id), quiet=True, model=False)
    (resumed,) = [e.payload for e in asyncio.run(desk.chronicle.read(desk.id))[-1:]]
    assert isinstance(resumed, c.Resumed)
    assert resumed.told == replace(told, advise=False)
    assert resumed.limits == replace(told, work=resuming.DEEP_WORK, advise=False)


def test_without_a_model_once_is_without_one_for_whoever_resumes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, noting = asyncio.run(begun(limits=Limits(work=30))), Noting()
    at(desk, monkeypatch, tmp_path)
    monkeypatch.setattr(resuming, "advised", noting.advised)
    monkeypatch.setattr(resuming, "run_to_end", noting.recorded)
    resuming.go_on(str(desk.id), quiet=True, model=False)
    assert noting.model is False
    resuming.go_on(str(desk.id), quiet=True)
    assert noting.model is False
    assert noting.request == Request(quiet=True, limits=Limits(work=30, advise=False))


def test_an_investigation_that_was_told_nothing_is_resumed_as_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, noting = asyncio.run(begun(limits=Limits())), Noting()
    at(desk, monkeypatch, tmp_path)
    monkeypatch.setattr(resuming, "run_to_end", noting.run)
    monkeypatch.setattr(resuming, "advised", noting.advised)
    resuming.go_on(str(desk.id), quiet=True)
    assert noting.request == Request(quiet=True)
    assert noting.model is True


class Screen(StringIO):
    """Standard error where somebody reads it."""

    def isatty(self) -> bool:
        return True


@contextmanager
def standing_input(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Standard input as of a cron job, a pipeline that stays open, or a terminal that can only be read line by line."""
    with ExitStack() as held:
        if kind == "nothing":
            monkeypatch.setattr("sys.stdin", held.enter_context(Path(os.devnull).open(encoding="utf-8")))
        elif kind == "closed":
            monkeypatch.setattr("sys.stdin", None)
        else:
            reads, writes = os.pipe() if kind == "pipe" else os.openpty()[::-1]
            held.callback(os.close, writes)
            monkeypatch.setattr("sys.stdin", held.enter_context(os.fdopen(reads)))
        if kind == "terminal":
            monkeypatch.setattr("sys.stderr", Screen())
            monkeypatch.setenv("TERM", "dumb")
        yield


@pytest.mark.parametrize("how", ["investigate", "resume"])
@pytest.mark.parametrize(
    ("kind", "quiet", "asked"),
    [
        ("closed", False, False), ("closed", True, False), ("nothing", False, False), ("pipe", False, False),
        ("pipe", True, False), ("terminal", True, False), ("terminal", False, True),
    ],
)  # fmt: skip
def test_a_gate_asks_only_who_can_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, kind: str, quiet: bool, asked: bool
) -> None:
    ran: list[Means] = []

    async def run(recorder: Recorder, using: Means) -> Board:
        ran.append(using)
        return recorder.board

    desk = asyncio.run(begun(limits=Limits(), gated=True))
    at(desk, monkeypatch, tmp_path)
    monkeypatch.setattr(investigating, "investigate", run)
    with standing_input(kind, monkeypatch):
        if how == "resume":
            resuming.go_on(str(desk.id), quiet=quiet, model=False)
        else:
            request = Request(ask=True, quiet=quiet, model=False)
            asyncio.run(investigate_recording(desk.chronicle, session.settings(), SLOW_QUERY, request))
    (using,) = ran
    assert (using.gate is not None) is asked
    assert (using.money.consent is not None) is asked
