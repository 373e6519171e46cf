"""Columns from lines: weights, metadata, and what Loki adds by itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from compass.domain.time import NS_PER_S, Window
from compass.sources.loki.api import Entry, More, Page, Stream
from compass.sources.loki.assemble import assemble, weights
from compass.sources.loki.bins import bins_of
from compass.sources.loki.fetch import Pulled
from compass.sources.loki.plan import Pull
from compass.sources.loki.survey import Counted

WINDOW = Window(start_ns=0, end_ns=240 * NS_PER_S)
BINS = bins_of(WINDOW, 24)
NOTHING = Counted(names=(), bins=BINS, lines={}, worded=None)


def pull(counts: dict[tuple[str, ...], np.ndarray], *, modulus: int = 7, unworded: bool = False) -> Pull:
    return Pull(
        what="lines", query="{}", windows=(WINDOW,), modulus=modulus, counts=counts, unworded=unworded
    )  # fmt: skip


def page(labels: dict[str, str], *entries: Entry, apart: bool = True) -> Page:
    return Page(streams=(Stream(stream=labels, values=list(entries)),), apart=apart)


def entry(at: int, line: str, **more: str) -> Entry:
    return Entry(at=str(at), line=line, more=More(structured=more))


@given(
    st.lists(st.lists(st.integers(0, 500), min_size=BINS.number, max_size=BINS.number), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, BINS.number - 1)), max_size=60),
)
def test_weights_add_up_to_what_was_counted(rows: list[list[int]], pulled: list[tuple[int, int]]) -> None:
    counts = {(str(i),): np.array(row, dtype=np.float64) for i, row in enumerate(rows)}
    # Lines of a step in which none were counted cannot come: the counts have at least what was pulled.
    pulled = [(g, k) for g, k in pulled if g < len(rows)]
    for g, k in pulled:
        counts[str(g),][k] += 1
    groups = [(str(g),) for g, _ in pulled]
    found, lost = weights(pull(counts), groups, np.array([k for _, k in pulled], dtype=np.int64), BINS.number)
    total = sum(row.sum() for row in counts.values())
    assert found.sum() + lost == np.float64(total) or abs(found.sum() + lost - total) < 1e-6 * max(1.0, total)
    assert (found >= 1.0).all()
    seen = {g for g, _ in pulled}
    assert lost == sum(counts[str(i),].sum() for i in range(len(rows)) if i not in seen)


def test_a_sampled_stream_says_how_many_lines_each_stands_for() -> None:
    row = np.zeros(BINS.number)
    row[0] = 10.0
    row[-1] = 30.0
    counted = Counted(names=("app",), bins=BINS, lines={("a",): row}, worded=None)
    got = page({"app": "a"}, entry(0, "x"), entry(1, "y"), entry(WINDOW.end_ns - 1, "z"))
    made = assemble([Pulled(pull=pull({("a",): row}), pages=(got,), cut=())], counted, frozenset({"app"}))
    counts = [made.logs.labels[stream].get("pattern_count") for stream in made.logs.stream]
    assert counts == ["5", "5", "30"]


def test_ids_are_told_by_all_their_spellings_and_are_no_labels() -> None:
    got = page({"app": "a"}, entry(1, "x", traceID="t1", spanId="s1"), entry(2, "y", trace_id="t2"))
    made = assemble([Pulled(pull=pull({}, modulus=1), pages=(got,), cut=())], NOTHING, frozenset({"app"}))
    assert list(made.logs.trace_id) == ["t1", "t2"]
    assert list(made.logs.span_id) == ["s1", ""]
    assert list(made.logs.labels) == [{"app": "a"}]


def test_a_server_that_mixes_metadata_with_labels_is_understood() -> None:
    got = page({"app": "a", "trace_id": "t", "pod": "p-1", "__stream_shard__": "3"}, entry(1, "x"), apart=False)
    made = assemble([Pulled(pull=pull({}, modulus=1), pages=(got,), cut=())], NOTHING, frozenset({"app"}))
    assert list(made.logs.trace_id) == ["t"]
    assert list(made.logs.labels) == [{"app": "a", "pod": "p-1"}]


def test_metadata_with_too_many_values_makes_no_streams() -> None:
    lines = [entry(i, "x", request_id=f"r{i}", pod=f"p{i % 30}", region="eu") for i in range(100)]
    made = assemble(
        [Pulled(pull=pull({}, modulus=1), pages=(page({"app": "a"}, *lines),), cut=())], NOTHING, frozenset({"app"})
    )
    assert made.left_out == ("request_id",)
    assert len(made.logs.labels) == 30
    assert made.logs.labels[0] == {"app": "a", "pod": "p0", "region": "eu"}


def test_what_loki_adds_by_itself_is_left_out_where_it_says_nothing_new() -> None:
    def labels(own: dict[str, str], **more: str) -> dict[str, str]:
        got = page(own, entry(1, "x", **more))
        made = assemble([Pulled(pull=pull({}, modulus=1), pages=(got,), cut=())], NOTHING, frozenset(own))
        return dict(made.logs.labels[0])

    assert labels({"app": "a", "level": "info"}, detected_level="info") == {"app": "a", "level": "info"}
    assert labels({"app": "a"}, detected_level="error") == {"app": "a", "detected_level": "error"}
    assert labels({"app": "a"}, detected_level="unknown") == {"app": "a"}
    assert labels({"job": "a", "service_name": "unknown_service"}) == {"job": "a"}


def test_lines_that_come_with_another_pull_are_left_out() -> None:
    got = page({"app": "a"}, entry(1, "all is well"), entry(2, "connection refused"), entry(3, "failed", level="info"))
    one = Pulled(pull=pull({}, modulus=1, unworded=True), pages=(got,), cut=())
    made = assemble([one], NOTHING, frozenset({"app"}))
    assert list(made.logs.line) == ["all is well", "failed"]
