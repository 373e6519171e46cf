"""Recording everything, resumably; and the game day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import yaml

pytest.importorskip("prometheus_client", reason="needs requirements/lab.in")
pytest.importorskip("psycopg_pool", reason="needs requirements/lab.in")
pytest.importorskip("opentelemetry.proto", reason="needs requirements/lab.in")
pytest.importorskip("redis", reason="needs requirements/lab.in")

from lab import collect, gameday
from lab.collect import Case, cases, is_there
from lab.incidents import INCIDENTS, TYPES
from lab.processes import LabError

WHEN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def fake(out: Path, identity: str, entity: dict[str, str], also: list[dict[str, str]]) -> None:
    (out / identity).mkdir(parents=True)
    (out / "truth").mkdir(exist_ok=True)
    header = {"detected_at": WHEN, "title": "FrontEndSlow: p95", "service": "storefront", "symptom": "p95 for 10 s"}
    (out / identity / "recording.yaml").write_text(yaml.safe_dump(header), encoding="utf-8")
    truth = {
        "fault_type": "network_delay",
        "entity": entity,
        "also_accept": also,
        "onset": WHEN,
        "indicators": ["a_metric"],
        "blast_radius": [],
        "decoys": ["cart-2.3.2"],
        "trigger": {"kind": "none"},
        "made_by": "network-delay seed 3",
    }
    (out / "truth" / f"{identity}.yaml").write_text(yaml.safe_dump(truth), encoding="utf-8")


def test_numbers_do_not_depend_on_what_is_recorded() -> None:
    every = cases(2)
    assert len(every) == 2 * len(TYPES)
    assert every[0] == Case("lab-001", TYPES[0].name, 1)
    assert len({case.identity for case in every}) == len(every)
    (first, second) = cases(2, ["dns-failure"])
    assert [first, second] == [case for case in every if case.incident == "dns-failure"]
    assert (first.seed, second.seed) == (1, 2)


def test_collecting_again_records_only_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def record(out: Path, case: Case, _options: object) -> bool:
        asked.append(case.identity)
        if case.identity == "lab-003":
            return False
        fake(out, case.identity, {"kind": "none"}, [])
        return True

    monkeypatch.setattr(collect, "_record", record)
    wanted = cases(1)[:4]
    fake(tmp_path, "lab-002", {"kind": "none"}, [])
    (left,) = collect.collect(tmp_path, wanted, jobs=1, tries=2, options=[])
    assert left.identity == "lab-003"
    assert asked == ["lab-001", "lab-003", "lab-003", "lab-004"]
    asked.clear()
    collect.collect(tmp_path, wanted, jobs=2, tries=1, options=[])
    assert asked == ["lab-003"]


def test_a_recording_without_its_truth_is_missing(tmp_path: Path) -> None:
    fake(tmp_path, "lab-001", {"kind": "none"}, [])
    case = Case("lab-001", "false-page", 1)
    assert is_there(tmp_path, case)
    (tmp_path / "truth" / "lab-001.yaml").unlink()
    assert not is_there(tmp_path, case)


def test_a_drill_is_drawn_by_lot_and_its_id_tells_nothing() -> None:
    drawn = [gameday.draw(Random(seed), [], WHEN) for seed in range(60)]
    assert len({d.incident for d in drawn}) > 10
    assert {d.identity for d in drawn} == {"drill-0301-120000"}
    assert gameday.draw(Random(1), ["dns-failure"], WHEN).incident == "dns-failure"
    assert {d.incident for d in drawn} <= set(INCIDENTS)


@pytest.mark.parametrize(("answer", "found"), [("orders", True), (" Payments ", True), ("cart", False)])
def test_a_game_day_pages_asks_and_then_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, found: bool
) -> None:
    drawn = Case("drill-1", "network-delay", 3)

    def record(out: Path, wanted: Case, _options: object) -> None:
        also = [{"kind": "service", "name": "payments"}]
        fake(out, wanted.identity, {"kind": "service", "name": "orders"}, also)

    monkeypatch.setattr(gameday, "record_quietly", record)
    told: list[str] = []

    def ask(_question: str) -> str:
        # Nothing has been told yet that gives it away.
        assert not any(word in text for text in told for word in ("orders", "network", "delay"))
        return answer

    assert gameday.play(tmp_path, drawn, [], ask, told.append) is found
    text = "".join(told)
    assert "PAGE  12:00:00 UTC  FrontEndSlow: p95" in text
    assert "happened: network delay" in text
    assert "set off by: no change" in text
    assert "python -m lab record network-delay --seed 3" in text


def test_nothing_is_the_right_answer_where_nothing_is_wrong(tmp_path: Path) -> None:
    fake(tmp_path, "one", {"kind": "none"}, [])
    assert gameday.right(tmp_path, "one", "nothing")
    assert not gameday.right(tmp_path, "one", "orders")
    assert "nothing: there was no incident" in gameday.reveal(tmp_path, "one")


def test_a_truth_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no truth of x"):
        gameday.reveal(tmp_path, "x")
