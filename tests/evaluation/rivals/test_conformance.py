"""What every rival keeps to. A new one is tested here without being named."""

from __future__ import annotations

import random
from pathlib import Path
from shutil import copytree

import pytest

from compass.domain.entity import EntityKind
from compass.evaluation.rivals import Rival, all_rivals
from tests.evaluation.rivals.scenes import ask, scene
from tests.support import incidents
from tests.support.recordings import write_recording

RIVALS = all_rivals()
each = pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.id)
PARTS = ("metrics/samples.parquet", "metrics/series.parquet", "logs/lines.parquet", "changes.jsonl", "topology.jsonl")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return incidents.pool_incident(tmp_path_factory.mktemp("rivals") / "shop")


@pytest.fixture(scope="module", params=PARTS)
def spoilt(request: pytest.FixtureRequest, shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The shop with one part damaged, and with that part absent."""
    part, folder = str(request.param), tmp_path_factory.mktemp("spoilt")
    damaged, absent = Path(copytree(shop, folder / "damaged")), Path(copytree(shop, folder / "absent"))
    (absent / part).unlink()
    return incidents.corrupt(damaged, part), absent


def test_the_rivals_are_found() -> None:
    assert [rival.id for rival in RIVALS] == ["alerting-service", "baro", "last-change", "nsigma", "random"]
    assert all(rival.summary and "\n" not in rival.summary for rival in RIVALS)


@each
@pytest.mark.parametrize("onset_s", [None, incidents.ONSET_S], ids=["page", "label"])
def test_deterministic_distinct_and_never_empty_where_there_is_something(
    rival: Rival, onset_s: float | None, shop: Path
) -> None:
    random.seed(1)
    first = ask(rival, scene(shop, onset_s))
    random.seed(2)
    assert first == ask(rival, scene(shop, onset_s))
    assert first
    assert len(set(first)) == len(first)
    assert all(entity.kind is EntityKind.SERVICE for entity in first)


@each
def test_nothing_connected_gives_nothing(rival: Rival, tmp_path: Path) -> None:
    assert ask(rival, scene(incidents.nothing_connected(tmp_path / "nothing"))) == ()


@each
def test_empty_files_give_nothing(rival: Rival, tmp_path: Path) -> None:
    empty = write_recording(
        tmp_path / "empty", series=[], logs=[], spans=[], changes=[], kubernetes=[], alerts=[], probes=[], topology=[]
    )
    assert ask(rival, scene(empty)) == ()


@each
def test_a_part_that_is_absent_or_damaged_is_no_error(rival: Rival, spoilt: tuple[Path, Path]) -> None:
    for folder in spoilt:
        found = ask(rival, scene(folder))
        assert len(set(found)) == len(found)


@each
@pytest.mark.parametrize("onset_s", [-600.0, 0.0, 10.0, incidents.SECONDS, 2 * incidents.SECONDS])
def test_an_onset_at_or_beyond_the_edge_is_no_error(rival: Rival, onset_s: float, shop: Path) -> None:
    found = ask(rival, scene(shop, onset_s))
    assert len(set(found)) == len(found)
