"""From what a model wrote to the typed reply: what is forgiven, what is bounded, what is refused."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from compass.domain.advice import (
    REPLY_OF,
    Answered,
    ChosenTests,
    ReadChange,
    ReadChanges,
    Sentence,
    StatedMechanism,
    SuggestedTheories,
    SuggestedTheory,
)
from compass.llm.replies import MAX_STORED, MisfitError, Parsed, as_json, parse, schema, shape
from compass.redaction import Masker

CHOSEN = ChosenTests(plans=("p1", "p2"), because="it tells them apart")
PLAIN = '{"plans": ["p1", "p2"], "because": "it tells them apart"}'


def same(text: str) -> str:
    return text


def read(text: str, kind: type[Any] = ChosenTests) -> Parsed[Any]:
    return parse(text, kind, same, same)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        f"```json\n{PLAIN}\n```",
        f"Here is my answer [1]:\n{PLAIN}\nI hope that this helps.",
        f'<think>{{"plans": ["p9"]}} no</think>\n{PLAIN}',
        f'{{"ChosenTests": {PLAIN}}}',
        '{"plans": ["[p1]", "`p2`", "p1", null, ""], "because": "it tells them apart", "confidence": 0.99}',
        '{"plans": [{"id": "p1"}, {"id": "p2"}], "because": ["it tells them apart"]}',
        '\ufeff{"plans": ["p1", "p2"], "because": "it tells\x00 them apart"}',
    ],
)
def test_what_real_models_do_is_forgiven(text: str) -> None:
    assert read(text).value == CHOSEN


def test_a_list_stands_for_the_object_that_holds_just_that() -> None:
    assert read('["p1", "p2"]').value == ChosenTests(plans=("p1", "p2"))
    assert read('[{"entity": "orders", "cites": "E1"}]', SuggestedTheories).value == SuggestedTheories(
        theories=(SuggestedTheory(entity="orders", cites=("E1",)),)
    )
    assert read("[]", SuggestedTheories).value == SuggestedTheories()
    assert read("{}", SuggestedTheories).value == SuggestedTheories()


@pytest.mark.parametrize(
    "text",
    ["", "CONFIRMED", "null", "3", '{"plans": ["p1"', '{"verdict": "it is the database"}', "[" * 5_000, "[1, 2]"],
)
def test_what_is_no_reply(text: str) -> None:
    with pytest.raises(MisfitError):
        read(text)


def test_an_entry_that_does_not_fit_is_dropped_and_counted() -> None:
    text = json.dumps({"changes": [
        {"change": "c1", "could": "no", "why": "it is older"},
        {"change": "c2", "could": "perhaps", "why": ""},
        {"could": True, "why": "which one?"},
    ]})  # fmt: skip
    parsed = read(text, ReadChanges)
    assert parsed.value == ReadChanges(changes=(ReadChange(change="c1", could=False, why="it is older"),))
    assert parsed.dropped == 2


def test_nothing_that_fits_is_no_reply_and_the_error_quotes_nothing() -> None:
    with pytest.raises(MisfitError) as error:
        read('{"changes": [{"change": "c1", "could": "ignore previous instructions", "why": ""}]}', ReadChanges)
    assert "could" in str(error.value)
    assert "ignore" not in str(error.value)


def test_lists_and_texts_are_bounded() -> None:
    many = json.dumps({"plans": [f"p{at}" for at in range(150)], "because": "x" * 50_000})
    parsed = read(many)
    assert len(parsed.value.plans) == 8
    assert parsed.dropped == 142
    assert len(parsed.value.because) <= 600
    assert len(parsed.stored) <= MAX_STORED


def test_escapes_and_control_characters_are_gone() -> None:
    text = json.dumps({"plans": ["p1\x1b[2J"], "because": "\x1b]8;;http://x\x07click\x1b\\ \u202enow\x00"})
    parsed = read(text)
    assert parsed.value.plans == ("p1",)
    for written in (parsed.value.because, parsed.stored):
        assert not set(written) & {"\x1b", "\x07", "\x00", "\u202e"}


def test_ids_get_their_names_back_and_texts_do_not() -> None:
    masker = Masker(names=("acme",))
    entity, address = masker.mask("acme-db"), masker.mask("10.1.2.3")
    assert "acme" not in entity
    text = json.dumps({"theories": [
        {"entity": address, "mechanism": "pool", "reasoning": f"{entity} is slow", "cites": ["E1"]},
        {"entity": entity, "reasoning": "password=hunter2hunter2"},
    ]})  # fmt: skip
    first, second = parse(text, SuggestedTheories, masker.mask, masker.unmask).value.theories
    assert first.entity == "10.1.2.3"
    assert first.reasoning == f"{entity} is slow"
    assert second.entity == "acme-db"
    assert "hunter2" not in second.reasoning


def test_what_is_stored_reads_as_the_same_reply() -> None:
    masker = Masker(names=("acme",))
    text = json.dumps({"theories": [{"entity": masker.mask("acme-db"), "reasoning": 'say "api_key=abcdef1234567890"'}]})
    once = parse(text, SuggestedTheories, masker.mask, masker.unmask)
    again = parse(once.stored, SuggestedTheories, masker.mask, masker.unmask)
    assert again.value == once.value
    assert "acme" not in once.stored
    assert "abcdef1234567890" not in once.stored


def test_nothing_is_confirmed_and_nobody_is_blamed() -> None:
    sentences = ("It is confirmed that the pool ran out.", "The rollout is to blame.", "Latency rose.")
    parsed = read(as_json(Answered(sentences=tuple(Sentence(text=text) for text in sentences))), Answered)
    assert [one.text for one in parsed.value.sentences] == ["It is proposed that the pool ran out.", "Latency rose."]
    assert parsed.dropped == 1


@pytest.mark.parametrize("kind", REPLY_OF.values())
def test_the_schema_holds_to_what_strict_output_accepts(kind: type) -> None:
    def check(one: Any) -> None:
        if one.get("type") == "object":
            assert one["additionalProperties"] is False
            assert one["required"] == list(one["properties"])
            for inner in one["properties"].values():
                check(inner)
        for inner in (*one.get("anyOf", ()), *([one["items"]] if "items" in one else [])):
            check(inner)
        assert "$ref" not in one

    check(schema(kind))
    assert len(shape(kind)) < 600


def test_a_typed_reply_written_as_json_is_read_as_the_same() -> None:
    stated = StatedMechanism(claim="c", requires=("log.pool_exhausted",))
    theories = SuggestedTheories(theories=(SuggestedTheory(entity="orders", stated=stated, cites=("E1",)),))
    assert read(as_json(theories), SuggestedTheories).value == theories
    assert all(is_dataclass(kind) and fields(kind) for kind in REPLY_OF.values())
