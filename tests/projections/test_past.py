"""What the past says, in words, and what became of it here: in the view, on the first screen and in the post-mortem."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.learned import Cause, PatternVerdict, Recalled, Signature, Similar
from compass.domain.proposed import BY_MEMORY
from compass.entrypoints.cli.render.beside import past
from compass.entrypoints.cli.render.page import Page
from compass.exports.markdown import postmortem
from compass.projections.build_view import build_view
from compass.projections.past import cause_words, past_lines
from tests.support.boards import LEDGER, ORDERS, believed, events, mechanism, opening, theory

MECHANISMS = {"pool": mechanism("pool")}
ONE = Similar(
    investigation="1", number=12, title="Checkout is slow", at="2026-01-01T10:00:00+00:00", similarity=0.62,
    because=("a queue grows, below it",), cause=Cause(mechanism="pool", entity=ORDERS, change="orders-1.2"),
    present=ORDERS, fix="rolled back",
)  # fmt: skip


def remembering(*similar: Similar, **parts: object) -> Board:
    brought = replace(theory("pool", ORDERS, "H4"), proposed_by=f"{BY_MEMORY}#12")
    memory = Recalled(signature=Signature(), similar=similar, searched=40)
    return believed({brought: 0.25}, **{"memory": memory, **parts})


def test_a_similar_incident_says_what_it_was_and_what_became_of_that_here() -> None:
    (line,) = past_lines(remembering(ONE), MECHANISMS)
    assert line.was == "The pool of orders is used up (set off by orders-1.2)"
    assert (line.on, line.here) == ("2026-01-01", "here H4, 25%")


def test_what_was_never_solved_or_is_not_here_is_said_to_be_so() -> None:
    unsolved = replace(ONE, cause=None, present=None)
    gone = EntityRef(kind=EntityKind.SERVICE, name="gone")
    elsewhere = replace(ONE, cause=Cause(mechanism="pool", entity=gone), present=None)
    first, second = past_lines(remembering(unsolved, elsewhere), MECHANISMS)
    assert (first.was, first.here) == ("never solved", "")
    assert second.here == "there is no gone here"


def test_own_words_come_before_the_catalogue_and_unknown_mechanisms_are_named() -> None:
    assert cause_words(Cause(mechanism="pool", entity=ORDERS, said="a cable was cut"), MECHANISMS) == "a cable was cut"
    assert cause_words(Cause(mechanism="some_thing", entity=LEDGER), {}) == "some thing at ledger"


def test_the_first_screen_has_one_line_each_and_a_pipe_has_why_and_the_fix() -> None:
    view = build_view(remembering(ONE), MECHANISMS, id="1", number=13)
    (line,) = past(view, Page(width=100))
    assert line.plain.startswith("SIMILAR   #12 (62% alike, 2026-01-01): The pool of orders is used up")
    whole = [text.plain.strip() for text in past(view, Page(uncut=True))]
    assert whole[1:] == ["both: a queue grows, below it", "resolved by: rolled back"]
    lost = remembering(memory=Recalled(signature=Signature(), lost="no answer within 5 s"))
    (line,) = past(build_view(lost, MECHANISMS, id="1", number=13), Page(width=100))
    assert "earlier incidents could not be asked: no answer within 5 s" in line.plain
    assert past(build_view(believed({}), MECHANISMS, id="1", number=13), Page()) == []


def test_one_that_was_never_solved_has_a_line_on_a_screen_that_has_few() -> None:
    told = [replace(ONE, number=number) for number in (1, 2, 3)]
    unsolved = replace(ONE, number=7, cause=None, present=None)
    screen = past(build_view(remembering(*told, unsolved), MECHANISMS, id="1", number=13), Page(width=100))
    assert "#1 " in screen[0].plain
    assert "#7 (62% alike, 2026-01-01): never solved" in screen[-1].plain
    full = past(build_view(remembering(*told, unsolved), MECHANISMS, id="1", number=13), Page(full=True))
    assert [n for n in (1, 2, 3, 7) if any(f"#{n} " in line.plain for line in full)] == [1, 2, 3, 7]


def test_what_people_say_of_a_pattern_stands_beside_it() -> None:
    marked = replace(ONE, pattern=PatternVerdict.VALIDATED)
    view = build_view(remembering(marked), MECHANISMS, id="1", number=13)
    (line,) = past(view, Page(width=100))
    assert line.plain.startswith("SIMILAR   #12 (62% alike, 2026-01-01; a validated pattern): The pool")
    assert view.past[0].pattern == "validated"


def test_the_post_mortem_cites_the_event_and_says_when_nothing_was_alike() -> None:
    def section(*similar: Similar, lost: str = "") -> str:
        told = Recalled(signature=Signature(), similar=similar, searched=40, lost=lost)
        text = postmortem(events([*opening(), told]), MECHANISMS, id="1", number=13)
        return text.split("## Similar incidents")[1].split("\n## ")[0]

    assert "#12 of 2026-01-01, 62% alike: The pool of orders is used up" in section(ONE)
    assert f"[#{len(opening()) + 1}]" in section(ONE)
    assert "None of 40 earlier incidents was like this one" in section()
    assert "could not be asked (gone)" in section(lost="gone")
    plain = postmortem(events(opening()), MECHANISMS, id="1", number=13)
    assert "no earlier incidents were consulted" in plain
