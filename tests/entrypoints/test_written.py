"""compass.toml is replaced whole or not at all, and only by something that works."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from compass.entrypoints.config import read_config
from compass.entrypoints.written import usual_target, write_settings
from compass.ports.errors import BadInputError, ConfigurationError

METRICS = {"type": "mimir", "url": "http://127.0.0.1:9"}


async def test_it_is_whole_private_and_read_back(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "compass.toml"
    await write_settings(target, {"metrics": METRICS})
    assert read_config(target).sources == {"metrics": METRICS}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700
    assert os.listdir(target.parent) == ["compass.toml"]


async def test_what_was_there_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    target = tmp_path / "compass.toml"
    target.write_text("# earlier\n")
    target.chmod(0o644)
    await write_settings(target, {"metrics": METRICS})
    old = tmp_path / "compass.toml.old"
    assert old.read_text() == "# earlier\n"
    assert stat.S_IMODE(old.stat().st_mode) == stat.S_IMODE(target.stat().st_mode) == 0o600


async def test_the_other_tables_of_a_team_stay(tmp_path: Path) -> None:
    target = tmp_path / "compass.toml"
    others = '[[signals]]\nname = "a_\\\\d+"\nkind = "latency"\n\n[[signals]]\nname = "b"\nkind = "cpu"\n'
    target.write_text(f'[sources.old]\ntype = "mimir"\nurl = "http://old"\n\n{others}')
    before = read_config(target)
    await write_settings(target, {"metrics": METRICS})
    after = read_config(target)
    assert after.sources == {"metrics": METRICS}
    assert after.signals == before.signals != ()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"type": "mimir", "url": "no address"}, "no address"),
        ({"type": "mimir", "url": "http://a", "token": "env:NOT_THERE_AT_ALL"}, "holds nothing"),
        ({"type": "mimir", "url": "http://a", "colour": "red"}, "colour"),
        ({"type": "mimir", "url": "http://a", "points": (1, 2)}, "read back as something else"),
    ],
)
async def test_what_would_not_work_leaves_everything_as_it_was(
    tmp_path: Path, table: dict[str, object], said: str
) -> None:
    target = tmp_path / "compass.toml"
    target.write_text("# earlier\n")
    with pytest.raises(ConfigurationError, match=said):
        await write_settings(target, {"metrics": table})
    assert os.listdir(tmp_path) == ["compass.toml"]
    assert target.read_text() == "# earlier\n"


async def test_what_is_kept_on_purpose_need_not_connect_yet(tmp_path: Path) -> None:
    later = {"type": "mimir", "url": "http://a", "token": "env:NOT_THERE_AT_ALL"}
    await write_settings(tmp_path / "compass.toml", {"metrics": later}, unchecked={"metrics"})
    assert read_config(tmp_path / "compass.toml").sources == {"metrics": later}


async def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match="it cannot be written"):
        await write_settings(tmp_path / "file" / "compass.toml", {"metrics": METRICS})


def test_settings_go_where_they_are_looked_for(tmp_path: Path) -> None:
    home = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert usual_target(home, tmp_path) == tmp_path / "config" / "compass" / "compass.toml"
    assert usual_target({**home, "COMPASS_CONFIG": "/etc/c.toml"}, tmp_path) == Path("/etc/c.toml")
    (tmp_path / "compass.toml").write_text("")
    assert usual_target(home, tmp_path) == tmp_path / "compass.toml"
