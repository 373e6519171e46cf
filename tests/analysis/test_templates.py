from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.line_shape import shapes, words_of
from compass.analysis.log_level import is_continuation, level_of, structured
from compass.analysis.templates import mine

WORDS = ("order", "cart", "user", "session", "payment", "cache", "queue", "worker", "batch", "index", "stock", "coupon")
VERBS = ("accepted", "stored", "rejected", "started", "finished", "loaded", "dropped", "synced", "opened", "closed")
NAMES = tuple(f"{a}{b}" for a in ("al", "be", "ga", "de", "ep", "ze") for b in ("pha", "ta", "mma", "lta", "silon"))


def _value(random: np.random.Generator, kind: str) -> str:
    number = int(random.integers(0, 10**9))
    match kind:
        case "int":
            return str(number)
        case "hex":
            return f"{number:032x}"
        case "uuid":
            return f"{number:08x}-1a2b-4c3d-8e9f-{number:012x}"
        case "ip":
            return f"10.{number % 250}.{number // 7 % 250}.{number // 11 % 250}:{1024 + number % 9999}"
        case "time":
            return f"2024-05-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:07.{number % 1000:03d}Z"
        case "path":
            return f"/api/items/{number}"
        case _:
            return NAMES[number % len(NAMES)]


def _generate(seed: int, statements: int, lines: int) -> tuple[list[str], list[int]]:
    """`lines` lines of `statements` known templates: distinct words around one to three values."""
    random = np.random.default_rng(seed)
    made: list[tuple[str, ...]] = []
    for number in range(statements):
        level = ("INFO", "WARN", "ERROR")[number % 3]
        parts = [level, VERBS[number % len(VERBS)], WORDS[number % len(WORDS)], WORDS[(number // 3 + 5) % len(WORDS)]]
        for k in range(int(random.integers(1, 4))):
            kind = ("int", "hex", "uuid", "ip", "time", "path", "name")[int(random.integers(0, 7))]
            parts += [WORDS[(number + k) % len(WORDS)] + "=", "{" + kind + "}"]
        made.append(tuple(parts))
    text, truth = [], []
    for _ in range(lines):
        number = int(random.integers(0, statements))
        words = [_value(random, w[1:-1]) if w.startswith("{") else w for w in made[number]]
        text.append(" ".join(words))
        truth.append(number)
    return text, truth


def _accuracy(ids: np.ndarray, truth: list[int]) -> float:
    """Grouping accuracy: share of lines whose group holds exactly the lines of their true template (Zhu et al. 2019,
    "Tools and Benchmarks for Automated Log Parsing")."""
    answer = np.array(truth)
    right = 0
    for group in np.unique(ids):
        mine_ = ids == group
        kinds = np.unique(answer[mine_])
        right += int(mine_.sum()) if kinds.size == 1 and (answer == kinds[0]).sum() == mine_.sum() else 0
    return right / len(truth)


@given(st.integers(0, 10_000), st.integers(3, 30))
@settings(max_examples=25, deadline=None)
def test_known_templates_are_found(seed: int, statements: int) -> None:
    text, truth = _generate(seed, statements, 1500)
    assert _accuracy(mine(text).ids, truth) >= 0.95


def test_same_result_whatever_the_chunks_and_numbering_by_first_appearance() -> None:
    text, _ = _generate(3, 10, 4200)  # more than two chunks
    found = mine(text)
    assert (shapes(text) == np.concatenate([shapes(text[:77]), shapes(text[77:])])).all()
    assert found.ids[0] == 0
    assert list(found.examples) == sorted(found.examples)
    assert [found.ids[e] for e in found.examples] == list(range(len(found)))


def test_locations_levels_and_statuses_stay_and_values_go() -> None:
    lines = [
        "10:00:01.123 INFO  a.b.Service#42 TraceID: 1f SpanID: 2e [find][found alpha in 3 ms]",
        "10:00:02.456 INFO  a.b.Service#42 TraceID: 9c SpanID: 8b [find][found beta in 12 ms]",
        "10:00:03.789 ERROR a.b.Service#42 TraceID: 9c SpanID: 8b [find][found beta in 12 ms]",
        "10:00:03.789 INFO  a.b.Service#43 TraceID: 9c SpanID: 8b [find][found beta in 12 ms]",
        "server.go:17 GET / status=200 in 3ms", "server.go:17 GET / status=500 in 3ms",
        "server.go:17 GET / status=200 in 9ms", "E0102 12:00:00.1 x", "I0102 12:00:00.1 x", "I0103 09:00:00.1 x",
    ]  # fmt: skip
    found = mine(lines)
    assert found.ids.tolist() == [0, 0, 1, 2, 3, 3, 3, 4, 5, 5]
    assert found.levels == ("info", "error", "info", "", "error", "info")
    assert found.locations[:4] == ("a.b.Service#42", "a.b.Service#42", "a.b.Service#43", "server.go:17")
    assert shapes(lines[4:5]) != shapes(lines[5:6])
    assert found.texts[0].startswith("<*> INFO  a.b.Service#42 TraceID: <*> SpanID: <*> [find][found <*>")


def test_structured_lines_are_read_by_message_and_error() -> None:
    lines = [
        f'{{"id":"{n:x}","severity":"{s}","message":"request {w}","error":"could not reach db-{n}"}}'
        for n, s, w in ((1, "error", "failed"), (2, "error", "failed"), (3, "info", "failed"))
    ]
    found = mine(lines)
    assert found.ids.tolist() == [0, 0, 1]
    assert found.texts[0] == "request failed: could not reach <*>"
    assert found.levels == ("error", "info")


def test_few_different_words_are_not_taken_for_a_variable() -> None:
    found = mine(["order for alpha created", "order for alpha deleted", "order for alpha paid"] * 5)
    assert len(found) == 3


@given(st.lists(st.text(max_size=80), max_size=20))
@settings(max_examples=60, deadline=None)
def test_any_text_is_taken(lines: list[str]) -> None:
    found = mine(lines)
    assert found.ids.shape == (len(lines),)
    assert len(found.texts) == len(found.levels) == len(found.examples) == len(found)


def test_very_long_and_wide_lines() -> None:
    assert len(mine(["𐍈" * 100_000, "{" * 5000, '{"message": ' + "[" * 5000])) == 3


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2024-01-01 10:00:00 ERROR boom", "error"), ("E0102 10:00:00.000000 1 x.go:1] boom", "error"),
        ("W0102 10:00:00.000000 1 x.go:1] boom", "warn"), ('{"severity":"warning","x":1}', "warn"),
        ("level=fatal msg=x", "fatal"), ('{"level":50,"msg":"x"}', "error"), ("fail: My.Service[0]", "error"),
        ("2024/01/01 10:00:00 [crit] 7#7: x", "fatal"), ("10:00 UTC [7] FATAL:  password", "fatal"),
        ("10:00 UTC [7] LOG:  checkpoint", "info"), ("Traceback (most recent call last):", "error"),
        ("panic: runtime error", "fatal"), ("java.lang.IllegalStateException: x", "error"), ("all is well", ""),
        ("no error here", ""), ("1:M 11 Nov 2025 15:18:40.719 # Warning: no config", "warn"),
        ("1:M 11 Nov 2025 15:18:40.719 * timeout: 500", "info"), ("error-free run", ""),
    ],
)  # fmt: skip
def test_levels(line: str, level: str) -> None:
    assert level_of(line) == level


