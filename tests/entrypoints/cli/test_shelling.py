"""The shell in the process of the test: what a picked number means, and what reaches the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from compass.domain import chronicle as c
from compass.domain.commanded import SetAside
from compass.domain.disproof import Outcome
from compass.domain.hypothesis import Hypothesis
from compass.entrypoints.cli.render.verdicts import show_kept
from compass.entrypoints.cli.shelling import Shell
from compass.entrypoints.cli.verdicts import Kept
from compass.entrypoints.clock import SystemClock
from compass.storage.memory import MemoryChronicle
from tests.support.boards import LEDGER, WEB, account, attempt, plan, posterior, service, theory
from tests.support.cli import payloads
from tests.support.in_process import in_process
from tests.support.past import ended

OSC = "\x1b]52;c;cm0gLXJmIC8=\x07"
"""Sets the clipboard of the terminal that prints it."""
FULL, LEAK = theory("disk_full", WEB, "H1"), theory("memory_leak", WEB, "H2")


def moved(chronicle: MemoryChronicle, investigation: UUID, shares: dict[Hypothesis, float]) -> None:
    """The board moves on: other shares."""
    news = c.PosteriorUpdated(posterior=posterior({account(head).id: share for head, share in shares.items()}))
    asyncio.run(chronicle.append(investigation, None, [c.NewEvent(key=uuid4().hex, payload=news, actor="test")]))


def typing(*steps: str | Callable[[], None]) -> Callable[[str], str]:
    """Lines of a person; what is no line happens before the next one."""
    left = list(steps)

    def read(_prompt: str) -> str:
        while left:
            step = left.pop(0)
            if isinstance(step, str):
                return step
            step()
        raise EOFError

    return read


@pytest.mark.parametrize("shares", [{FULL: 0.5, LEAK: 0.4}, {FULL: 0.3, LEAK: 0.6}])
def test_a_number_counts_only_for_what_was_shown_beside_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shares: dict[Hypothesis, float]
) -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    kept = ended(chronicle, heads={FULL: 0.6, LEAK: 0.3})
    in_process(chronicle, monkeypatch, capsys)
    said: list[str] = []
    swapped = shares[LEAK] > shares[FULL]
    read = typing("reject web", lambda: moved(chronicle, kept, shares), "1", *(("1",) if swapped else ()))
    Shell(reference=str(kept), say=said.append, read=read).run()
    aside = [one.hypothesis for one in payloads(asyncio.run(chronicle.read(kept)), SetAside)]
    assert aside == [LEAK.id if swapped else FULL.id]
    assert any("The list has changed" in one for one in said) is swapped


def test_a_number_counts_no_more_where_the_words_decide_by_now(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two could be meant when it was shown; one is set aside by the time that its neighbour is picked."""
    chronicle = MemoryChronicle(clock=SystemClock())
    pool = theory("disk_full", LEDGER, "H2")
    kept = ended(chronicle, heads={FULL: 0.6, pool: 0.3})

    def put(hypothesis: Hypothesis, *, restored: bool = False) -> None:
        aside = SetAside(hypothesis=hypothesis.id, by="ada", restored=restored)
        news = c.NewEvent(key=uuid4().hex, payload=aside, actor="human")
        asyncio.run(chronicle.append(kept, None, [news]))

    put(FULL)
    put(pool)
    in_process(chronicle, monkeypatch, capsys)
    said: list[str] = []
    Shell(reference=str(kept), say=said.append, read=typing("undo", lambda: put(FULL, restored=True), "1", "1")).run()
    stored = payloads(asyncio.run(chronicle.read(kept)), SetAside)
    restored = [(one.hypothesis, one.by) for one in stored if one.restored]
    assert restored == [(FULL.id, "ada"), (pool.id, "human")]
    assert sum("can only mean this" in one for one in said) == 1


