"""An answer to a request for data: however it is pasted, it is taken once, bounded, and never thrown away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.domain.commanded import Bearing, DataRequested
from compass.entrypoints.cli.conversation.keys import Key
from compass.entrypoints.cli.conversation.meaning import press
from compass.entrypoints.cli.conversation.modes import Judging, Pasting, Turn, Watching
from compass.entrypoints.cli.conversation.pasting import MOST_PASTE
from compass.investigation.commanding.answer import Answer
from tests.support.commanding import POOL, SLOW
from tests.support.pressing import asking, said, typed

ASKS = DataRequested(id="q1", hypothesis=POOL.id, question="How full is the pool?", command="psql -c 'select 1'")
ALSO = DataRequested(id="q2", hypothesis=SLOW.id, question="Which statements are slow?")


@pytest.mark.parametrize(("key", "bearing"), [*zip("scn", Bearing, strict=True)])
@pytest.mark.parametrize("ends", ["\n.\n", "\x04", "\n\x04"])
def test_data_is_pasted_ended_and_judged(key: str, bearing: Bearing, ends: str) -> None:
    table = asking(ASKS)
    assert typed("d", table).mode == Pasting(ASKS)
    turn = typed(f"dactive 20\nmax 20{ends}", table)
    assert turn.mode == Judging(ASKS, "active 20\nmax 20")
    assert typed("x", table, turn.mode) == Turn(mode=turn.mode)
    judged = typed(key, table, turn.mode)
    assert judged.order is not None
    assert judged.order.value == Answer(request=ASKS, bearing=bearing, text="active 20\nmax 20")


def test_data_may_be_pasted_at_once_and_only_so_much_of_it_counts() -> None:
    table = asking(ASKS)
    once = press(Pasting(ASKS), Key(text="active 20\nmax 20\n.\n", pasted=True), table)
    assert once.mode == Judging(ASKS, "active 20\nmax 20")
    much = press(Pasting(ASKS), Key(text="first\n" + "x" * MOST_PASTE, pasted=True), table)
    assert isinstance(much.mode, Pasting)
    assert much.mode.lines == ("first",), "its beginning is taken, not nothing"
    assert len(much.mode.text) == MOST_PASTE - len("first\n")
    assert "A line with . ends it" in said(much)


@pytest.mark.parametrize("text", ["x\n" * MOST_PASTE, "\n" * (2 * MOST_PASTE), "x" * (2 * MOST_PASTE)])
@pytest.mark.parametrize("drawn", [True, False], ids=["pasted", "typed"])
def test_more_than_may_be_taken_is_cut_with_its_line_ends_and_can_still_be_ended(text: str, drawn: bool) -> None:
    table, mode = asking(ASKS), Pasting(ASKS, taken=0)
    if drawn:
        turn = press(mode, Key(text=text, pasted=True), table)
    else:  # the last of many keys, by a terminal that marks no paste
        began = Pasting(ASKS, *_parted(text[: MOST_PASTE - 3]))
        turn = typed(text[MOST_PASTE - 3 : MOST_PASTE + 9], table, began)
    assert isinstance(turn.mode, Pasting)
    assert len("\n".join((*turn.mode.lines, turn.mode.text))) <= MOST_PASTE + 1
    assert turn.mode.taken == sum(len(line) + 1 for line in turn.mode.lines)
    ended = typed(".\n" if not turn.mode.text else "\n.\n", table, turn.mode).mode
    assert isinstance(ended, Judging)
    assert ended.text == text[:MOST_PASTE].strip()


@pytest.mark.parametrize("text", ["  count\n  -----\n     20", "tree\n.\n./a", "no errors", "S supports", "for x", "."])
def test_what_was_pasted_is_judged_by_a_key_and_kept_word_for_word(text: str) -> None:
    table = asking(ASKS)
    turn = press(Pasting(ASKS), Key(text=text, pasted=True), table)
    turn = press(turn.mode, Key("end"), table)
    assert turn.mode == Judging(ASKS, text)
    assert press(turn.mode, Key(text="supports", pasted=True), table).mode == turn.mode, "no paste judges"
    judged = typed("n", table, turn.mode)
    assert judged.order is not None
    assert judged.order.value == Answer(request=ASKS, bearing=Bearing.SETTLES_NOTHING, text=text)


def _parted(text: str) -> tuple[tuple[str, ...], str]:
    *lines, rest = text.split("\n")
    return tuple(lines), rest


def test_what_is_sent_is_kept_until_whoever_records_it_lets_it_go() -> None:
    judged = typed("s", asking(ASKS), Judging(ASKS, "active 20\nmax 20"))
    assert judged.kept == Pasting(ASKS, ("active 20", "max 20"))
    assert typed("s", asking(ASKS), Judging(ASKS, "")).kept is None


@pytest.mark.parametrize("ends", ["", "\n", "\n.\n"])
def test_backing_out_of_an_answer_throws_nothing_away(ends: str) -> None:
    table = asking(ASKS)
    turn = typed(f"dactive 20\nmax 20{ends}\x1b", table)
    assert turn.mode == Watching()
    assert turn.kept is not None
    assert "d goes on with it" in said(turn)
    again = replace(table, drafts={ASKS.id: turn.kept})
    assert typed("d", again).mode == turn.kept
    judged = typed("\x04", again, typed("d", again).mode).mode
    assert judged == Judging(ASKS, "active 20\nmax 20")
    assert typed("d\x1b", table).kept is None, "nothing was pasted"
    two = replace(asking(ASKS, ALSO), drafts=again.drafts)
    assert typed("d1", two).mode == turn.kept
    assert typed("d2", two).mode == Pasting(ALSO)
