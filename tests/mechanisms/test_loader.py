"""The loader: team files over built-in ones, and errors that say where."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain.entity import EntityKind
from compass.domain.mechanism import Origin, Pattern, Relation
from compass.mechanisms import loader
from compass.mechanisms.loader import MAX_FILE_BYTES, extended, load_catalogue
from compass.mechanisms.parse import FieldError, Where
from compass.ports.errors import BadInputError

GOOD = """
family: house
mechanisms:
  - id: paper_jam
    claim: "{entity} has no paper left."
    strikes: [app, node]
    owner: infrastructure
    requires: ["team.jam | disk.full at host weight 0.7"]
"""


def write(folder: Path, text: str, name: str = "team.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_built_in_catalogue_loads_fast_and_the_same_each_time() -> None:
    first = load_catalogue()
    spent = []
    for _ in range(3):
        loader._built_in.cache_clear()
        begun = time.process_time()
        again = load_catalogue()
        spent.append(time.process_time() - begun)
    assert again == first
    assert [m.id for m in first.mechanisms] == sorted(m.id for m in first.mechanisms)
    assert set(first.origins.values()) == {Origin.BUILT_IN}
    assert min(spent) < 0.25  # of a processor: 60 ms are usual, and what else the machine does is not counted


def test_team_file_extends(tmp_path: Path) -> None:
    catalogue = load_catalogue([write(tmp_path, GOOD)])
    added = catalogue.get("paper_jam")
    assert added is not None
    assert added.requires == (Pattern(signs=("team.jam", "disk.full"), at=Relation.HOST, weight=0.7),)
    assert added.family == "house"
    assert EntityKind.NODE in added.strikes
    assert EntityKind.POD in added.strikes
    assert EntityKind.DATABASE not in added.strikes
    assert catalogue.origins["paper_jam"] is Origin.TEAM
    assert catalogue.sha256 != load_catalogue().sha256
    assert catalogue.get("no_such_thing") is None


def test_pattern_as_a_mapping_is_the_same_as_a_line(tmp_path: Path) -> None:
    mapped = GOOD.replace(
        '["team.jam | disk.full at host weight 0.7"]', "[{signs: [team.jam, disk.full], at: host, weight: 0.7}]"
    )
    line, mapping = (
        load_catalogue([write(tmp_path, text, f"{n}.yaml")]).get("paper_jam") for n, text in enumerate((GOOD, mapped))
    )
    assert line == mapping


def test_team_entry_changes_only_what_it_names(tmp_path: Path) -> None:
    before = load_catalogue().get("disk_full")
    path = write(tmp_path, "mechanisms:\n  - {id: disk_full, prior: 3}\n  - {id: clock_skew, enabled: false}\n")
    catalogue = load_catalogue([path])
    after = catalogue.get("disk_full")
    assert before is not None
    assert after is not None
    assert after.prior == 3.0
    assert load_catalogue().get("disk_full") == before  # what is kept for the next reader is as it was
    assert load_catalogue().get("clock_skew") is not None
    assert (after.claim, after.requires, after.mitigation) == (before.claim, before.requires, before.mitigation)
    assert catalogue.origins["disk_full"] is Origin.TEAM
    assert catalogue.get("clock_skew") is None


def test_later_layers_win_and_folders_are_read_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "mechanisms"
    folder.mkdir()
    write(folder, GOOD, "b.yaml")
    write(folder, "mechanisms: [{id: disk_full, prior: 2}]", "a.yml")
    write(folder, "not a catalogue", "notes.txt")
    last = write(tmp_path, "mechanisms: [{id: disk_full, prior: 4}]", "service.yaml")
    found = load_catalogue([folder, last]).get("disk_full")
    assert found is not None
    assert found.prior == 4.0


BAD = {
    "unknown sign": (GOOD.replace("disk.full", "disk.fool"), "requires.1.signs", "disk.fool"),
    "unknown strategy": (GOOD + "    refuters: [guessing]\n", "refuters.1", "guessing"),
    "unknown owner": (GOOD.replace("owner: infrastructure", "owner: nobody"), "owner", "nobody"),
    "unknown relation": (GOOD.replace("at host", "at neighbour"), "requires.1.at", "neighbour"),
    "unknown kind": (GOOD.replace("[app, node]", "[app, printer]"), "strikes.2", "printer"),
    "no kind": (GOOD.replace("[app, node]", "[]"), "strikes", "at least one"),
    "empty claim": (GOOD.replace('"{entity} has no paper left."', '" "'), "claim", "not empty"),
    "claim without entity": (GOOD.replace("{entity}", "It"), "claim", "{entity}"),
    "placeholder": (GOOD.replace("no paper", "no {paper}"), "claim", "placeholder"),
    "attribute access": (GOOD.replace("no paper", "{entity.name.__class__}"), "claim", "placeholder"),
    "conversion": (GOOD.replace("no paper", "{entity!r}"), "claim", "placeholder"),
    "braces": (GOOD.replace("no paper", "no } paper"), "claim", "braces"),
    "prior zero": (GOOD + "    prior: 0\n", "prior", "above 0"),
    "prior negative": (GOOD + "    prior: -1\n", "prior", "above 0"),
    "prior nan": (GOOD + "    prior: .nan\n", "prior", "above 0"),
    "prior infinite": (GOOD + "    prior: .inf\n", "prior", "above 0"),
    "prior text": (GOOD + "    prior: high\n", "prior", "number"),
    "prior true": (GOOD + "    prior: true\n", "prior", "number"),
    "weight": (GOOD.replace("weight 0.7", "weight 1.7"), "requires.1.weight", "at most 1"),
    "weight twice dotted": (GOOD.replace("weight 0.7", "weight 0.7.1"), "requires.1.weight", "number"),
    "requires nothing": (GOOD.replace('["team.jam | disk.full at host weight 0.7"]', "[]"), "requires", "entity"),
    "requires anywhere": (GOOD.replace("at host", "at any"), "requires", "entity"),
    "missing owner": (GOOD.replace("    owner: infrastructure\n", ""), "owner", "missing"),
    "misspelt field": (GOOD + "    expect: []\n", "expect", "not a field"),
    "command without risk": (GOOD + "    mitigation: {text: do, command: run it}\n", "mitigation.risk", "risk"),
    "mitigation without text": (GOOD + "    mitigation: {risk: some}\n", "mitigation.text", "missing"),
    "enabled": (GOOD + "    enabled: perhaps\n", "enabled", "true or false"),
    "control characters": (GOOD.replace("no paper", "no\\x1b[2J paper"), "claim", "control"),
    "list of lists": (GOOD + "    expects: [[a]]\n", "expects.1", "mapping"),
}


@pytest.mark.parametrize("name", BAD)
def test_errors_name_file_mechanism_and_field(name: str, tmp_path: Path) -> None:
    text, field, says = BAD[name]
    with pytest.raises(BadInputError) as caught:
        load_catalogue([write(tmp_path, text)])
    message = str(caught.value)
    assert "team.yaml" in message
    assert "mechanism paper_jam" in message
    assert field in message
    assert says in message


DOCUMENTS = {
    "not yaml": ("a: [", "not valid YAML"),
    "not a mapping": ("- 1", "mapping"),
    "no list": ("mechanisms: {a: 1}", "list"),
    "entry is text": ("mechanisms: [one]", "mapping"),
    "no id": ("mechanisms: [{claim: x}]", "number 1"),
    "bad id": ("mechanisms: [{id: Paper Jam}]", "not an id"),
    "twice": ("mechanisms: [{id: disk_full, prior: 1}, {id: disk_full, prior: 2}]", "twice"),
    "other field": ("families: []\nmechanisms: []", "not a field"),
    "anchors": ("a: &a [x]\nmechanisms: [*a, *a]", "anchors"),
    "deep mappings": ("{mechanisms: " * 30_000, "nested"),
    "python object": ("mechanisms: !!python/object/apply:os.getcwd []", "uses a YAML tag"),
    "impossible date": ("mechanisms: 2024-13-45", "YAML"),
    "deep": ("mechanisms: " + "[" * 400_000, "nested"),
    "binary": ("\x00\x01", "not valid YAML"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_file_that_is_no_catalogue_is_named(name: str, tmp_path: Path) -> None:
    text, says = DOCUMENTS[name]
    with pytest.raises(BadInputError, match=r"team\.yaml") as caught:
        load_catalogue([write(tmp_path, text)])
    assert says in str(caught.value)


def test_files_that_cannot_be_read_or_are_too_large(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be read"):
        load_catalogue([tmp_path / "absent.yaml"])
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(BadInputError, match="larger"):
        load_catalogue([large])


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_catalogue_or_a_named_error(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "team.yaml"
        path.write_bytes(b"mechanisms:\n  - id: disk_full\n    " + data)
        try:
            load_catalogue([path])
        except BadInputError as error:
            assert "team.yaml" in str(error)  # noqa: PT017 - an accepted file is as good


def test_a_teams_entries_go_over_a_catalogue_one_after_the_other() -> None:
    base, where = load_catalogue(), Where(file="team.yaml")
    jam = {
        "id": "paper_jam", "claim": "{entity} has no paper left.", "family": "house", "strikes": ["node"],
        "owner": "infrastructure", "requires": ["team.jam"],
    }  # fmt: skip
    made = extended(base, [(where, jam)])
    assert base.get("paper_jam") is None
    found = made.get("paper_jam")
    assert found is not None
    assert (found.family, made.origins["paper_jam"], made.sha256 != base.sha256) == ("house", Origin.TEAM, True)
    named = [Where(file="a", mechanism="paper_jam"), Where(file="b", mechanism="paper_jam")]
    made = extended(base, [(named[0], jam), (named[1], {"id": "paper_jam", "prior": 2.0})])
    again = made.get("paper_jam")
    assert again is not None
    assert (again.prior, again.family) == (2.0, "house"), "the later says only what differs"
    assert extended(made, [(named[0], {"id": "paper_jam", "enabled": False})]).get("paper_jam") is None
    with pytest.raises(FieldError, match="is missing") as told:
        extended(base, [(named[0], {"id": "paper_jam", "claim": "{entity} is."})])
    assert told.value.field == "family"