def test_a_superscript_is_no_number(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    kept = ended(chronicle, heads={FULL: 0.6, LEAK: 0.3})
    in_process(chronicle, monkeypatch, capsys)
    said: list[str] = []
    Shell(reference=str(kept), say=said.append, read=typing("reject web", "²")).run()
    assert payloads(asyncio.run(chronicle.read(kept)), SetAside) == []
    assert len(said) > 3


BETWEEN = {"a view": "why 2", "what is not there": "why 99", "help": "help", "another number": "7"}


@pytest.mark.parametrize("line", BETWEEN.values(), ids=BETWEEN)
def test_what_is_read_before_a_choice_is_answered_leaves_it_open_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    """A number is still one of what was asked: it must not become an order about an account."""
    chronicle = MemoryChronicle(clock=SystemClock())
    kept = ended(chronicle, heads={FULL: 0.6, LEAK: 0.3})
    in_process(chronicle, monkeypatch, capsys)
    said: list[str] = []
    Shell(reference=str(kept), say=said.append, read=typing("reject web", line, "2")).run()
    stored = asyncio.run(chronicle.read(kept))
    assert [one.hypothesis for one in payloads(stored, SetAside)] == [LEAK.id]
    again = said.index("Still open (or say none):")
    assert [one.split()[0] for one in said[again + 1 : again + 3]] == ["1", "2"]


@pytest.mark.parametrize("word", ["No.", "none"])
def test_none_of_what_was_asked_orders_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    kept = ended(chronicle, heads={FULL: 0.6, LEAK: 0.3})
    in_process(chronicle, monkeypatch, capsys)
    before = asyncio.run(chronicle.read(kept))
    said: list[str] = []
    Shell(reference=str(kept), say=said.append, read=typing("reject web", word)).run()
    assert asyncio.run(chronicle.read(kept)) == before
    assert said[-1] == "Nothing was ordered."  # and nothing is called open at the end


def test_names_of_telemetry_never_reach_the_terminal_raw(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    evil = service(f"web{OSC}shop")
    kept = ended(chronicle, heads={theory("disk_full", evil, "H1"): 0.6, theory("disk_full", LEDGER, "H2"): 0.3})
    in_process(chronicle, monkeypatch, capsys)
    said: list[str] = []
    Shell(reference=str(kept), say=said.append, read=typing("reject", "disk full", "reject 1", "escalate")).run()
    Shell(reference=str(kept), read=typing("reject 1", "theory web memory leak", "restore 1")).run()
    show_kept(Kept(number=1, key="k", said=(f"#1: {evil.name}",), cause=None), as_json=False)
    printed = capsys.readouterr()
    text = "".join((*said, printed.out, printed.err))
    assert "webshop" in printed.out
    assert "webshop" in "".join(said)
    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("timeline 3", "This is #2; `compass timeline 3` shows another."),
        ("timeline 1 --all", "This is #2; `compass timeline 1 --all` shows another."),
        ("show #3", "This is #2; `compass show 3` shows another."),
        ("cost 3", "This is #2; `compass cost 3` shows another."),
        ("review 3", "This is #2; `compass review 3` shows another."),
        ("status 1", "This is #2; `compass status 1` shows another."),
        ("why 1 -i 1", "This is #2; `compass why 1 -i 1` shows another."),
        ("resolve 1", "That is a command of its own, in another terminal or after this: compass resolve 2 --was 1"),
        ("status --for managers", "One working theory leads"),
        ("status managers", "One working theory leads"),
        ("status 2", "(#2, done)"),
        ("timeline all", "In the investigation"),
        ("show 2", "#2"),
        ("why 1 -i 2", "Why H1"),
        ("e H1", "for ("),
    ],
)
def test_what_is_read_of_another_investigation_is_told_and_never_read_of_this_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, told: str
) -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    for _ in range(3):
        ended(chronicle, heads={FULL: 0.6, LEAK: 0.3})
    in_process(chronicle, monkeypatch, capsys)
    said: list[str] = []
    Shell(reference="2", say=said.append, read=typing(line)).run()
    printed = capsys.readouterr()
    if told.startswith(("This is", "That is")):
        assert (said[2:], printed.out, printed.err) == ([told], "", "")
    else:
        assert told.lower() in printed.out.lower()
        assert printed.err == ""


def test_all_of_the_timeline_is_shown_where_all_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    tried = attempt(FULL, Outcome.SURVIVED)
    kept = ended(chronicle, heads={FULL: 0.6}, before=(c.PlanRegistered(plan=plan(FULL)), c.Attempted(attempt=tried)))
    in_process(chronicle, monkeypatch, capsys)
    Shell(reference=str(kept), say=lambda _line: None, read=typing("timeline")).run()
    assert "1 attempts to refute: compass timeline --all" in capsys.readouterr().out
    Shell(reference=str(kept), say=lambda _line: None, read=typing("timeline all")).run()
    shown = capsys.readouterr()
    assert tried.found in shown.out
    assert "attempts to refute:" not in shown.out
