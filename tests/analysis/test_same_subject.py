from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis import same_subject as subject
from compass.analysis.same_subject import Said, SameSubject, passing, same_subject

INFO, ERROR = 0, 1


class Log:
    """Lines of one service: first those before the onset, then those since."""

    def __init__(self, lines: list[tuple[str, str, bool]], split: int) -> None:
        self.split = split
        self.said = Said(
            group=np.full(len(lines), 3), event=np.array([ERROR if wrong else INFO for _, _, wrong in lines]),
            trace=np.array([trace for _, trace, _ in lines], dtype=object),
            text=np.array([text for text, _, _ in lines], dtype=object),
            wrong=np.array([wrong for _, _, wrong in lines]),
        )  # fmt: skip

    def seen(self) -> SameSubject | None:
        place = np.arange(len(self.said.text))
        found = same_subject(self.said, place < self.split, place >= self.split)
        assert len(found) <= 1
        return found[0] if found else None


def log(
    failing: list[tuple[str, str]], seed: int, *, usual: str = "sent order {} to customer {}", ordinary: int = 60,
    traced: bool = True,
) -> Log:  # fmt: skip
    random = np.random.default_rng(seed)
    lines = [
        (f"2026-01-05 10:00:{k % 60:02}.{k:03} INFO " + usual.format(3_000_000 + k, random.integers(1, 900)),
         f"{random.integers(1 << 60):x}" if traced else "", False)
        for k in range(ordinary)
    ]  # fmt: skip
    return Log([*lines, *[(text, trace, True) for text, trace in failing]], ordinary)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9999), tries=st.integers(8, 200), others=st.integers(0, 7))
def test_one_message_that_is_delivered_again_and_again_is_the_subject(seed: int, tries: int, others: int) -> None:
    """It keeps the request that sent it; a few errors of other requests do not hide it."""
    random = np.random.default_rng(seed)
    failing = [(f"10:01:{k:02} ERROR cannot handle it: ValueError", "ab12") for k in range(tries)]
    failing += [("10:01:59 ERROR cannot handle it: ValueError", f"{random.integers(1 << 60):x}") for _ in range(others)]
    found = log([failing[k] for k in random.permutation(len(failing))], seed).seen()
    assert found is not None
    assert (found.group, found.event, found.what, found.lines, found.of_lines) == (
        3,
        ERROR,
        "request",
        tries,
        tries + others,
    )
    assert found.before == 1
    assert found.score > 4


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9999), tries=st.integers(8, 200), traced=st.booleans())
def test_one_record_is_the_subject_where_each_try_is_a_request_of_its_own(seed: int, tries: int, traced: bool) -> None:
    random = np.random.default_rng(seed)
    failing = [
        (f"ERROR attempt {k} to send order 3000471 failed after {random.integers(1, 99)} ms: KeyError",
         f"{random.integers(1 << 60):x}" if traced else "")
        for k in range(tries)
    ]  # fmt: skip
    found = log([(text.replace("3000471", "91-3000471"), trace) for text, trace in failing], seed, traced=traced).seen()
    assert found is not None
    assert (found.what, found.lines, found.of_lines) == ("order", tries, tries)
    assert found.score > 4


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 9999), lines=st.integers(8, 200), traced=st.booleans(),
    text=st.sampled_from([
        "ERROR could not send order {n}: KeyError", "ERROR order_id={n} status=500 line 42: KeyError",
        "ERROR order {n} failed: config id 4711 is missing", "ERROR worker 7: connect to port 5432 refused, order {n}",
        "ERROR order {n} took 3000 ms", "ERROR KeyError: 'customer'", "ERROR KeyError at 10.0.0.5:8080 in req-1",
    ]),
)  # fmt: skip
def test_an_exception_for_every_input_has_no_one_subject(seed: int, lines: int, traced: bool, text: str) -> None:
    random = np.random.default_rng(seed)
    failing = [(text.format(n=90_000_000 + k), f"{random.integers(1 << 60):x}" if traced else "") for k in range(lines)]
    assert log(failing, seed, traced=traced).seen() is None


