"""The comparison table of labels: complete, short, and with errors that say which line."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
import yaml

from compass.evaluation.labels import LABELS_FILE, MAX_FILE_BYTES, MOST_MECHANISMS, load_labels
from compass.mechanisms.loader import load_catalogue
from compass.ports.errors import BadInputError

KNOWN = frozenset(load_catalogue().by_id)
TRUTH = Path(__file__).parents[3] / "shared" / "incidents" / "truth"
DEFECTS = {  # they say how a defect was made, not what then happens: only the entity is compared
    "return", "exception", "wrongvalue", "wrongsql", "misspara", "paraorder", "misscall", "inconsistent", "access",
    "redis", "config", "scaledown",
}  # fmt: skip


def team_file(folder: Path, text: str) -> Path:
    path = folder / "labels.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_built_in_line_names_one_or_two_mechanisms_of_the_catalogue() -> None:
    labels = load_labels(KNOWN)
    assert len(labels) > 100
    for fault_type, mechanisms in labels.items():
        assert 1 <= len(mechanisms) <= MOST_MECHANISMS, fault_type
        assert set(mechanisms) <= KNOWN, fault_type


def test_every_built_in_fault_type_is_on_one_line() -> None:
    """A reader has to see at a glance what counts as right."""
    text = (resources.files("compass.evaluation") / LABELS_FILE).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(yaml.safe_load(text)) == len(load_labels(KNOWN).keys() - _by_themselves())


def _by_themselves() -> frozenset[str]:
    """Mechanisms that no line of the table names on its left."""
    text = (resources.files("compass.evaluation") / LABELS_FILE).read_text(encoding="utf-8")
    return KNOWN - yaml.safe_load(text).keys()


def test_a_mechanism_s_own_id_means_that_mechanism_unless_a_line_says_otherwise() -> None:
    labels = load_labels(KNOWN)
    assert _by_themselves()
    assert all(labels[mechanism] == (mechanism,) for mechanism in _by_themselves())


def test_words_that_only_say_how_a_defect_was_made_are_compared_by_entity_alone() -> None:
    assert not DEFECTS & set(load_labels(KNOWN))


@pytest.mark.skipif(not TRUTH.is_dir(), reason="the labelled incidents are not on this machine")
def test_every_fault_type_of_the_labelled_incidents_is_decided() -> None:
    labelled = {str(yaml.safe_load(path.read_bytes())["fault_type"]) for path in sorted(TRUTH.glob("*.yaml"))}
    assert labelled - set(load_labels(KNOWN)) <= DEFECTS


def test_a_team_file_adds_replaces_and_takes_out(tmp_path: Path) -> None:
    text = "paper jam: [disk_full]\nslow_query: [lock_contention]\ndns_failure: []\n"
    merged, plain = load_labels(KNOWN, team_file(tmp_path, text)), load_labels(KNOWN)
    assert merged["paper jam"] == ("disk_full",)
    assert merged["slow_query"] == ("lock_contention",) != plain["slow_query"]
    assert "dns_failure" in plain
    assert "dns_failure" not in merged
    touched = {"paper jam", "slow_query", "dns_failure"}
    assert {k: v for k, v in merged.items() if k not in touched} == {k: v for k, v in plain.items() if k not in touched}


def test_a_team_file_may_name_the_teams_own_mechanisms(tmp_path: Path) -> None:
    path = team_file(tmp_path, "jam: [paper_jam]\n")
    assert load_labels(KNOWN | {"paper_jam"}, path)["jam"] == ("paper_jam",)
    with pytest.raises(BadInputError, match="paper_jam"):
        load_labels(KNOWN, path)


def test_an_empty_team_file_changes_nothing(tmp_path: Path) -> None:
    assert load_labels(KNOWN, team_file(tmp_path, "# nothing yet\n")) == load_labels(KNOWN)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: [disk_full]\nb: [disk_full, memory_leak, deadlock]\n", 2, "names 3 mechanisms, and at most 2"),
        ("a: [disk_full]\n\nb:\n  - no_such_thing\n", 4, "'no_such_thing', which is not in the mechanism catalogue"),
        ("a: [disk_full]\nb: [deadlock]\na: [deadlock]\n", 3, "'a' is there twice"),
        ("a: [disk_full, disk_full]\n", 1, "twice"),
        ("a: disk_full\n", 1, "must have a list of mechanism ids"),
        ("a:\n", 1, "must have a list of mechanism ids"),
        ("a: [[disk_full]]\n", 1, "must be a word"),
        ("a: [{b: c}]\n", 1, "must be a word"),
        ("? [x]\n: [disk_full]\n", 1, "must be a word"),
        ("# words\n- disk_full\n", 2, "must be a mapping"),
        ("a: [disk_full\nb: [deadlock]\n", 2, "is not valid YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = team_file(tmp_path, text)
    with pytest.raises(BadInputError) as caught:
        load_labels(KNOWN, path)
    assert says in caught.value.what
    assert caught.value.where == f"{path}, line {line}"
    assert caught.value.hint


@pytest.mark.parametrize("text", ["[" * 100_000, "a: [x]\n" * (MAX_FILE_BYTES // 6)])
def test_a_file_beyond_reason_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInputError, match=r"too deep|larger than"):
        load_labels(KNOWN, team_file(tmp_path, text))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be read") as caught:
        load_labels(KNOWN, tmp_path / "absent.yaml")
    assert str(tmp_path / "absent.yaml") in caught.value.where


def test_an_alias_is_read_and_never_expanded(tmp_path: Path) -> None:
    text = "a: &one [disk_full]\nb: *one\n"
    assert load_labels(KNOWN, team_file(tmp_path, text))["b"] == ("disk_full",)
