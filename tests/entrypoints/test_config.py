"""compass.toml: found, read, and told where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.entrypoints.config import Config, config_path, read_config
from compass.entrypoints.live import config
from compass.ports.errors import ConfigurationError


def test_where_it_is_looked_for(tmp_path: Path) -> None:
    home = tmp_path / "home" / "compass"
    home.mkdir(parents=True)
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "home")}
    assert config_path(environment, tmp_path) is None
    (home / "compass.toml").touch()
    assert config_path(environment, tmp_path) == home / "compass.toml"
    (tmp_path / "compass.toml").touch()
    assert config_path(environment, tmp_path) == tmp_path / "compass.toml"
    assert config_path({"COMPASS_CONFIG": "/x/y.toml"}, tmp_path) == Path("/x/y.toml")


def test_no_file_is_no_source() -> None:
    assert read_config(None) == Config()


def test_all_that_can_stand_in_it(tmp_path: Path) -> None:
    path = tmp_path / "compass.toml"
    path.write_text(
        '[sources.metrics]\ntype = "mimir"\nurl = "http://h"\n[[signals]]\nname = "a"\nkind = "latency"\n'
        '[runbooks]\nfolder = "runbooks"\nhosts = ["wiki.example"]\n'
    )
    read = read_config(path)
    assert read.sources == {"metrics": {"type": "mimir", "url": "http://h"}}
    assert read.signals == ({"name": "a", "kind": "latency"},)
    assert (read.runbooks.folder, read.runbooks.hosts, read.base) == ("runbooks", ("wiki.example",), tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[sources", "not valid TOML"), ("[source.x]\n", "unknown table 'source'"), ("sources = 1\n", "holds tables"),
        ("[sources]\nx = 1\n", "holds tables"), ("signals = 1\n", "one a \\[\\[signals\\]\\]"),
        ("[runbooks]\nfolder = 1\n", "runbooks"), ("[runbooks]\nhosts = 'x'\n", "hosts"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "compass.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=told) as caught:
        read_config(path)
    assert str(path) in str(caught.value)


def test_a_rule_that_is_none_is_told_before_anything_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "compass.toml"
    path.write_text('[[signals]]\nname = "a"\nkind = "speed"\n')
    monkeypatch.setenv("COMPASS_CONFIG", str(path))
    with pytest.raises(ConfigurationError, match="metric rule 1"):
        config()
