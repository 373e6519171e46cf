"""What was pasted stays as it is, and how it bears on a theory is never read out of it."""

from __future__ import annotations

import pytest

from compass.domain.board import Board
from compass.domain.commanded import Bearing, DataGiven, DataRequested
from compass.domain.disproof import Outcome
from compass.investigation.commanding import Back, Choice, Ordered, Parsed, order_named, understand
from compass.investigation.commanding.answer import Answer, answering
from compass.projections.board import fold_all
from tests.support.boards import events
from tests.support.commanding import POOL, SLOW, WHO, desk, listed

FIRST = DataRequested(id="r1", hypothesis=POOL.id, question="how many connections are used?", if_true="all of them")
SECOND = DataRequested(id="r2", hypothesis=SLOW.id, question="which statements are slow?")

PASTED = (
    "no errors in the log", "No, nothing there", "no", "No resources found in shop namespace.", "no such host",
    "no route to host", "yes", "Yes we deployed at 02:10", "yes\n", "for 5 minutes cpu was 90 %",
    "for i in 1 2 3; do curl -s localhost; done", "For all pods: 0 restarts", "against the replica it takes 4 s",
    "against all odds the pool is fine", "Support says 3 tickets", "support ticket 4711: checkout hangs",
    "supports", "contradicts what I saw yesterday", "supports TLS 1.2 and 1.3", "Supports: TLSv1.2, TLSv1.3",
    "nothing in the last hour", "nothing", "nothing: 0 rows", "neither pod restarted", "unclear, the graph is empty",
    "undecided voters", "true", "true: feature_x", "false", "FALSE", "false alarm says the vendor", "no: 0 rows",
    "yes: t", "confirms", "confirms payment 17 twice a second", "refutes nothing I know of",
    "it still takes 4 s", "still 503", "ok", "OK 200", "0", "20/20", "-1", "(none)", "(0 rows)", "[]", "{}", "12.5 %",
    "2026-11-26T03:12:44Z ERROR pool exhausted", "max 20", "R2D2 restarted", "r5.large", "h2 database locked",
    "count\n-------\n 20\n(1 row)", "NAME   READY\norders-0   0/1", "everything is down", "help", "stop", "reject 1",
    "2", "’quoted’ text", '"no"', "x" * 9_000, "no " * 3_000, "a: b: c", "supports:no space is a host:port",
)  # fmt: skip
CLEAR = (
    ("supports: used 20 of 20", Bearing.SUPPORTS, "used 20 of 20"),
    ("supports:\nused 20\nmax 20", Bearing.SUPPORTS, "used 20\nmax 20"),
    ("contradicts: no errors in the log", Bearing.CONTRADICTS, "no errors in the log"),
    ("contradicts : for 5 minutes 2 of 20", Bearing.CONTRADICTS, "for 5 minutes 2 of 20"),
    ("settles nothing: the graph is empty", Bearing.SETTLES_NOTHING, "the graph is empty"),
    ("settles nothing", Bearing.SETTLES_NOTHING, ""),
    ("contradicts: supports: both", Bearing.CONTRADICTS, "supports: both"),
)


def waiting(*requests: DataRequested) -> Board:
    return fold_all(events(list(requests or (FIRST,)), first_seq=90), listed())


def chosen(parsed: Parsed) -> list[Answer]:
    """The answers that a person is asked to choose among."""
    assert isinstance(parsed, Choice), parsed
    values = [one.order.value for one in parsed.options]
    assert all(isinstance(one, Answer) for one in values)
    return [one for one in values if isinstance(one, Answer)]


@pytest.mark.parametrize("text", [text for text in PASTED if text != "supports"])
@pytest.mark.parametrize("lead", ["R1 ", "R1: ", "r1\n", ""])
def test_what_was_pasted_says_nothing_of_its_bearing_and_is_kept_word_for_word(lead: str, text: str) -> None:
    options = chosen(order_named("answer").parse(f"{lead}{text}", desk(waiting())))
    assert [one.bearing for one in options] == list(Bearing)
    assert {one.text for one in options} == {text.rstrip()}


@pytest.mark.parametrize("text", PASTED)
def test_free_words_keep_what_was_pasted_too(text: str) -> None:
    options = understand(f"answer R1 {text}", desk(waiting()))
    if text == "supports":  # alone, it is nothing that was seen
        assert isinstance(options, Ordered)
        return
    assert {one.text for one in chosen(options)} == {text.rstrip()}


