"""Whoever takes an investigation up again goes on with what it was told, and asks nobody who cannot answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from compass.domain import chronicle as c
from compass.domain.failure import Status
from compass.entrypoints.cli import resuming
from compass.entrypoints.cli.investigating import Request
from compass.investigation.settings import Limits
from tests.support.resuming import Noting, at, begun


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
        ((ended(Status.DONE), c.Resumed(runner="1", after_seq=1, limits=DEEP)), DEEP, False),
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
