"""What a team learned as a file: the same when it is read again, checked and bounded, merged once, without names."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from compass.domain.knowledge import Learned
from compass.exports.anonymous import Anonymiser
from compass.exports.learned import LINE_BYTES, merged, read, written
from compass.ports.errors import BadInputError
from tests.storage.learned import learned, past

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ONE, TWO = learned(past(number=1)), learned(past(number=2, words="disk full"))


def file_of(*found: Learned) -> bytes:
    return b"".join(written(found, "laptop", NOW, anonymised=False))


def read_back(data: bytes) -> tuple[Learned, ...]:
    return read(io.BytesIO(data), "f.jsonl", NOW)[1]


def test_what_is_written_is_read_again_with_its_source() -> None:
    head, found = read(io.BytesIO(file_of(ONE, TWO)), "f.jsonl", NOW)
    assert (head.incidents, head.source, head.anonymised) == (2, "laptop", False)
    unnamed = [
        replace(
            one, incident=replace(one.incident, source=""),
            judgements=tuple(replace(word, source="") for word in one.judgements),
        )
        for one in found
    ]  # fmt: skip
    assert unnamed == [ONE, TWO]
    assert {word.source for one in found for word in one.judgements} == {"laptop"}
    assert {one.incident.source for one in found} == {"laptop"}
    assert {one.incident.source for one in read(io.BytesIO(file_of(ONE)), "f", NOW, "bob")[1]} == {"bob"}


def changed(change: Callable[[dict[str, object]], None]) -> bytes:
    """The file with its second line changed."""
    lines = file_of(ONE).splitlines()
    value = json.loads(lines[1])
    change(value)
    return lines[0] + b"\n" + json.dumps(value).encode() + b"\n"


def _other_lesson(value: dict[str, object]) -> None:
    value["lessons"][0]["investigation"] = str(uuid4())  # type: ignore[index]


def _strength(value: dict[str, object]) -> None:
    value["incident"]["signature"]["signs"] = {"x@paged": 7}  # type: ignore[index]


def _naive(value: dict[str, object]) -> None:
    value["incident"]["at"] = "2026-01-01T00:00:00"  # type: ignore[index]


def _many(value: dict[str, object]) -> None:
    value["gaps"] = value["gaps"] * 500  # type: ignore[operator]


def _same_lesson(value: dict[str, object]) -> None:
    value["lessons"] = [value["lessons"][0]] * 2  # type: ignore[index]


def _same_judgement(value: dict[str, object]) -> None:
    value["judgements"] = value["judgements"] * 2  # type: ignore[operator]


def _incident(part: str, number: int) -> Callable[[dict[str, object]], None]:
    def change(value: dict[str, object]) -> None:
        value["incident"][part] = number  # type: ignore[index]

    return change


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "line 1: not what was exported"),
        (b"{}\n", "line 1: not what was exported"),
        (b"[" * 100_000, "line 1: not what was exported"),
        (b"x" * (LINE_BYTES + 5), "line 1: longer than"),
        (file_of(ONE).replace(b"compass-knowledge", b"something-else"), "something-else"),
        (file_of(ONE).replace(b'"version":1', b'"version":9'), "version 9"),
        (file_of(ONE) + b"{}\n", "line 3: not what was exported"),
        (file_of(ONE) + b"\xff\xfe\n", "line 3: not what was exported"),
        (changed(_other_lesson), "line 2: lessons, gaps or judgements of another"),
        (changed(_strength), r"line 2: a sign's strength"),
        (changed(_naive), "line 2: a time without"),
        (changed(_many), "line 2: more than"),
        (changed(_same_lesson), "line 2: two lessons or two judgements under one id"),
        (changed(_same_judgement), "line 2: two lessons or two judgements under one id"),
        (changed(_incident("seq", 2**63)), "line 2: a number of events"),
        (changed(_incident("seq", -1)), "line 2: a number of events"),
        (changed(_incident("number", 2**31)), "line 2: a number of events"),
    ],
)
def test_what_is_no_export_is_refused_with_its_line(data: bytes, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        read_back(data)


def test_what_is_read_is_bounded_and_goes_through_the_gate() -> None:
    nasty = replace(
        ONE.incident, title="x" * 9_000, fix="password=hunter2 \x1b[31m then restart", at=NOW + timedelta(days=9)
    )
    (found,) = read_back(file_of(replace(ONE, incident=nasty)))
    assert len(found.incident.title) == 500
    assert "hunter2" not in found.incident.fix
    assert "\x1b" not in found.incident.fix
    assert found.incident.at == NOW  # what lies in the future would never decay


def test_what_is_known_stays_one() -> None:
    foreign = replace(ONE, incident=replace(ONE.incident, source="laptop"))
    assert merged([], [ONE, TWO]).kept == (ONE, TWO)
    assert merged([ONE.incident], [foreign]).known == 1
    assert merged([foreign.incident], [foreign]).known == 1
    newer = replace(foreign, incident=replace(foreign.incident, seq=foreign.incident.seq + 1))
    assert merged([foreign.incident], [newer]).kept == (newer,)
    assert merged([ONE.incident], [newer]).kept == ()


def test_one_incident_of_two_people_is_one_and_what_was_solved_wins() -> None:
    other_id = uuid4()
    solved = replace(ONE, incident=replace(ONE.incident, investigation=other_id, source="a"), lessons=(), gaps=())
    open_one = replace(ONE, incident=replace(ONE.incident, cause=None, source="b"), lessons=(), gaps=())
    plan = merged([open_one.incident], [solved])
    assert (plan.kept, plan.replaced, plan.known) == ((solved,), (ONE.incident.investigation,), 0)
    plan = merged([solved.incident], [open_one])
    assert (plan.kept, plan.replaced, plan.known) == ((), (), 1)
    own = replace(open_one.incident, source="")
    assert merged([own], [solved]).replaced == ()  # one's own is never replaced
    twice = merged([], [open_one, solved, open_one])
    assert (twice.kept, twice.known) == ((solved,), 1)


def test_an_anonymised_export_has_no_name_and_the_same_pseudonyms_again() -> None:
    named = replace(
        ONE.incident, title="orders-db of shop is slow (10.1.2.3)", fix="ask bob@example.com, restart Orders-DB",
        source="laptop",
    )  # fmt: skip
    lessons = tuple(replace(lesson, by="human:Alice", mechanism="acme_special") for lesson in ONE.lessons)
    gap = replace(ONE.gaps[0], hides="what orders-db waits for")
    one = Learned(incident=named, lessons=lessons, gaps=(gap,))
    hide = Anonymiser(b"k" * 32, ["db.pool_exhaustion", "db.slow_query"], [one, TWO])
    (head, line) = written([hide(one)], "", NOW, anonymised=True)
    text = line.decode().lower()
    for name in ("orders", "shop", "alice", "bob", "10.1.2.3", "acme", "laptop", "deploy 7", str(named.investigation)):
        assert name not in text, name
    assert "db.pool_exhaustion" in text
    assert "latency.up@paged" in text
    again = Anonymiser(b"k" * 32, ["db.pool_exhaustion", "db.slow_query"], [one])(one)
    assert again.incident.cause == hide(one).incident.cause
    assert again.incident.investigation == hide(one).incident.investigation
    assert again.lessons[0].entity == hide(TWO).lessons[0].entity  # one thing, one pseudonym
    other = Anonymiser(b"x" * 32, [], [one])(one)
    assert other.lessons[0].entity != again.lessons[0].entity
    (back,) = read_back(head + line)
    assert back.incident.signature.signs == named.signature.signs


def test_a_teams_own_mechanism_is_named_in_no_text_wherever_it_stands() -> None:
    own = [f"acme_vault_{word}" for word in ("cause", "led", "lesson", "judged", "recalled")]
    cause = replace(ONE.incident.cause, mechanism=own[0])  # type: ignore[type-var]
    led = replace(ONE.incident.led, mechanism=own[1])  # type: ignore[type-var]
    one = Learned(
        incident=replace(
            ONE.incident, title=", ".join(name.replace("_", " ") for name in own), cause=cause, led=led,
            fix=f"as {own[0]}, no db.slow_query", recalled=(replace(ONE.incident.recalled[0], mechanism=own[4]),),
        ),
        lessons=(replace(ONE.lessons[0], mechanism=own[2]),), gaps=(replace(ONE.gaps[0], hides=own[0]),),
        judgements=(replace(ONE.judgements[0], mechanism=own[3], reason=f"{own[3]} again"),),
    )  # fmt: skip
    (_, line) = written([Anonymiser(b"k" * 32, ["db.slow_query"], [one])(one)], "", NOW, anonymised=True)
    assert "vault" not in line.decode().lower()
    assert "no db.slow_query" in line.decode()
