"""The screen that reads what containers wrote before they ended."""

from __future__ import annotations

import pytest

from compass.agents.screens.last_words import NEAREST, LastWordsScreen
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Incident, Onset
from compass.domain.observation import Verdict
from compass.domain.time import NS_PER_S, Instant, Window
from compass.ports.specialist import Look
from compass.tables.logs import LogTable
from tests.agents.screens.traced import KeptShared, TracedTelemetry, lines
from tests.analysis.kubernetes.making import NOW, ns
from tests.analysis.test_last_words import crashed

SCREEN = LastWordsScreen(agent="infrastructure")
DENIED = "Fatal error: cannot open /data/dump: Permission denied"


def written(*said: str, after: int = 0) -> LogTable:
    """Lines of the pod in the second before it ended, then `after` more without a meaning."""
    texts = [*said, *("closing a module",) * after]
    first = ns(8) / NS_PER_S - 1
    table = lines([(first + i * 0.01, "a-5d4f7c-0", text, "", "") for i, text in enumerate(texts)])
    one = EntityRef(kind=EntityKind.POD, name="a-5d4f7c-0")
    return LogTable(
        entities=(one,), times_ns=table.times_ns, entity=table.entity, service=table.service, line=table.line,
        trace_id=table.trace_id, span_id=table.span_id, weight=table.weight,
    )  # fmt: skip


def look(telemetry: TracedTelemetry) -> Look:
    window = Window(start_ns=ns(0), end_ns=NOW)
    incident = Incident(title="down", window=window, detected_ns=NOW, now_ns=NOW)
    onset = Onset(instant=Instant(ns=NOW - NS_PER_S), method="given")  # every line is from before it
    return Look(board=Board(incident=incident, onset=onset), telemetry=telemetry, shared=KeptShared())


async def test_a_reason_is_read_although_there_is_nothing_to_compare_it_with() -> None:
    telemetry = TracedTelemetry(log_table=written("Server started", DENIED, "Exiting."), kubernetes=tuple(crashed(1)))
    (seen,) = (await SCREEN.run(look(telemetry))).observations
    assert (seen.sign, seen.entity.name, seen.verdict) == ("log.permission", "a", Verdict.ANOMALY)
    assert "exit code 1 (4 restarts)" in seen.text
    assert "Permission denied" in seen.text
    assert seen.since is not None
    assert seen.since.ns == ns(8)


@pytest.mark.parametrize(
    ("what", "telemetry"),
    [
        ("said far before the end", TracedTelemetry(log_table=written(DENIED, after=NEAREST),
                                                    kubernetes=tuple(crashed(1)))),
        ("ended well", TracedTelemetry(log_table=written(DENIED), kubernetes=tuple(crashed(0)))),
        ("no reason", TracedTelemetry(log_table=written("Exiting."), kubernetes=tuple(crashed(1)))),
        ("no objects", TracedTelemetry(log_table=written(DENIED))),
    ],
)  # fmt: skip
async def test_nothing_is_read_into_other_lines(what: str, telemetry: TracedTelemetry) -> None:
    assert (await SCREEN.run(look(telemetry))).observations == (), what
