"""What the feed makes of counts and answers that no server at hand gives: large traces, lost slices, long windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from compass.domain.time import NS_PER_S, Window
from compass.entrypoints.clock import SystemClock
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError, SourceUnavailableError
from compass.sources.live.feed import Scope
from compass.sources.live.gathered import Gathered, Spans
from compass.sources.tempo.answers import Count, FoundSpan, FoundTrace, Hits, WholeTrace
from compass.sources.tempo.feed import MOST_REQUESTS, TempoFeed
from compass.sources.tempo.options import TempoOptions
from compass.sources.tempo.traceql import LONGEST, Slice

Answer = Callable[[Slice], Hits]


class Told:
    """Implements TempoApi with given answers, and keeps what was searched."""

    def __init__(self, counted: float, answer: Answer) -> None:
        self._counted, self._answer = counted, answer
        self.searched: list[Slice] = []
        self.limits: list[int] = []

    async def search(self, query: str, within: Slice, limit: int, *, deadline: Deadline) -> Hits:
        self.searched.append(within)
        self.limits.append(limit)
        return self._answer(within)

    async def count(self, query: str, within: Slice, step_s: int, *, deadline: Deadline) -> Count:
        return Count(steps=[(within.start_s * NS_PER_S, self._counted)])

    async def values(self, tag: str, query: str, within: Slice, *, deadline: Deadline) -> Sequence[str]:
        raise SourceRefusedError("does not tell", status=404)

    async def trace(self, trace_id: str, within: Slice | None, *, deadline: Deadline) -> WholeTrace | None:
        return None

    async def aclose(self) -> None:
        return


def traces(within: Slice, number: int, spans: int = 10) -> Hits:
    """`number` traces that began in the slice."""
    start = within.start_s * NS_PER_S
    return Hits(
        traces=[
            FoundTrace(
                trace_id=f"{start + i:032x}", start_ns=start, service="web", matched=spans,
                spans=[
                    FoundSpan(span_id=f"{i + 1:08x}{n + 1:08x}", name="x", start_ns=start, duration_ns=1, attributes={})
                    for n in range(spans)
                ],
            )
            for i in range(number)
        ]
    )  # fmt: skip


async def gathered(api: Told, seconds: int = 600) -> tuple[Gathered, int]:
    feed = TempoFeed("tempo", api, TempoOptions(type="tempo", url="", spans=4000), SystemClock())
    window = Window(start_ns=10**9 * NS_PER_S, end_ns=(10**9 + seconds) * NS_PER_S)
    made = await feed.gather("traces", Scope(window=window, detected_ns=window.end_ns), deadline=Deadline())
    assert isinstance(made.data, Spans)
    return made, len(made.data.spans)


async def test_a_sample_with_as_many_spans_as_it_should_have_says_no_more() -> None:
    made, spans = await gathered(Told(40_000, lambda within: traces(within, 390)))
    assert spans == 3900
    assert made.sampling == pytest.approx(0.0975)
    (note,) = made.missing
    assert note.startswith("a sample of traces was taken, about 1 in 10: 3900 spans of 390 traces, of about 40000")


async def test_a_sample_without_the_largest_traces_says_so() -> None:
    made, _ = await gathered(Told(40_000, lambda within: traces(within, 200)))
    assert made.missing[-1] == (
        "fewer spans came than such a sample should have: traces of more than 1000 spans are left out"
    )


async def test_a_window_without_its_largest_traces_says_so() -> None:
    made, _ = await gathered(Told(3000, lambda within: traces(within, 100)))
    assert made.sampling == pytest.approx(1 / 3)
    assert made.missing == ("1000 of 3000 spans came: traces of more than 1000 spans are left out",)


async def test_a_slice_that_is_lost_is_told_and_the_others_are_kept() -> None:
    def answer(within: Slice) -> Hits:
        if within.start_s == 10**9:
            raise SourceUnavailableError("did not answer within 20 s", where="tempo")
        return traces(within, 50)

    api = Told(10_000_000, answer)
    feed = TempoFeed("tempo", api, TempoOptions(type="tempo", url="", spans=20_000), SystemClock())
    window = Window(start_ns=10**9 * NS_PER_S, end_ns=(10**9 + 600) * NS_PER_S)
    made = await feed.gather("traces", Scope(window=window, detected_ns=window.end_ns), deadline=Deadline())
    assert 1 < len(api.searched) <= MOST_REQUESTS
    assert any(
        note.startswith("traces of 01:46:40–") and "could not be read: did not answer" in note for note in made.missing
    )
    assert isinstance(made.data, Spans)
    assert len(made.data.spans) == 500 * (len(api.searched) - 1)


async def test_an_answer_that_ended_early_is_told() -> None:
    def answer(within: Slice) -> Hits:
        return Hits(traces=traces(within, 10).traces, jobs=3, of_jobs=8)

    made, _ = await gathered(Told(100, answer))
    assert made.missing == ("01:46:40–01:56:40: 5 of 8 parts of the search were not done",)


async def test_of_a_window_that_is_longer_than_may_be_searched_the_end_is() -> None:
    api = Told(100, lambda within: traces(within, 10))
    made, _ = await gathered(api, seconds=LONGEST + 60)
    assert min(one.start_s for one in api.searched) == 10**9 + 60
    assert made.missing[0] == "traces of more than seven days before the end were not asked for"


async def test_no_search_is_without_a_limit() -> None:
    api = Told(10**9, lambda within: traces(within, 1))
    await gathered(api)
    assert all(0 < limit <= 10_000 for limit in api.limits)