@pytest.mark.parametrize("text", PASTED)
@pytest.mark.parametrize("bearing", Bearing)
def test_beside_an_option_that_says_it_the_text_is_never_taken_apart(bearing: Bearing, text: str) -> None:
    parsed = answering("R1", text, bearing, desk(waiting()))
    assert isinstance(parsed, Ordered)
    assert parsed.value == Answer(request=FIRST, bearing=bearing, text=text.rstrip())


@pytest.mark.parametrize(("text", "bearing", "kept"), CLEAR)
@pytest.mark.parametrize("lead", ["answer R1 ", "answer ", "d R1 ", "d ", "reply R1: "])
def test_a_leading_word_with_a_colon_says_how_it_bears(lead: str, text: str, bearing: Bearing, kept: str) -> None:
    parsed = understand(f"{lead}{text}", desk(waiting()))
    assert isinstance(parsed, Ordered)
    assert parsed.value == Answer(request=FIRST, bearing=bearing, text=kept)


@pytest.mark.parametrize("text", ["no errors in the log", "0 rows\nin 3 ms"])
def test_what_is_stored_of_a_choice_is_what_was_pasted(text: str) -> None:
    board = waiting()
    parsed = understand(f"answer R1 {text}", desk(board))
    assert isinstance(parsed, Choice)
    payloads = [payload for _, payload in parsed.options[2].order.apply(desk(board), WHO)]
    [given] = [one for one in payloads if isinstance(one, DataGiven)]
    assert (given.text, given.bearing) == (text, Bearing.SETTLES_NOTHING)
    [attempt] = fold_all(events(payloads, first_seq=100), board).attempts.values()
    assert attempt.outcome is Outcome.AMBIGUOUS


def test_control_characters_never_reach_the_chronicle_and_hide_no_bearing() -> None:
    board = waiting()
    options = chosen(understand("answer R1 \x1b[31mno errors\x1b[0m\r\nat all\x00\x07", desk(board)))
    order = Ordered(kind=order_named("answer"), value=options[0])
    [given] = [one for _, one in order.apply(desk(board), WHO) if isinstance(one, DataGiven)]
    assert given.text == "no errors\nat all"


@pytest.mark.parametrize("text", ["answer no errors", "answer R7 no errors", "answer supports: it", "answer", "reply"])
def test_of_several_requests_one_has_to_be_named(text: str) -> None:
    parsed = understand(text, desk(waiting(FIRST, SECOND)))
    assert isinstance(parsed, Back)
    assert [line.split()[0] for line in parsed.lines[1:]] == ["R1", "R2"]


def test_each_label_names_its_own_request() -> None:
    table = desk(waiting(FIRST, SECOND))
    assert {one.request for one in chosen(understand("answer R2 no rows", table))} == {SECOND}
    assert isinstance(answering("R9", "text", Bearing.SUPPORTS, table), Back)
    assert isinstance(answering("no errors", "text", Bearing.SUPPORTS, table), Back)
    assert isinstance(answering("R1", "text", Bearing.SUPPORTS, desk()), Back)


@pytest.mark.parametrize(
    "text", ["a support ticket came in about payments", "a node is down", "reply time of payments is up", "a no-op"]
)
def test_everyday_sentences_are_no_answer(text: str) -> None:
    parsed = understand(text, desk(waiting()))
    orders = [parsed] if isinstance(parsed, Ordered) else [one.order for one in getattr(parsed, "options", ())]
    assert "answer" not in {one.name for one in orders}


def test_of_a_long_paste_both_ends_are_kept_and_that_is_said() -> None:
    table = desk(waiting())
    long = "\n".join(f"{number} of the log" for number in range(1_000)) + "\npassword=hunter22secret"
    read = answering("R1", long, Bearing.SUPPORTS, table)
    assert isinstance(read, Ordered)
    (given,) = (payload for _, payload in read.apply(table, WHO) if isinstance(payload, DataGiven))
    assert len(given.text) <= 4_000
    assert given.text.startswith("0 of the log\n1 of")
    assert "\n999 of the log\npassword=[redacted" in given.text, "what is cut is cut from what is redacted"
    (_, said) = read.show(table)
    assert said == f"Of {len(long):,} characters its beginning and its end were kept, 4,000 in all."
    short = answering("R1", "20 of 20", Bearing.SUPPORTS, table)
    assert isinstance(short, Ordered)
    assert len(short.show(table)) == 1


@pytest.mark.parametrize("space", ["\t", "\n", ",\n", ":\t "])
def test_whatever_stands_behind_a_label_it_names_its_request(space: str) -> None:
    assert isinstance(answering(f"R1{space}", "20 of 20", None, desk(waiting())), Choice)
