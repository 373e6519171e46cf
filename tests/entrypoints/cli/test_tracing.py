"""From a fact to traces, in parts: what is asked for, and a search in what a real Tempo said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.domain.observation import Observation, Quantity
from compass.domain.telemetry import NativeQuery
from compass.domain.time import Window
from compass.entrypoints.cli.tracing import MOST, about_requests, ask, search_query, window_of
from compass.entrypoints.clock import SystemClock
from compass.ports.clock import Deadline
from compass.ports.errors import SourceUnavailableError
from compass.projections.view import Fact
from compass.sources.live.feed import Exemplified, TraceFound
from tests.sources.tempo.asking import BY_NAME, CONTRACTS, LAB, SLOW_SERVICE, SLOWEST, feed_of
from tests.sources.tempo.asking import window_of as asked_window
from tests.support.boards import NOW_NS, ONSET, START_NS, WEB, board, seen, service
from tests.support.exchanges import Replay
from tests.support.recorded_feed import RecordedFeed

SLOW = NativeQuery(language="promql", text="histogram_quantile(0.9, sum by (le) (rate(d_bucket{}[2m])))")


def measured(sign: str, value: float, usual: float, unit: str) -> Observation:
    return replace(
        seen(sign, WEB), query=SLOW, value=Quantity(value=value, unit=unit), baseline=Quantity(value=usual, unit=unit)
    )


@pytest.mark.parametrize(
    ("o", "more"),
    [
        (measured("latency.up", 2.0, 0.5, "s"), " && duration > 1250ms"),
        (measured("latency.up", 2000.0, 500.0, "ms"), " && duration > 1250ms"),
        (measured("latency.up", 3.0, 1.0, "1"), ""),
        (measured("errors.up", 0.3, 0.0, "1"), " && status = error"),
        (measured("success.down", 0.7, 1.0, "1"), " && status = error"),
    ],
)
def test_requests_that_show_it_are_searched(o: Observation, more: str) -> None:
    inner = f'(resource.service.name = "web"){more}' if more else 'resource.service.name = "web"'
    assert search_query(o) == NativeQuery(language="traceql", text=f"{{ {inner} }}")


def test_only_what_single_requests_show_leads_to_traces() -> None:
    assert all(map(about_requests, ("latency.up", "client_latency.up", "errors.up", "success.down", "trace.errors_up")))
    assert not any(map(about_requests, ("cpu.up", "memory.leak", "pool.exhausted", "log.novel")))


def test_traces_are_looked_for_from_the_onset_on() -> None:
    assert window_of(board()) == Window(start_ns=ONSET.instant.earliest_ns, end_ns=NOW_NS)
    assert window_of(replace(board(), onset=None)) == Window(start_ns=START_NS, end_ns=NOW_NS)


class Telling(RecordedFeed):
    """A feed of metrics that has these exemplars, or raises."""

    told: tuple[TraceFound, ...] = ()
    error: SourceUnavailableError | None = None

    async def exemplars(self, query: NativeQuery, window: Window, *, deadline: Deadline) -> tuple[TraceFound, ...]:
        assert query == SLOW
        if self.error is not None:
            raise self.error
        return self.told


def telling(*told: TraceFound, error: SourceUnavailableError | None = None) -> Telling:
    made = Telling(LAB / "lab-009", name="metrics")
    made.told, made.error = told, error
    assert isinstance(made, Exemplified)
    return made


async def test_of_a_trace_with_several_exemplars_the_highest_counts_and_there_are_not_too_many() -> None:
    values = [(f"{i:032x}", float(i)) for i in range(30)] + [("00", 7.5), ("00", 29.5)]
    feed = telling(*(TraceFound(trace_id=trace, value=value, at_ns=1) for trace, value in values))
    fact = Fact(label="E1", observation=measured("latency.up", 1.0, 0.0, "s"))
    found = await ask([feed], fact, asked_window(BY_NAME["slowest"], LAB / "lab-009"), Deadline())
    assert (found.how, len(found.traces)) == ("exemplars", MOST)
    assert [one.value for one in found.traces[:3]] == [29.5, 29.0, 28.0]
    assert {one.unit for one in found.traces} == {"s"}


@pytest.mark.parametrize("error", [None, SourceUnavailableError("cannot be reached", where="metrics")])
async def test_without_exemplars_the_slowest_spans_are_searched(
    error: SourceUnavailableError | None, capsys: pytest.CaptureFixture[str]
) -> None:
    case = BY_NAME["slowest"]
    window = asked_window(case, LAB / "lab-009")
    replay = Replay(CONTRACTS / "slowest.jsonl.gz")
    tempo, _ = feed_of(case, replay, SystemClock())
    o = replace(seen("latency.up", service(SLOW_SERVICE)), query=SLOW)
    found = await ask([telling(error=error), tempo], Fact(label="E1", observation=o), window, Deadline())
    await tempo.aclose()
    assert replay.unused == []
    assert (found.how, len(found.traces)) == ("search", SLOWEST)
    assert found.traces[0].value > 2.0 > found.traces[-1].value > 0.5
    assert ("cannot be reached" in capsys.readouterr().err) is (error is not None)


async def test_when_nobody_could_tell_that_is_an_error() -> None:
    error = SourceUnavailableError("cannot be reached", where="metrics")
    fact = Fact(label="E1", observation=measured("latency.up", 1.0, 0.0, "s"))
    with pytest.raises(SourceUnavailableError, match="cannot be reached"):
        await ask([telling(error=error)], fact, Window(start_ns=0, end_ns=1), Deadline())
    nothing = await ask([telling()], fact, Window(start_ns=0, end_ns=1), Deadline())
    assert (nothing.how, nothing.traces) == ("unsearched", ())