def test_requests_that_always_write_many_lines_of_a_kind_are_ordinary() -> None:
    """A loop over items within each request."""
    usual = [(f"INFO priced item {k % 20}", f"t{k // 20}", False) for k in range(400)]
    failing = [("ERROR no price for it", "t77", True)] * 20
    assert Log([*usual, *failing], 400).seen() is None
    assert Log([*usual, *failing * 3], 400).seen() is not None


def test_one_request_among_many_that_fail_is_no_subject() -> None:
    assert (
        log([("ERROR it failed", "ab12")] * 10 + [("ERROR it failed", f"cd{k}") for k in range(30)], 1).seen() is None
    )


def test_many_records_of_one_shard_are_many_things() -> None:
    failing = [(f"ERROR cannot import record {90_000_000 + k} of shard_id=901", "") for k in range(50)]
    assert log(failing, 1, usual="record {} of shard_id={}", traced=False).seen() is None


@pytest.mark.parametrize("first", [1, 7_000_000])
def test_a_job_that_fails_on_each_of_its_records_fails_on_many_things(first: int) -> None:
    failing = [(f"ERROR cannot import record {first + k}", "ab12") for k in range(50)]
    assert log(failing, 1).seen() is None


def test_a_value_that_was_handled_before_is_not_what_cannot_be_handled() -> None:
    failing = [("ERROR cannot write to shard_id=5", "") for _ in range(50)]
    assert log(failing, 1, usual="wrote {} to shard_id={}", ordinary=3000, traced=False).seen() is None


@pytest.mark.parametrize(("tries", "ordinary"), [(7, 60), (50, 9), (0, 60), (50, 0)])
def test_too_few_lines_say_nothing(tries: int, ordinary: int) -> None:
    assert log([("ERROR it failed", "ab12")] * tries, 1, ordinary=ordinary).seen() is None


@pytest.mark.parametrize(
    ("name", "values"), [("MIN_LINES", (6, 15)), ("MIN_SUBJECTS", (5, 30)), ("MORE_OFTEN", (2, 6))]
)
def test_the_constants_may_be_others(name: str, values: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    for value in values:
        monkeypatch.setattr(subject, name, value)
        assert log([("ERROR it failed", "ab12")] * 20, 1).seen() is not None
        assert log([("ERROR no such order 12-3000471", "")] * 20, 1).seen() is not None
        assert log([(f"ERROR order 12-{3000500 + k} failed", f"ab{k}") for k in range(20)], 1).seen() is None


def test_long_lines_without_spaces_are_read_fast() -> None:
    """The time grows with the length, not with its square or worse: this would take minutes."""
    failing = [(f"ERROR {'a_-.' * 3_000}{'9-' * 3_000}", "") for _ in range(500)]
    assert log(failing, 1, usual="a-" * 5_000 + "{} {}", ordinary=2_000, traced=False).seen() is None


@pytest.mark.parametrize(
    "key", ["trace_id", "traceId", "TraceID", "requestid", "span.id", "correlation-id", "ts", "time", "startTime",
            "created_at", "date", "retries", "attempt", "thread", "pid", "timestamp", "runtime"],
)  # fmt: skip
def test_what_changes_with_each_try_is_no_subject(key: str) -> None:
    assert passing(key)


@pytest.mark.parametrize(
    "key", ["update_id", "updateId", "runtime_id", "candidate", "order", "format", "validateKey", ""]
)
def test_a_name_that_only_holds_such_letters_may_be_one(key: str) -> None:
    assert not passing(key)


def test_an_update_that_fails_again_and_again_is_the_subject() -> None:
    failing = [("ERROR could not apply update_id=48151623 to the ledger", f"{k:x}") for k in range(20)]
    usual = "applied update_id={} for customer {}"
    found = log(failing, 7, usual=usual, traced=False).seen()
    assert found is not None
    assert found.what == "update_id"
