"""The codec: every kind survives the round trip, in one canonical form, and nothing unknown is lost."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compass.domain.chronicle import (
    KIND_OF,
    KINDS,
    VERSION,
    EvidenceWeighed,
    Opened,
    Payload,
    Proposed,
    Resumed,
    StepFinished,
    StepStarted,
    TimingMeasured,
    Tombstone,
    UnknownPayload,
)
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.incident import Incident
from compass.domain.limits import Limits
from compass.domain.posterior import Evidence
from compass.domain.team import MetricRule, Reach, TeamMechanism, Written
from compass.domain.time import Instant, Window
from compass.projections.events import PayloadError, decode, encode

TEXT = st.text(max_size=12)
NUMBER = st.floats(allow_nan=False, allow_infinity=False, width=64)
st.register_type_strategy(str, TEXT)
st.register_type_strategy(float, NUMBER)
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(
    Window,
    st.tuples(st.integers(0, 2**62), st.integers(0, 2**60)).map(
        lambda pair: Window(start_ns=pair[0], end_ns=pair[0] + pair[1])
    ),
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
WRITTEN = st.dictionaries(TEXT, st.none() | st.booleans() | NUMBER | TEXT | st.lists(TEXT, max_size=2), max_size=2)
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
for kind, part in ((MetricRule, "rule"), (TeamMechanism, "mechanism")):  # `object` alone would be any class there is
    st.register_type_strategy(
        kind,
        st.builds(kind, id=TEXT, reach=st.from_type(Reach), written=st.from_type(Written), **{part: WRITTEN}),
    )


def finished(*, work: float = 1.0) -> StepFinished:
    return StepFinished(agent="db", step="s", round=1, found="f", anomalies=1, normals=2, work=work, elapsed_ms=3.5)


def proposed(suggested_by: frozenset[str]) -> Proposed:
    return Proposed(
        hypothesis=Hypothesis(
            id="h",
            label="H1",
            mechanism="pool_exhaustion",
            entity=EntityRef(kind=EntityKind.DATABASE, name="orders-db"),
            onset=Instant(ns=1),
            proposed_by="database",
            suggested_by=suggested_by,
        )
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_kind_survives_the_round_trip(kind: str, data: st.DataObject) -> None:
    payload: Payload = data.draw(st.from_type(KINDS[kind]))
    written = encode(payload)
    assert decode(kind, VERSION, written) == payload
    assert encode(decode(kind, VERSION, written)) == written
    assert json.loads(written) is not None


def test_an_opening_of_before_limits_were_recorded_has_the_usual_ones_and_a_resume_none() -> None:
    incident = Incident(title="t", window=Window(start_ns=0, end_ns=2), detected_ns=1, now_ns=2)
    new = Opened(incident=incident, engine="e", mode="parallel", commander="human", specialists=("database",))
    for payload, lately in ((new, ("limits", "gated")), (Resumed(runner="r", after_seq=1), ("limits", "told"))):
        old = {name: value for name, value in json.loads(encode(payload)).items() if name not in lately}
        assert len(old) + len(lately) == len(json.loads(encode(payload)))
        assert decode(KIND_OF[type(payload)], VERSION, json.dumps(old).encode()) == payload
    assert new.limits == Limits()
    assert Resumed(runner="r", after_seq=1).limits is None


def test_every_payload_has_one_kind() -> None:
    assert {KIND_OF[payload]: payload for payload in KINDS.values()} == KINDS


def test_bytes_do_not_depend_on_the_order_things_were_built_in() -> None:
    ids = [f"E{n}" for n in range(40)]
    assert encode(proposed(frozenset(ids))) == encode(proposed(frozenset(reversed(ids))))
    forward = TimingMeasured(elapsed_s=1.0, agents_s={"a": 1.0, "b": 2.0})
    backward = TimingMeasured(elapsed_s=1.0, agents_s={"b": 2.0, "a": 1.0})
    assert encode(forward) == encode(backward)


def test_other_mappings_and_numpy_numbers_are_written_as_plain_json() -> None:
    evidence = Evidence(
        id="e",
        group="g",
        kind="survived",
        log_likelihood=MappingProxyType({"h1": np.float64(0.5), "h2": np.float32(0.25)}),  # type: ignore[dict-item]
        because="b",
    )
    (read,) = _decoded(EvidenceWeighed(evidence=(evidence,))).evidence
    assert read.log_likelihood == {"h1": 0.5, "h2": 0.25}


def _decoded(payload: EvidenceWeighed) -> EvidenceWeighed:
    read = decode("evidence.weighed", VERSION, encode(payload))
    assert isinstance(read, EvidenceWeighed)
    return read


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_refused_where_a_number_is_needed(value: float) -> None:
    with pytest.raises(PayloadError, match=r"StepFinished.*\$\.work"):
        encode(finished(work=value))


def test_not_a_number_is_empty_where_the_field_may_be_empty() -> None:
    read = decode("timing.measured", VERSION, encode(TimingMeasured(elapsed_s=1.0, sequential_s=math.nan)))
    assert read == TimingMeasured(elapsed_s=1.0, sequential_s=None)


def test_a_value_without_a_json_form_is_refused() -> None:
    with pytest.raises(PayloadError, match="no JSON form"):
        encode(TimingMeasured(elapsed_s=object()))  # type: ignore[arg-type]


def test_a_wrong_type_is_refused_when_written_not_when_read() -> None:
    with pytest.raises(PayloadError):
        encode(StepStarted(agent=3, step="s", text="t", round=1))  # type: ignore[arg-type]


def test_a_broken_character_is_replaced() -> None:
    payload = StepFinished(
        agent="db", step="s", round=1, found="a\udc80b", anomalies=0, normals=0, work=0, elapsed_ms=0
    )
    read = decode("step.finished", VERSION, encode(payload))
    assert isinstance(read, StepFinished)
    assert read.found == "a?b"


@settings(deadline=None)
@given(fields=st.dictionaries(TEXT, JSON, max_size=4))
def test_an_unknown_kind_is_kept_and_written_again_unchanged(fields: dict[str, object]) -> None:
    written = encode(UnknownPayload(data=fields))
    read = decode("weather.changed", 3, written)
    assert isinstance(read, UnknownPayload)
    assert encode(read) == written


def test_a_newer_version_of_a_known_kind_is_kept() -> None:
    written = b'{"agent":"db","mood":"calm"}'
    read = decode("step.finished", VERSION + 1, written)
    assert read == UnknownPayload(data={"agent": "db", "mood": "calm"})
    assert encode(read) == written


def test_old_versions_are_upcast_one_version_after_another() -> None:
    def rename(fields: Mapping[str, object]) -> Mapping[str, object]:
        return {("found" if key == "result" else key): value for key, value in fields.items()}

    def seconds(fields: Mapping[str, object]) -> Mapping[str, object]:
        return {**fields, "elapsed_ms": 3.5}

    old = json.loads(encode(finished()))
    old["result"] = old.pop("found")
    del old["elapsed_ms"]
    upcasters = {("step.finished", 1): rename, ("step.finished", 3): seconds, ("round.started", 2): rename}
    read = decode("step.finished", 1, json.dumps(old).encode(), upcasters=upcasters, current=4)
    assert read == finished()


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"agent":1}', b"\xff"])
def test_bytes_that_are_not_the_kind_are_refused(data: bytes) -> None:
    with pytest.raises(PayloadError, match=r"step\.finished version 1"):
        decode("step.finished", 1, data)
    if data != b'{"agent":1}':
        with pytest.raises(PayloadError):
            decode("weather.changed", 1, data)


def test_a_tombstone_can_be_written() -> None:
    assert encode(Tombstone(erased_at="2026-01-01")) == b'{"erased_at":"2026-01-01"}'
