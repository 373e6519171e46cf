"""One source misbehaves, whichever it is: what the person is told, and that everything else goes on."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from compass.domain.telemetry import HealthStatus, SignalKind, SignalQuery
from compass.entrypoints.clock import SystemClock
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means, connectors
from compass.sources.live.source import LiveSource
from compass.sources.recording import RecordingSource
from tests.sources.conformance import ALL, NO_DEADLINE
from tests.sources.http.misbehaving import TOKEN, misbehaving
from tests.sources.reference import write_reference
from tests.support.recorded_feed import RecordedFeed

PART = {"mimir": "metrics", "loki": "logs", "tempo": "traces"}
FAULTS = {
    "limited-long": "is asked too much (429): slow down",
    "500": "fails (500)",
    "hangs": "did not answer within 0.5 s",
    "cut": "broke off in the middle of its answer",
    "no-http": "did not speak HTTP",
    "page": "not what its API describes",
    "other-json": "not what its API describes",
    "huge": "the answer is larger than 20 MB",
    "bomb": "the answer is larger than 20 MB",
    "401": "does not accept the credentials (401)",
    "403": "does not allow this (403)",
    "404": "does not know this (404)",
    "away": "sends us on to http://elsewhere.example/steal (302), which is not followed",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reference(tmp_path_factory.mktemp("reference") / "reference")


@pytest.mark.parametrize("kind", sorted(PART.keys() & connectors().keys()))
@pytest.mark.parametrize("fault", FAULTS)
async def test_it_is_told_and_hides_only_itself(folder: Path, kind: str, fault: str) -> None:
    part, ledger = PART[kind], Ledger()
    incident = RecordingSource.open(folder).incident()
    means = Means(clock=SystemClock(), ledger=ledger, secrets=Secrets({"T": TOKEN}, Path()))
    async with misbehaving() as server:
        server.always = fault
        table = {"type": kind, "url": server.url, "token": "env:T", "timeout_s": 0.5 if fault == "hangs" else 10.0}
        feeds = [connectors()[kind].connect("ours", table, means), RecordedFeed(folder, without=frozenset({part}))]
        source = LiveSource("stack", feeds, incident, SystemClock(), ledger)
        began = time.monotonic()
        health = {one.part: one for one in await source.check()}
        took = time.monotonic() - began
        others = "metrics" if part != "metrics" else "logs"
        query = SignalQuery(kinds=frozenset({SignalKind.MEMORY}), window=ALL)
        assert health[others].status is HealthStatus.OK
        if part != "metrics":
            assert (await source.series(query, deadline=NO_DEADLINE)).data.rows
        await source.aclose()
    told = health[part]
    assert told.status is HealthStatus.LOST, told
    assert FAULTS[fault] in told.detail
    assert told.hides
    assert took < 20.0
    assert TOKEN not in f"{health} {ledger} {source.asked}"


async def test_a_limit_that_passes_is_waited_for(folder: Path) -> None:
    """`Retry-After` is honoured: the second attempt gets an answer (which here is none of the API's)."""
    ledger = Ledger()
    incident = replace(RecordingSource.open(folder).incident(), title="x")
    means = Means(clock=SystemClock(), ledger=ledger, secrets=Secrets({}, Path()))
    async with misbehaving() as server:
        server.always = "limited"
        feed = connectors()["mimir"].connect("ours", {"type": "mimir", "url": server.url}, means)
        source = LiveSource("stack", [feed], incident, SystemClock(), ledger)
        await source.check()
        await source.aclose()
    assert {sent.status for sent in ledger.sent} == {429, 200}
