"""The signals of an investigation measured again: recovered or worse, at new instances, with and without alerts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from compass.domain.board import Board
from compass.domain.recheck import AlertState, Rechecked, Recovery
from compass.domain.telemetry import ObjectKind, ObjectQuery, SignalQuery
from compass.investigation.recheck import parts_of, recheck
from compass.ports.clock import Deadline
from compass.ports.errors import SourceUnavailableError
from compass.projections.board import fold_all
from compass.projections.build_view import build_view
from compass.projections.view import View
from compass.sources.recording import RecordingSource
from tests.support.boards import events
from tests.support.courses import SICK, write_course
from tests.support.recordings import Line, Span, write_recording
from tests.support.running import prepared, run_means

BAD = ((40.0, 1.0), (15.0, 8.0))
FIRED = {"labels": {"alertname": "HighLatency", "service_name": "web"}, "annotations": {"summary": "Checkout is slow"},
         "startsAt": "2026-01-05T10:44:00Z", "status": "firing"}  # fmt: skip


@pytest.fixture(scope="module")
def investigated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Board, View]:
    folder = write_course(tmp_path_factory.mktemp("courses") / "bad", BAD, alerts=[FIRED], pod="old")
    means = prepared(folder)
    board = fold_all(asyncio.run(run_means(folder, means)).events)
    return board, build_view(board, means.crew.mechanisms, id="some-id", number=1)


def again(investigated: tuple[Board, View], folder: Path) -> Rechecked:
    """Measured in a recording of what came later."""
    source = RecordingSource.open(folder)
    board, view = investigated
    return asyncio.run(recheck(source, board, view, source.incident().window, Deadline()))


def states(found: Rechecked) -> set[Recovery]:
    return {one.state for one in found.signals}


@pytest.mark.parametrize(
    ("factor", "state"),
    [(1.0, Recovery.RECOVERED), (4.0, Recovery.RECOVERING), (8.0, Recovery.UNCHANGED), (16.0, Recovery.WORSE)],
)
def test_the_state_is_that_of_the_signals(
    investigated: tuple[Board, View], tmp_path: Path, factor: float, state: Recovery
) -> None:
    found = again(investigated, write_course(tmp_path / "later", [(15.0, factor)], pod="old"))
    assert found.state is state
    assert {one.entity.name for one in found.signals} <= set(SICK)
    assert any(one.symptom for one in found.signals)
    for one in found.signals:
        assert one.now is not None
        assert one.before is not None
        assert one.usual is not None
        assert one.unit == "s"
        assert one.usual < 0.3 < one.before


def test_now_is_the_end_of_the_window(investigated: tuple[Board, View], tmp_path: Path) -> None:
    found = again(investigated, write_course(tmp_path / "later", [(10.0, 8.0), (5.0, 1.0)], pod="old"))
    assert found.state is Recovery.RECOVERED


def test_new_instances_are_measured_in_place_of_those_that_are_gone(
    investigated: tuple[Board, View], tmp_path: Path
) -> None:
    """A relief often replaces pods: the series that were bad have no samples any more."""
    found = again(investigated, write_course(tmp_path / "later", [(15.0, 1.0)], pod="new"))
    assert found.state is Recovery.RECOVERED
    assert Recovery.UNKNOWN not in states(found)


def test_what_has_no_samples_is_not_known(investigated: tuple[Board, View], tmp_path: Path) -> None:
    folder = write_course(tmp_path / "nothing", [(15.0, 1.0)], pod="old")
    (folder / "metrics" / "samples.parquet").unlink()
    (folder / "metrics" / "series.parquet").unlink()
    nothing = again(investigated, folder)
    assert nothing.state is Recovery.UNKNOWN
    assert states(nothing) == {Recovery.UNKNOWN}
    assert {one.note for one in nothing.signals} == {"no samples now"}


@pytest.mark.parametrize(
    ("alerts", "state"),
    [
        ([FIRED], AlertState.FIRING),
        ([{**FIRED, "status": "resolved", "endsAt": "2026-01-05T10:05:00Z", "startsAt": "2026-01-05T10:01:00Z"}],
         AlertState.RESOLVED),
        ([], AlertState.RESOLVED),
        (None, AlertState.UNKNOWN),
    ],
)  # fmt: skip
def test_the_alert_that_paged_comes_first(
    investigated: tuple[Board, View], tmp_path: Path, alerts: list[dict[str, object]] | None, state: AlertState
) -> None:
    other = {**FIRED, "labels": {"alertname": "AnotherOne", "service_name": "mail"}, "annotations": {}}
    listed = None if alerts is None else [*alerts, other]
    if listed is not None:
        listed = [{**one, "startsAt": "2026-01-05T10:01:00Z"} for one in listed]
    found = again(investigated, write_course(tmp_path / "later", [(15.0, 1.0)], alerts=listed, pod="old"))
    assert [(one.name, one.state) for one in found.alerts] == [("HighLatency", state)]
    if alerts:
        assert found.alerts[0].paged
    if state is AlertState.FIRING:
        assert found.state is Recovery.RECOVERING


class Lost(RecordingSource):
    """A recording whose parts cannot be reached."""

    lost: frozenset[str] = frozenset()

    async def series(self, query: SignalQuery, *, deadline: Deadline) -> object:  # type: ignore[override]
        if "metrics" in self.lost:
            raise SourceUnavailableError("cannot be reached", where="mimir")
        return await super().series(query, deadline=deadline)

    async def objects(self, query: ObjectQuery, *, deadline: Deadline) -> object:  # type: ignore[override]
        if "alerts" in self.lost and query.kind is ObjectKind.ALERTS:
            raise SourceUnavailableError("cannot be reached", where="alertmanager")
        return await super().objects(query, deadline=deadline)


@pytest.mark.parametrize(("lost", "state"), [("alerts", Recovery.RECOVERED), ("metrics", Recovery.UNKNOWN)])
async def test_what_cannot_be_asked_is_said(
    investigated: tuple[Board, View], tmp_path: Path, lost: str, state: Recovery
) -> None:
    source = Lost.open(write_course(tmp_path / "later", [(15.0, 1.0)], alerts=[], pod="old"))
    assert isinstance(source, Lost)
    source.lost = frozenset({lost})
    board, view = investigated
    found = await recheck(source, board, view, source.incident().window, Deadline())
    assert found.state is state
    assert len(found.lost) == 1
    assert "cannot be reached" in found.lost[0]
    source.lost = frozenset({"alerts", "metrics"})
    with pytest.raises(SourceUnavailableError, match="cannot be reached"):
        await recheck(source, board, view, source.incident().window, Deadline())


def test_the_board_keeps_every_recheck_in_order(investigated: tuple[Board, View], tmp_path: Path) -> None:
    first = again(investigated, write_course(tmp_path / "later", [(15.0, 8.0)], pod="old"))
    second = replace(first, at_ns=first.at_ns + 1, state=Recovery.RECOVERED)
    board = fold_all(events([first, second]), investigated[0])
    assert board.rechecks == (first, second)
    lines = build_view(board, {}, id="some-id", number=1).rechecks
    assert [line.state for line in lines] == [Recovery.UNCHANGED, Recovery.RECOVERED]
    assert all(signal.label.startswith("E") and signal.label != "E?" for signal in lines[0].signals)


def calls(seconds: int, bad_from: int) -> list[Span]:
    """Calls of web to orders; from a time on half of them fail."""
    spans = []
    for i in range(0, seconds, 2):
        status = "error" if i >= bad_from and i % 4 else "ok"
        trace, outer, inner = f"{i:032x}", f"{i:015x}1", f"{i:015x}2"
        spans += [
            Span(at_s=i, trace=trace, id=outer, kind="server", duration_ms=50.0, status=status),
            Span(at_s=i + 0.01, trace=trace, id=inner, parent=outer, service="orders", kind="server", status=status),
        ]
    return spans


@pytest.mark.parametrize(("bad_from", "state"), [(900, Recovery.RECOVERED), (0, Recovery.UNCHANGED)])
def test_a_system_with_traces_alone_is_measured_by_its_spans(tmp_path: Path, bad_from: int, state: Recovery) -> None:
    folder = write_recording(tmp_path / "bad", seconds=3300, spans=calls(3300, 2400), header={"service": "web"})
    means = prepared(folder)
    board = fold_all(asyncio.run(run_means(folder, means)).events)
    view = build_view(board, means.crew.mechanisms, id="some-id", number=1)
    assert "traces" in parts_of(view)
    assert "logs" not in parts_of(view)
    found = again((board, view), write_recording(tmp_path / "later", seconds=900, spans=calls(900, bad_from)))
    assert found.state is state
    assert {one.text for one in found.signals} == {f"spans: share failing of {name}" for name in ("web", "orders")}


def test_spans_are_not_read_where_nothing_was_counted_from_them(investigated: tuple[Board, View]) -> None:
    assert parts_of(investigated[1]) == {"metrics", "alerts", "kubernetes", "topology"}


def shop_lines(seconds: int, bad: float, *, failing: str, quiet: bool = False) -> list[Line]:
    """What web and orders write; from `bad` seconds on orders also writes that it is `failing`, every three seconds."""
    routine = [
        Line(at_s=float(i), line=f'level=info msg="served request" n={i}', labels={"service_name": name})
        for name in ("web", "orders") for i in range(0, seconds, 10) if not (quiet and name == "orders")
    ]  # fmt: skip
    wrong = [
        Line(at_s=float(i), line=failing.format(i=i), labels={"service_name": "orders"})
        for i in range(seconds) if i >= bad and i % 3 == 0
    ]  # fmt: skip
    return sorted(routine + wrong, key=lambda line: line.at_s)


FAILING = 'level=error msg="cannot charge card of customer" n={i} left={i}'


@pytest.fixture(scope="module")
def by_its_lines(tmp_path_factory: pytest.TempPathFactory) -> tuple[Board, View]:
    """A system that has logs alone."""
    lines = shop_lines(3300, 2700, failing=FAILING)
    folder = write_recording(
        tmp_path_factory.mktemp("lines") / "bad", seconds=3300, logs=lines, header={"service": "web"}
    )
    means = prepared(folder)
    board = fold_all(asyncio.run(run_means(folder, means)).events)
    return board, build_view(board, means.crew.mechanisms, id="some-id", number=1)


def by_text(found: Rechecked) -> dict[str, Recovery]:
    return {one.text: one.state for one in found.signals}


@pytest.mark.parametrize(
    ("every", "state"),
    [(0, Recovery.RECOVERED), (2, Recovery.RECOVERING), (1, Recovery.UNCHANGED), (-2, Recovery.WORSE)],
)
def test_lines_are_counted_again(by_its_lines: tuple[Board, View], tmp_path: Path, every: int, state: Recovery) -> None:
    assert "logs" in parts_of(by_its_lines[1])
    lines = shop_lines(900, 0, failing=FAILING)
    wrong = [line for line in lines if "charge" in line.line]
    kept = [line for i, line in enumerate(wrong) if every and i % abs(every) == 0] if every >= 0 else wrong * 2
    later = [line for line in lines if "charge" not in line.line] + kept
    found = again(by_its_lines, write_recording(tmp_path / "later", seconds=900, logs=later))
    assert found.state is state
    told = by_text(found)
    assert "error lines of orders" in told
    assert any(text.startswith("lines “") and "cannot charge card" in text for text in told), told
    assert set(told.values()) == {state}
    for one in found.signals:
        assert one.unit == "{line}/min"
        assert one.before == pytest.approx(20.0, rel=0.15)
        assert one.now == pytest.approx(20.0 * len(kept) / len(wrong), rel=0.05)
        assert one.usual is not None
        assert one.usual < 2.0
    assert found.not_measured == 0


def test_the_same_statement_from_another_place_in_the_source_is_the_same(
    by_its_lines: tuple[Board, View], tmp_path: Path
) -> None:
    """And another error is not: the level is as bad, the statement is over."""
    other = shop_lines(900, 0, failing='level=error msg="disk is full" at={i}')
    told = by_text(again(by_its_lines, write_recording(tmp_path / "later", seconds=900, logs=other)))
    assert told["error lines of orders"] is Recovery.UNCHANGED
    assert {state for text, state in told.items() if "cannot charge" in text} == {Recovery.RECOVERED}


def test_a_service_that_fell_silent_is_said_to_be(by_its_lines: tuple[Board, View], tmp_path: Path) -> None:
    silent = shop_lines(900, 9999, failing=FAILING, quiet=True)
    found = again(by_its_lines, write_recording(tmp_path / "later", seconds=900, logs=silent))
    assert {one.note for one in found.signals} == {"orders writes no line at all now"}


def test_lines_with_a_gap_show_no_absence(by_its_lines: tuple[Board, View], tmp_path: Path) -> None:
    lines = [line for line in shop_lines(900, 9999, failing=FAILING) if not 660 <= line.at_s < 840]
    found = again(by_its_lines, write_recording(tmp_path / "later", seconds=900, logs=lines))
    assert states(found) == {Recovery.UNKNOWN}
    assert {one.note for one in found.signals} == {"not every line was had"}
