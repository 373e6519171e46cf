"""What is on the screen: it fits, says what can be pressed, and loses nothing that was typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from compass.domain.board import Board, Orders
from compass.domain.commanded import DataRequested
from compass.domain.failure import Status
from compass.entrypoints.cli.conversation import modes as m
from compass.entrypoints.cli.conversation.below import in_keys
from compass.entrypoints.cli.conversation.painting import frame
from compass.entrypoints.cli.conversation.scene import Row, Scene
from compass.entrypoints.cli.render.live import LiveView
from compass.entrypoints.cli.render.page import Page
from compass.investigation.commanding import Choice, Option, Ordered, order_named
from tests.support.boards import ORDERS, believed, seen, theory
from tests.support.commanding import DELAY, FIELDS, POOL, desk, listed

MECHANISMS = (
    "connection_pool_exhausted", "slow_statement", "network_delay", "memory_leak", "cpu_throttling", "deadlock",
    "disk_full", "dns_failure", "packet_loss", "queue_backlog", "clock_skew", "retry_storm",
)  # fmt: skip
COMMAND = "kubectl logs deployment/orders -n shop --since=30m --tail=200 | grep -i 'no space left on device' | head"
ASKS = DataRequested(id="q1", hypothesis=POOL.id, question="How full is the pool?", command=COMMAND, if_true="full")


def many(**parts: object) -> Board:
    """Twelve theories, from likely to unlikely."""
    theories = [theory(name, ORDERS, f"H{at}") for at, name in enumerate(MECHANISMS, start=1)]
    shares = {one: 0.4 / 2**at for at, one in enumerate(theories)}
    own: dict[str, object] = {"observations": (seen("latency.up", ORDERS),), "specialists": FIELDS}
    return believed(shares, **{**own, **parts})


def scene(
    board: Board | None = None, mode: m.Mode | None = None, width: int = 80, height: int = 24, **more: object
) -> Scene:
    own: dict[str, object] = {
        "desk": desk(board or many()), "live": LiveView(Console(file=StringIO(), width=width)),
        "mode": mode or m.Watching(), "page": Page(width=width, height=height),
    }  # fmt: skip
    return Scene(**{**own, **more})  # type: ignore[arg-type]


def lines(of: Scene) -> list[str]:
    return [row.text.plain for row in frame(of).rows]


def height(rows: Sequence[Row], width: int) -> int:
    return sum(row.height(width) for row in rows)


MODES: tuple[m.Mode, ...] = (
    m.Watching(), m.Numbering(m.Verb.WHY), m.Numbering(m.Verb.ANSWER), m.Writing(m.Line.THEORY, "disk full " * 20),
    m.Choosing(Choice(question="Which?", options=(Option(
        text="one " * 60, order=Ordered(kind=order_named("pause"), value=None)),) * 6)),
    m.Agreeing(Ordered(kind=order_named("pause"), value=None), ("I will test: that " + "long " * 60,) * 3),
    m.Pasting(ASKS, ("a line " * 40,) * 9, "b" * 300), m.Judging(ASKS, "x\ny"), m.Reading(m.Show("keys")),
)  # fmt: skip


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: type(mode).__name__)
@pytest.mark.parametrize(("width", "rows"), [(80, 24), (60, 16), (132, 50), (50, 10), (40, 16), (20, 5)])
@pytest.mark.parametrize("status", [Status.RUNNING, Status.DONE])
def test_every_screen_is_exactly_as_large_as_the_terminal(mode: m.Mode, width: int, rows: int, status: Status) -> None:
    board = replace(many(orders=Orders(requested={"q1": ASKS})), status=status)
    painted = frame(scene(
        board, mode, width, rows, said=("said " * 40,) * 4, asked="asked " * 30, news="news " * 40,
        ended=status is Status.DONE, reading=(Text("x"),) * 60,
    )).rows  # fmt: skip
    assert height(painted, width) == rows
    assert max(cell_len(row.text.plain) for row in painted if not row.whole) <= width
    assert painted[-1].text.plain, "the keys stand in the last line"


def test_nine_accounts_are_in_sight_at_80x24_and_are_what_a_decision_was_made_among() -> None:
    painted = frame(scene())
    listed_ = [row.text.plain for row in painted.rows if row.text.plain[:1].isdigit()]
    assert [line.split()[0] for line in listed_[:-1]] == [str(n) for n in range(1, 10)]
    assert painted.shown is not None
    assert [line.split()[0] for line in painted.shown] == [str(n) for n in range(1, 10)]
    assert "3 others" in "\n".join(lines(scene()))


def test_what_a_person_set_aside_stays_in_sight() -> None:
    last = many().hypotheses
    key = list(last)[-1]
    text = "\n".join(lines(scene(many(orders=Orders(aside={key: "not us"})))))
    assert "set aside by you: not us" in text


def test_a_pause_and_what_is_asked_are_said_with_their_keys() -> None:
    text = "\n".join(lines(scene(listed(orders=Orders(paused=True, requested={"q1": ASKS})))))
    assert "PAUSED: p goes on" in text
    assert "d: answer it" in text
    assert "How full is the pool?" in text


def test_a_command_to_copy_is_neither_cut_nor_broken() -> None:
    painted = frame(scene(mode=m.Pasting(ASKS))).rows
    (whole,) = [row for row in painted if row.whole]
    assert whole.text.plain == COMMAND


def test_of_a_theory_shown_back_the_beginning_and_the_end_stay_where_there_is_no_room_for_all() -> None:
    back = ("I will test: the disk is full.", *(f"  requires: sign {n}" for n in range(30)), "  It gets no share.")
    text = lines(scene(mode=m.Agreeing(Ordered(kind=order_named("pause"), value=None), back)))
    assert back[0] in text
    assert back[-1] in text
    assert text[-1] == "y: add it · n: leave it"


def test_every_option_is_in_sight_however_small_the_screen() -> None:
    options = tuple(
        Option(text=f"option {n} " + "long " * 40, order=Ordered(kind=order_named("pause"), value=None))
        for n in range(6)
    )
    for width, height in ((80, 24), (60, 16), (50, 14)):
        text = lines(scene(mode=m.Choosing(Choice(question="Which?", options=options)), width=width, height=height))
        assert all(any(f"option {n} " in line for line in text) for n in range(6))


def test_accounts_beyond_nine_are_said_in_words() -> None:
    assert lines(scene(mode=m.Numbering(m.Verb.WHY)))[-1] == "Esc: back · beyond 9: Esc, then :why 10"
    assert lines(scene(listed(), m.Numbering(m.Verb.WHY)))[-1] == "Esc: back"


def test_here_an_order_is_a_key() -> None:
    assert in_keys("“continue” goes on.") == "p goes on."
    assert in_keys("“restore H1” takes it back.") == "u takes it back."
    assert in_keys("“look everywhere” ends it") == "“look everywhere” ends it"
    assert "p goes on" in "\n".join(lines(scene(said=("“continue” goes on",))))


def test_whose_reason_is_asked_for_and_that_it_waits_are_said() -> None:
    assert "H2: why set aside?" in "\n".join(lines(scene(mode=m.Writing(m.Line.REASON, about="H2"))))
    assert "WAITING for you" in "\n".join(lines(scene(question=m.Question.GATE, asked="Enter: go on")))


def test_what_is_typed_shows_its_end() -> None:
    text = lines(scene(mode=m.Writing(m.Line.THEORY, "x" * 100 + "the end")))
    assert any(line.startswith("Your theory: ") and line.rstrip().endswith("the end") for line in text)


def test_before_the_list_the_agents_are_shown() -> None:
    live = LiveView(Console(file=StringIO(), width=80))
    live._agent("database").doing = "asking for locks"
    text = "\n".join(lines(scene(replace(listed(), posterior=None), live=live)))
    assert "asking for locks" in text
    assert frame(scene(replace(listed(), posterior=None), live=live)).shown == ()
    assert "opening" in lines(scene(desk=None))[0]


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80])
def test_however_narrow_the_last_line_names_the_key_that_names_all(width: int) -> None:
    for ended in (False, True):
        last = lines(scene(width=width, ended=ended, leaves_s=9.0))[-1]
        assert "? keys" in last
        assert len(last) < width
    assert lines(scene())[-1].startswith("1-9 test · r reject · t theory · w why · e evidence · p pause · s stop")


def test_no_line_is_broken_within_a_share() -> None:
    said = "word " * 15 + "28 % of it"
    text = "\n".join(lines(scene(said=(said,))))
    assert "28 %" in text
    assert "\xa0" not in text


def test_after_the_end_the_first_screen_stands_above_one_line() -> None:
    board = replace(listed(), status=Status.DONE)
    text = lines(scene(board, ended=True, leaves_s=12.0))
    assert text[-1].startswith("Enter: leave · 1-9 test deeper")
    assert text[-1].endswith("(12 s)")
    assert "investigation done" in text[0]
    assert not any("compass accounts" in line for line in text)


def test_a_long_text_is_read_in_pages() -> None:
    reading = tuple(Text(f"line {n}") for n in range(60))
    text = lines(scene(mode=m.Reading(m.Show("why", "H1"), top=10), reading=reading))
    assert text[0] == "line 10"
    assert text[-1].startswith("Space: on (27 more lines)")
    assert lines(scene(mode=m.Reading(m.Show("why", "H1"), top=50), reading=reading))[-1] == "b: back · Esc: the list"


def test_set_aside_theories_leave_the_lines_of_a_decision_in_order() -> None:
    painted = frame(scene(listed(orders=Orders(aside={DELAY.id: ""}))))
    assert painted.shown is not None
    assert [line.split()[0] for line in painted.shown] == ["1", "2", "3"]
