"""What keys mean: the state machine alone, against a board of three theories."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from compass.domain.board import Orders
from compass.domain.commanded import DataRequested
from compass.domain.failure import Status
from compass.entrypoints.cli.conversation.keys import Key
from compass.entrypoints.cli.conversation.meaning import MOST_LINE, press
from compass.entrypoints.cli.conversation.modes import (
    Agreeing,
    Choosing,
    Line,
    Numbering,
    Pasting,
    Question,
    Reading,
    Table,
    Turn,
    Watching,
    Writing,
)
from compass.entrypoints.cli.conversation.named import KEYS
from compass.investigation.commanding import Ordered, desk_of, orders, understand
from compass.investigation.commanding.escalate import Escalate
from compass.investigation.commanding.look import Look
from compass.investigation.commanding.reject import Reject
from tests.support.boards import believed
from tests.support.commanding import DELAY, PAYMENTS, POOL, SLOW, catalogue, desk, listed
from tests.support.pressing import TABLE, asking, said, typed

ASKS = DataRequested(id="q1", hypothesis=POOL.id, question="How full is the pool?", command="psql -c 'select 1'")
ALSO = DataRequested(id="q2", hypothesis=SLOW.id, question="Which statements are slow?")


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ("2", "test"), ("r2\n", "reject"), ("r2we saw it\n", "reject"), ("lpayments\n", "look"), ("x\n", "escalate"),
        ("nthe network\n", "look"), ("p", "pause"), ("s", "stop"), (":reject 2\n", "reject"),
        ("tdisk full on orders\ny", "theory"), ("tthe pool of orders is exhausted\n1", "test"),
        ("r\x1b2", "test"), (":stop\n", "stop"),
    ],
)  # fmt: skip
def test_every_order_has_its_keys(keys: str, name: str) -> None:
    turn = typed(keys)
    assert turn.order is not None
    assert turn.order.name == name
    assert turn.mode == Watching()


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("2", "2"), ("r2\n", "r 2"), ("u", "u"), ("tdisk full on orders\ny", "t disk full on orders"), ("t2\n", "t 2"),
        ("lpayments\n", "l payments"), ("npayments\n", "n payments"), ("xthe dba\n", "x the dba"),
        ("d.\ns", "d supports"), ("p", "p"), ("s", "s"),
    ],
)  # fmt: skip
def test_a_letter_means_the_same_as_a_key_and_in_front_of_a_line(keys: str, line: str) -> None:
    """Said in the shell, to the one-line orders and after `:`."""
    board = replace(TABLE, desk=desk(listed(orders=Orders(requested={"q1": ASKS}, aside={DELAY.id: ""}))))
    assert board.desk is not None
    order, said_ = typed(keys, board).order, understand(line, board.desk)
    assert isinstance(said_, Ordered)
    assert order is not None
    assert order.name == said_.name
    if order.name != "look":  # which keeps the words
        assert order.value == said_.value


def test_every_order_and_reading_has_one_letter_and_no_two_the_same() -> None:
    letters = [*"we", *(one for kind in orders() for one in (("l", "n") if kind.name == "look" else (kind.key,)))]
    assert len(letters) == len(set(letters))
    told = " ".join(keys for keys, _ in KEYS).split()
    assert set(letters) - set(told) == {"c"}, "p goes on, too, where c in front of a line does"


def test_a_reason_is_one_line_and_may_be_left_out() -> None:
    assert typed("r2").mode == Writing(Line.REASON, about="H2")
    with_reason, without = typed("r2we saw it\n").order, typed("r2\n").order
    assert with_reason is not None
    assert without is not None
    assert with_reason.value == Reject(hypothesis=SLOW, reason="we saw it")
    assert without.value == Reject(hypothesis=SLOW)


def test_where_and_where_not() -> None:
    look, avoid = typed("lpayments\n").order, typed("npayments\n").order
    assert look is not None
    assert avoid is not None
    assert look.value == Look(look=(PAYMENTS,), said="payments")
    assert avoid.value == Look(avoid=(PAYMENTS,), said="not payments")


def test_a_theory_is_shown_back_and_counts_with_a_y_only() -> None:
    shown = typed("tdisk full on orders\n")
    assert isinstance(shown.mode, Agreeing)
    assert shown.mode.lines[0].startswith("I will test: ")
    for key in ("n", "\n", "\x1b"):
        left = typed(key, mode=shown.mode)
        assert left.order is None
        assert left.mode == Watching()
    assert typed("7", mode=shown.mode) == Turn(mode=shown.mode), "a slip neither adds nor loses it"
    assert typed("y", mode=shown.mode).order == shown.mode.order


def test_words_of_several_meanings_are_a_choice_by_number() -> None:
    turn = typed("tdisk full on the database\n")
    assert isinstance(turn.mode, Choosing)
    assert typed("9", mode=turn.mode).mode == turn.mode
    assert isinstance(typed("1", mode=turn.mode).mode, Agreeing)


def test_why_and_evidence_are_read_and_left() -> None:
    for keys, what in (
        ("w2", "why"),
        ("e2", "evidence"),
        (":w 2\n", "why"),
        (":e 2\n", "evidence"),
        (":why 2\n", "why"),
        (":evidence H2\n", "evidence"),
    ):
        mode = typed(keys).mode
        assert isinstance(mode, Reading)
        assert (mode.show.what, mode.show.about) == (what, "H2")
        assert typed("\x1b", mode=mode).mode == Watching()
        assert typed("q", mode=mode).mode == Watching()
    paged = typed("w2 ", Table(desk=desk(), rows=20)).mode
    assert isinstance(paged, Reading)
    assert paged.top == 19
    assert typed("bbb", mode=paged).mode == replace(paged, top=0)
    keys_mode = typed("?").mode
    assert isinstance(keys_mode, Reading)
    assert keys_mode.show.what == "keys"
    assert typed(":help\n").mode == keys_mode


def test_the_number_of_nothing_is_said_and_asked_again() -> None:
    turn = typed("w9")
    assert said(turn) == "There is no account 9. There are 1 to 3."
    assert isinstance(turn.mode, Numbering)
    assert typed("wxyz").mode == turn.mode, "letters are no number"
    assert said(typed("9")).startswith("There is no account 9")


@pytest.mark.parametrize("keys", [":EVERYTHING IS DOWN help\n", "HELP everything is down\n", ":aaaaah help!!\n"])
def test_panic_gets_what_is_known_and_one_key_of_this_screen(keys: str) -> None:
    turn = typed(keys)
    assert turn.order is None
    assert turn.say is not None
    assert turn.say[0].startswith("One thing at a time.")
    assert turn.say[1].startswith("Press 1 to test it deeper")
    early = typed(keys, Table(desk=desk(replace(listed(), accounts=(), posterior=None, hypotheses={}))))
    assert "the list comes by itself" in said(early)


def test_whoever_types_away_says_words() -> None:
    assert typed("banana").mode == Writing(Line.SAY, "banana")
    assert "cannot make a theory" in said(typed("banana\n"))


@pytest.mark.parametrize(
    ("words", "what", "about"),
    [
        ("timeline", "timeline", ""), ("timeline --all", "timeline", "all"), ("cost", "cost", ""), ("show", "show", ""),
        ("accounts", "accounts", ""), ("accounts 2", "accounts", "H2"), ("list", "accounts", ""),
        ("status", "status", ""), ("status --for managers", "status", "managers"),
        ("Status for Customers", "status", "customers"),
        ("review", "review", ""), ("evidence E14", "evidence", "e14"),
        ("ask is it the database?", "ask", "is it the database?"),
        ("why 9", "why", "9"),
    ],
)  # fmt: skip
def test_what_reads_is_read_here(words: str, what: str, about: str) -> None:
    mode = typed(f":{words}\n").mode
    assert isinstance(mode, Reading)
    assert (mode.show.what, mode.show.about) == (what, about)


def test_words_that_only_begin_like_something_to_read_are_words() -> None:
    assert not isinstance(typed(":show me the slow statements of ledger\n").mode, Reading)
    assert "command of its own" in said(typed(":postmortem\n"))
    assert "command of its own" in said(typed(":resolve 3\n"))
    assert "command of its own" not in said(typed(":resolve orders is failing\n"))


FOURTH = Table(desk=desk_of(listed(), catalogue(), number=4))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("resolve", "compass resolve 4"), ("resolve 2", "compass resolve 4 --was 2"),
        ("resolve #2 --fix 'more room'", "compass resolve 4 --was 2 --fix 'more room'"),
        ("correct h2", "compass correct 4 --was H2"), ("near-miss 2", "compass near-miss 4 --was 2"),
        ("resolve --was 'Disk full'", "compass resolve 4 --was 'Disk full'"),
        ("resolve -i 2 --was 1", "compass resolve -i 2 --was 1"), ("recheck", "compass recheck 4"),
        ("postmortem -o Draft.md", "compass postmortem 4 -o Draft.md"), ("postmortem 4", "compass postmortem 4"),
        ("replay 3", "compass replay 3 (this is #4)"), ("gaps", "compass gaps"), ("unsolved", "compass unsolved"),
    ],
)  # fmt: skip
def test_a_command_of_its_own_is_told_for_this_investigation(words: str, told: str) -> None:
    assert said(typed(f":{words}\n", FOURTH)).endswith(f" after this: {told}")


@pytest.mark.parametrize("words", ["show 1", "timeline #1", "cost 1", "review 1", "status 1", "why 2 -i 1"])
def test_what_is_read_of_another_investigation_is_told(words: str) -> None:
    turn = typed(f":{words}\n", FOURTH)
    assert isinstance(turn.mode, Watching)
    assert re.fullmatch(r"This is #4; `compass [a-z]+( 1| 2 -i 1)` shows another\.", said(turn))


@pytest.mark.parametrize(
    "words", ["show 4", "timeline 4", "timeline 4 --all", "status #4 --for managers", "why 2 -i 4"]
)
def test_a_number_of_this_investigation_reads_it(words: str) -> None:
    mode = typed(f":{words}\n", FOURTH).mode
    assert isinstance(mode, Reading)
    assert (mode.show.what, mode.show.about) in (
        ("show", ""), ("timeline", ""), ("timeline", "all"), ("status", "managers"), ("why", "H2")
    )  # fmt: skip


def test_a_number_with_words_behind_it_is_said_of_the_system() -> None:
    assert "shows another" not in said(typed(":show 3 pods of orders that crash\n", FOURTH))


def test_a_paste_is_text_where_text_is_typed_and_never_keys() -> None:
    paste = Key(text="s\np\n2", pasted=True)
    for begun in ("", "r", "tdisk full on orders\n"):
        turn = press(typed(begun).mode, paste, TABLE)
        assert turn.order is None
        assert turn.mode == typed(begun).mode
        assert "not taken as keys" in said(turn)
    written = press(typed("t").mode, paste, TABLE).mode
    assert isinstance(written, Writing)
    assert written.text == "s p 2"
    long = press(typed("t").mode, Key(text="x" * 2000, pasted=True), TABLE).mode
    assert isinstance(long, Writing)
    assert len(long.text) == MOST_LINE


def test_a_line_is_corrected_and_backed_out_of() -> None:
    corrected = typed("tab\x7fc").mode
    assert isinstance(corrected, Writing)
    assert corrected.text == "ac"
    cleared = typed("tab\x15").mode
    assert isinstance(cleared, Writing)
    assert cleared.text == ""
    assert typed("t\x7f").mode == Watching()
    assert typed("tabc\x1b").mode == Watching()
    assert typed("t\n").mode == Watching()


def test_which_of_several_requests_is_answered() -> None:
    assert said(typed("d")) == "COMPASS asks for no data now."
    table = asking(ASKS, ALSO)
    assert typed("d2", table).mode == Pasting(ALSO)
    assert said(typed("d7", table)) == "There are: 1, 2."


def test_pause_is_also_going_on_and_what_was_set_aside_comes_back() -> None:
    paused = Table(desk=desk(listed(orders=Orders(paused=True))))
    order = typed("p", paused).order
    assert order is not None
    assert order.name == "continue"
    aside = Table(desk=desk(listed(orders=Orders(aside={DELAY.id: "far away"}))))
    back = typed("u", aside).order
    assert back is not None
    assert back.name == "restore"
    assert "set aside already" in said(typed("r3", aside))
    assert said(typed("u")) == "Nothing is set aside."


def test_escalation_may_name_nobody() -> None:
    order = typed("x\n").order
    named = typed("xthe database team: pool is full\n").order
    assert order is not None
    assert named is not None
    assert isinstance(order.value, Escalate)
    assert order.value.to == "whoever is next on call"
    assert named.value == Escalate(to="database team", reason="pool is full")


def test_the_gate_is_answered_beside_all_other_keys() -> None:
    gate = replace(TABLE, question=Question.GATE)
    assert typed("\n", gate).answer is True
    assert typed("s", gate).answer is False
    assert typed("2", gate).answer is None
    assert typed("2", gate).order is not None
    assert typed("t\n", gate).answer is None, "Enter ended a line"
    spend = replace(TABLE, question=Question.SPEND)
    assert typed("y", spend).answer is True
    assert typed("\n", spend).answer is False
    assert typed("w", spend).answer is None


def test_after_the_end_enter_leaves() -> None:
    over = Table(desk=desk(replace(listed(), status=Status.DONE)), ended=True)
    for key in ("\n", "q", "\x04"):
        assert typed(key, over).leave
    assert not typed("\n").leave
    assert "still running" in said(typed("q"))
    assert "nothing to pause" in said(typed("p", over))
    assert "not running" in said(typed("s", over))
    assert typed("1", over).order is not None


def test_before_there_is_a_list_keys_say_so() -> None:
    empty = Table(desk=desk(replace(listed(), accounts=(), posterior=None, hypotheses={})))
    for key in "1rwe":
        assert "No list yet" in said(typed(key, empty))
    nothing = Table(desk=desk(believed({})), ended=True)
    assert "There is no account" in said(typed("1", nothing))
    assert "being opened" in said(typed("1", Table(desk=None)))
    assert typed("?", Table(desk=None)).mode == typed("?").mode
    assert typed("lpayments\n", empty).order is not None, "where to look can be said from the beginning"


def test_blanks_and_unknown_keys_do_nothing() -> None:
    assert typed(" ") == Turn(mode=Watching())
    assert press(Watching(), Key("up"), TABLE) == Turn(mode=Watching(), say=())


def test_a_digit_at_which_another_account_stood_a_moment_ago_is_asked_for_again() -> None:
    table = replace(TABLE, moved=frozenset({1, 2}))
    for digit in "12":
        assert (typed(digit, table).order, said(typed(digit, table))) == (None, "The list just changed: press again.")
    for keys in ("3", ":H2\n"):
        assert typed(keys, table).order is not None, "it means what it says"