@pytest.mark.parametrize(
    "line",
    ["\tat com.acme.Foo.bar(Foo.java:3)", '  File "/a.py", line 3, in x', "goroutine 7 [running]:", "... 12 more"],
)
def test_stack_frames_are_no_events(line: str) -> None:
    assert is_continuation(line)
    assert not is_continuation("at noon the job ran")


@pytest.mark.parametrize("line", ["{", "{}", "[1]", '{"a":1}', '{"message":7}', "plain", '{"message":{}}'])
def test_not_structured(line: str) -> None:
    assert structured(line) is None


def test_long_lines_in_many_bytes_are_hashed_the_same_in_any_company() -> None:
    """1,500 lines of 400 four-byte characters are more than is hashed at once."""
    lines = [f"opened {'𐍈' * 390} {n % 3}" for n in range(1500)]
    found = shapes(lines)
    assert (found == shapes(lines[7:8])[0]).all()


@pytest.mark.parametrize("line", ["a.go:12 started", "x#7 started", "code 500"])
def test_the_first_of_many_lines_is_read_like_the_others(line: str) -> None:
    assert np.unique(shapes([line, line, line])).size == 1


@given(st.lists(st.text("ab\0é", min_size=1, max_size=40), min_size=1, max_size=9), st.integers(0, 9))
def test_a_word_has_one_hash_wherever_it_stands_and_no_other_word_has_it(words: list[str], gap: int) -> None:
    said = " ".join(words)
    found = words_of([said, "x" + " " * gap + " " + said, *words]).hash.tolist()
    pairs = set(zip(found, [*words, "x", *words, *words], strict=True))
    assert len(pairs) == len(set(found)) == len({"x", *words})


def test_the_word_a_statement_begins_with_is_never_free() -> None:
    words = [a + b for a in ("al", "be", "ga", "de", "ep") for b in ("pha", "nor", "rik", "sut", "mol", "wen", "tiq")]
    lines = [f"{word} request handled by gateway" for word in words for _ in range(3)]
    assert np.unique(mine(lines).ids).size == len(words)
    assert np.unique(mine([f"request {word} handled by gateway" for word in words]).ids).size == 1


def test_lists_of_any_length_and_several_free_words_are_one_statement() -> None:
    rng = np.random.default_rng(4)
    lines = [
        f"mail from {rng.choice(NAMES)} to {rng.choice(NAMES)} about [{', '.join(rng.choice(NAMES, n % 5 + 1))}] sent"
        for n in range(600)
    ]
    found = mine(lines)
    assert len(found) == 1
    assert found.texts[0].startswith("mail from <*> to <*> about [<*>")
    assert len(mine([f"connection to [primary, {role}] lost" for role in ("main", "spare")] * 4)) == 1


def test_many_different_shapes_do_not_hide_the_statements() -> None:
    """More shapes than are read one by one: free words are found in bulk before."""
    rng = np.random.default_rng(8)
    verbs = [f"{a}{b}ed" for a in ("stor", "load", "mov", "clos") for b in ("", "ish", "at", "en", "ol")]
    words = [f"{a}{b}" for a in NAMES for b in ("x", "y", "z")]
    truth = rng.integers(0, len(verbs), 30_000)
    lines = [
        f"{verbs[n]} item of {words[rng.integers(90)]} for {words[rng.integers(90)]} in {words[rng.integers(90)]} queue"
        for n in truth
    ]
    assert np.unique(shapes(lines)).size > 20_000
    assert _accuracy(mine(lines).ids, truth.tolist()) == 1.0


def test_levels_and_messages_of_structured_lines_never_become_variables() -> None:
    lines = [
        f'{{"time":"{n}","level":"{level}","user":"{NAMES[n % 30]}","msg":"job {verb}"}}'
        for n, (level, verb) in enumerate(
            [(level, verb) for level in ("debug", "info", "warn", "error", "fatal") for verb in VERBS] * 6
        )
    ]
    found = mine(lines)
    assert len(found) == 5 * len(VERBS)
    assert set(found.texts) == {f"job {verb}" for verb in VERBS}
