"""Rules of retention and handing on, over a chronicle in memory that holds a whole investigation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from compass.analysis.standing import standing, verdict_on
from compass.domain.chronicle import NewEvent, Tombstone
from compass.domain.learned import PatternVerdict, Resolved
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.config import Retention, read_config
from compass.entrypoints.learning import catch_up
from compass.entrypoints.retaining import apply, due
from compass.entrypoints.sharing import anonymised, embed_all, everything, from_elsewhere, take_in
from compass.entrypoints.storage import embedder
from compass.ports.errors import ConfigurationError
from compass.storage.memory import MemoryChronicle
from tests.storage.learned import Counting, cause, learned, past
from tests.storage.support import ended, new, opened

LATER = datetime.now(UTC) + timedelta(days=100)


def memory(embedder: Counting | None = None) -> MemoryChronicle:
    return MemoryChronicle(SystemClock(), embedder=embedder or Counting())


async def ended_one(chronicle: MemoryChronicle) -> NewEvent:
    investigation = await chronicle.create("x")
    said = NewEvent(key="r", payload=Resolved(by="human", cause=cause(), fix="pool of 40"), actor="human")
    await chronicle.append(investigation, None, [new("o", opened()), new("s"), new("e", ended()), said])
    return said


async def test_without_rules_nothing_goes() -> None:
    with pytest.raises(ConfigurationError, match="everything is kept"):
        await due(memory(), Retention(), LATER)


async def test_raw_evidence_goes_and_what_it_taught_is_learned_first() -> None:
    chronicle = memory()
    await ended_one(chronicle)
    (found,) = await chronicle.list()
    step = replace(new("f"), key="f")
    assert (await due(chronicle, Retention(evidence_days=200), LATER)).evidence == ()
    wanted = await due(chronicle, Retention(evidence_days=90), LATER)
    assert wanted.evidence == ()  # it holds none of these kinds
    from compass.domain.chronicle import ServersAsked

    await chronicle.append(found.id, None, [replace(step, payload=ServersAsked(requests=()))])
    wanted = await due(chronicle, Retention(evidence_days=90), LATER)
    applied = await apply(chronicle, wanted)
    assert (applied.evidence, applied.everything, applied.payloads) == (1, 0, 1)
    gone = [event.key for event in await chronicle.read(found.id) if isinstance(event.payload, Tombstone)]
    assert gone == ["f"]
    taught = await chronicle.knowledge.taught(found.id)
    assert taught is not None
    assert taught.incident.cause == cause()
    assert (await due(chronicle, Retention(evidence_days=90), LATER)).evidence == ()


async def test_everything_goes_where_the_rules_say_so() -> None:
    chronicle = memory()
    await ended_one(chronicle)
    rules = Retention(evidence_days=10, everything_days=50)
    wanted = await due(chronicle, rules, LATER)
    assert (len(wanted.everything), wanted.evidence) == (1, ())
    applied = await apply(chronicle, wanted)
    assert (applied.everything, applied.payloads) == (1, 4)
    assert await chronicle.knowledge.count() == 0
    assert (await due(chronicle, rules, LATER)).everything == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[retention]\nevidence_day = 9", "unknown rule 'evidence_day'"),
        ("[retention]\nevidence_days = 0", "at least 1 day"),
        ('[retention]\nevidence_days = "x"', "Expected"),
        ("retention = 3", "Expected"),
    ],
)
def test_a_wrong_rule_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "compass.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        read_config(path)


async def test_what_is_taken_in_twice_is_there_once() -> None:
    here, there = memory(), memory()
    mine = [learned(past(number=number)) for number in range(3)]
    await here.knowledge.learn(mine)
    given = await everything(here.knowledge)
    assert given == tuple(mine)
    foreign = [replace(one, incident=replace(one.incident, source="laptop")) for one in given]
    first, second = await take_in(there.knowledge, foreign), await take_in(there.knowledge, foreign)
    assert (first.taken, first.known, first.unembedded) == (3, 0, 0)
    assert (second.taken, second.known) == (0, 3)
    assert await there.knowledge.count() == 3
    hidden = anonymised(given, b"k" * 32, ["db.pool_exhaustion", "db.slow_query"])
    assert (await take_in(there.knowledge, hidden)).taken == 3
    assert (await take_in(there.knowledge, hidden)).known == 3


async def test_a_word_about_a_pattern_that_comes_from_elsewhere_is_not_ones_own() -> None:
    there = memory()
    foreign = from_elsewhere(learned(past()), "pushed by them")
    assert {foreign.incident.source, foreign.judgements[0].source} == {"pushed by them"}
    assert from_elsewhere(foreign, "pushed") == foreign  # where it first came from
    await take_in(there.knowledge, [foreign])
    (word,) = await there.knowledge.judgements()
    assert word.source == "pushed by them"
    own = replace(word, id="own", source="", verdict=PatternVerdict.VALIDATED, at=word.at - timedelta(days=9))
    assert verdict_on((word.mechanism, word.entity), standing([own, word])) is PatternVerdict.VALIDATED


async def test_a_failing_embedder_is_said_and_costs_no_row() -> None:
    embedder = Counting(broken=True)
    chronicle = memory(embedder)
    taken = await take_in(chronicle.knowledge, [learned(past(source="a"))])
    assert (taken.taken, "nobody answers" in taken.problem) == (1, True)
    embedder.broken = False
    assert await embed_all(chronicle.knowledge) == (0, "")


@pytest.mark.parametrize(
    ("text", "name", "dimensions"),
    [
        ("", "wordllama l2_supercat", 256),
        ('[knowledge]\nembedding = "openai:small"\ndimensions = 1536', "openai:small", 1536),
        ("[knowledge]\nembedding = 3", None, None),
        ('[knowledge]\nembedding = "openai:small"', None, None),
    ],
)
def test_the_embedder_is_the_offline_one_unless_the_file_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, name: str | None, dimensions: int | None
) -> None:
    (tmp_path / "compass.toml").write_text(text)
    monkeypatch.setenv("COMPASS_CONFIG", str(tmp_path / "compass.toml"))
    found = embedder()
    assert (found and found.name, found and found.dimensions) == (name, dimensions)


async def test_catching_up_renews_vectors_and_survives_a_failing_embedder() -> None:
    embedder = Counting(broken=True)
    chronicle = memory(embedder)
    await ended_one(chronicle)
    assert await catch_up(chronicle) == 1
    await chronicle.knowledge.learn([learned(past("orders slow"))])
    embedder.broken = False
    assert await catch_up(chronicle) == 0
    assert "orders slow" in embedder.asked
