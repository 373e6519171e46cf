"""What a person decides on: the list as it was painted, however the board has moved meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from compass.domain.board import Board
from compass.entrypoints.cli.conversation.sight import Sight
from tests.support.boards import believed
from tests.support.commanding import POOL, SLOW, desk, listed


@dataclass
class Eyes:
    now: float = 10.0
    sight: Sight = field(init=False)

    def __post_init__(self) -> None:
        self.sight = Sight(desk, lambda: self.now)

    @property
    def labels(self) -> list[str]:
        assert self.sight.desk is not None
        return [line.label for line in self.sight.desk.listed[:2]]


def swapped() -> Board:
    return believed({POOL: 0.2, SLOW: 0.5}, entities=listed().entities)


def test_nothing_is_in_sight_before_there_is_an_incident() -> None:
    eyes = Eyes()
    assert not eyes.sight.look(Board(), still=False)
    assert (eyes.sight.desk, eyes.sight.took_s()) == (None, None)


def test_a_board_is_laid_out_once_and_the_list_stands_still_while_a_number_is_awaited() -> None:
    eyes, first = Eyes(), listed()
    assert eyes.sight.look(first, still=True), "there was none"
    assert not eyes.sight.look(first, still=False)
    assert not eyes.sight.look(swapped(), still=True)
    assert eyes.labels == ["H1", "H2"]
    assert eyes.sight.look(swapped(), still=False)
    assert eyes.labels == ["H2", "H1"]


def test_a_decision_is_made_among_the_lines_that_were_painted_and_took_since_they_say_so() -> None:
    eyes = Eyes()
    eyes.sight.look(listed(), still=False)
    eyes.sight.painted(("1 H1", "2 H2"))
    eyes.now += 7
    eyes.sight.painted(("1 H1", "2 H2"))
    eyes.sight.painted(None)  # a text is read: the list is not in sight
    assert eyes.sight.desk is not None
    assert eyes.sight.desk.shown == ("1 H1", "2 H2")
    assert eyes.sight.took_s() == 7
    eyes.sight.painted(("1 H2",))
    assert eyes.sight.took_s() == 0


def test_a_swap_counts_from_when_it_was_seen() -> None:
    eyes = Eyes()
    for board, shown in ((listed(), ("a",)), (swapped(), None)):
        eyes.sight.look(board, still=False)
        eyes.sight.painted(shown)
    assert not eyes.sight.ranks.moved(), "nobody saw it yet"
    eyes.sight.painted(("b",))
    assert eyes.sight.ranks.moved() == {1, 2}


def test_what_was_ordered_is_expected_until_the_board_says_it() -> None:
    eyes = Eyes()
    eyes.sight.look(listed(), still=False)
    assert eyes.sight.desk is not None
    paused = replace(eyes.sight.desk, board=replace(listed(), orders=replace(listed().orders, paused=True)))
    eyes.sight.expect(paused)
    assert eyes.sight.desk.board.orders.paused
    assert eyes.sight.look(listed(), still=False)
    assert not eyes.sight.desk.board.orders.paused
