"""The embedded server: started once whoever asks, private, and without touching what is not its own."""

from __future__ import annotations

import asyncio
import os
import pwd
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from compass.entrypoints.clock import SystemClock
from compass.ports.errors import ConfigurationError, StorageError
from compass.storage.connect import open_chronicle
from compass.storage.embedded import EmbeddedServer
from compass.storage.runtime import Package, installed_package
from tests.storage.support import (
    CHILD,
    child_environment,
    folder_outside_homes,
    many,
    new,
    owner_for_tests,
    server_user,
    start_child,
)

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run the server as another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A fresh data folder; its server is stopped afterwards."""
    with folder_outside_homes() as parent:
        yield parent / "data"
        EmbeddedServer(parent / "data", server_user=server_user()).stop()


def server(folder: Path, package: Package | None = None) -> EmbeddedServer:
    return EmbeddedServer(folder, server_user=server_user(), package=package)


def modes(*paths: Path) -> dict[Path, tuple[int, int, int]]:
    """Permissions and owners of folders and of everything above them."""
    chain = {path for start in paths for path in (start, *start.parents)}
    found = {path: path.stat() for path in chain if path.exists()}
    return {path: (stat.S_IMODE(entry.st_mode), entry.st_uid, entry.st_gid) for path, entry in found.items()}


def homes() -> list[Path]:
    return [Path(entry.pw_dir) for entry in pwd.getpwall() if Path(entry.pw_dir).is_dir()]


async def test_processes_that_start_it_together_share_one_server(folder: Path) -> None:
    children = [start_child(["open", str(folder), server_user() or ""]) for _ in range(3)]
    outputs = [await asyncio.to_thread(child.communicate) for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert len({output for output, _ in outputs}) == 3
    status = server(folder).status()
    assert status.running
    chronicle = await open_chronicle(clock=SystemClock(), data_dir=folder, server_user=server_user())
    assert len(await chronicle.list()) == 3
    await chronicle.close()


async def test_it_outlives_who_started_it_and_is_attached_to_quickly(folder: Path) -> None:
    child = start_child(["open", str(folder), server_user() or ""])
    assert child.wait(30) == 0
    assert child.stdout is not None
    child.stdout.close()
    before = server(folder).status()
    assert before.running
    elapsed: list[float] = []
    for _ in range(3):
        started = time.perf_counter()
        chronicle = await open_chronicle(clock=SystemClock(), data_dir=folder, server_user=server_user())
        elapsed.append(time.perf_counter() - started)
        await chronicle.close()
    assert min(elapsed) < 0.3
    assert server(folder).status().pid == before.pid
    assert server(folder).stop() is True
    assert server(folder).stop() is False
    after = server(folder).status()
    assert (after.running, after.major, after.pid) == (False, before.major, None)


async def test_what_was_committed_is_there_after_a_stop(folder: Path) -> None:
    for number in range(2):
        chronicle = await open_chronicle(clock=SystemClock(), data_dir=folder, server_user=server_user())
        investigation = await chronicle.find("1") if number else await chronicle.create("kept")
        await chronicle.append(investigation, None, many(str(number), 10))
        assert await chronicle.verify(investigation) == 10 * (number + 1)
        await chronicle.close()
        server(folder).stop()


def test_no_permission_of_a_home_or_of_a_parent_changes(folder: Path) -> None:
    package = installed_package()
    assert package is not None
    watched = [*homes(), folder.parent, package.site / package.name / "pginstall" / "bin"]
    before = modes(*watched)
    server(folder).start()
    assert modes(*watched) == before


def test_its_folders_are_private(folder: Path) -> None:
    server(folder).start()
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            assert not path.lstat().st_mode & 0o007, path
    data = folder / "pg" / "18" / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert data.stat().st_uid == owner_for_tests().uid != 0


def test_only_its_users_are_let_in_and_only_by_socket(folder: Path) -> None:
    address = server(folder).start()
    with psycopg.connect(address.conninfo) as connection:
        settings: dict[str, str] = dict(
            connection.execute(
                "select name, setting from pg_settings where name in"
                " ('listen_addresses', 'fsync', 'synchronous_commit', 'full_page_writes')"
            ).fetchall()
        )
        assert settings == {
            "listen_addresses": "",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
        }
        rules = connection.execute("select type, auth_method, options from pg_hba_file_rules").fetchall()
        assert rules == [("local", "peer", ["map=compass"])]


@AS_ROOT
def test_a_data_folder_the_server_cannot_enter_is_refused_with_advice(folder: Path) -> None:
    home = folder.parent / "home"
    home.mkdir(mode=0o700)
    inside = home / "compass"
    before = modes(home)
    with pytest.raises(ConfigurationError, match=rf"cannot enter {home}\b.*COMPASS_DATA_DIR"):
        server(inside).start()
    assert modes(home) == before


@AS_ROOT
def test_a_database_of_another_user_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "pg").mkdir()
    os.chown(folder / "pg", owner_for_tests().uid, owner_for_tests().gid)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        server(folder).start()


@AS_ROOT
def test_an_ordinary_user_keeps_it_at_home_and_the_home_stays_closed() -> None:
    nobody = pwd.getpwnam("nobody")
    with folder_outside_homes() as parent:
        home = parent / "home"
        home.mkdir(mode=0o700)
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        command = [sys.executable, str(CHILD), "home", "nobody", str(home)]
        before = modes(home, *homes())
        done = subprocess.run(
            command, env=child_environment(), cwd="/", capture_output=True, text=True, timeout=60, check=False
        )
        if "PermissionError" in done.stderr and str(Path(sys.prefix)) in done.stderr:
            pytest.skip("the installed packages cannot be read by another user")
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == ["1", "True", str(home / ".local/share/compass"), "True", "False"]
        assert modes(home, *homes()) == before
        data = home / ".local/share/compass/pg/18/data"
        assert data.stat().st_uid == nobody.pw_uid


async def test_processes_killed_while_they_start_it_leave_nothing_broken(folder: Path) -> None:
    for delay_s in (0.3, 0.6, 0.9, 1.2):
        child = start_child(["open", str(folder), server_user() or ""])
        await asyncio.sleep(delay_s)
        child.kill()
        child.communicate()
    chronicle = await open_chronicle(clock=SystemClock(), data_dir=folder, server_user=server_user())
    investigation = await chronicle.create("at last")
    await chronicle.append(investigation, None, many("k", 5))
    assert await chronicle.verify(investigation) == 5
    await chronicle.close()


def test_leftovers_of_a_crashed_start_are_removed(folder: Path) -> None:
    home = folder / "pg" / "18"
    for leftover in ("data.123", "runtime.123"):
        (home / leftover).mkdir(parents=True)
        (home / leftover / "PG_VERSION").write_text("18")
    assert server(folder).status().major is None
    server(folder).start()
    assert sorted(path.name for path in home.iterdir()) == ["conf", "data", "log", "runtime"]


def test_a_pid_file_of_something_else_is_not_believed(folder: Path) -> None:
    server(folder).start()
    data = folder / "pg" / "18" / "data"
    locks = [data / "postmaster.pid", folder / "pg" / "run" / ".s.PGSQL.5432.lock"]
    written = {lock: lock.read_text().splitlines() for lock in locks}
    server(folder).stop()
    for pid in (os.getpid(), 2**22 - 3):
        for lock, lines in written.items():
            lock.write_text("\n".join([str(pid), *lines[1:]]) + "\n")
            os.chown(lock, owner_for_tests().uid, owner_for_tests().gid)
        assert not server(folder).status().running
        assert server(folder).attach() is None
        server(folder).start()
        assert server(folder).status().running
        server(folder).stop()


def test_a_server_that_lost_its_socket_is_restarted(folder: Path) -> None:
    address = server(folder).start()
    address.socket.unlink()
    assert server(folder).attach() is None
    again = server(folder).start()
    assert again.socket.is_socket()
    assert server(folder).attach() == again


def test_a_server_that_cannot_start_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server(folder).start()
    server(folder).stop()
    (folder / "pg" / "18" / "data" / "PG_VERSION").write_text("9\n")
    monkeypatch.setattr("compass.storage.cluster._START_PAUSES_S", (0.0,))
    with pytest.raises(StorageError, match=r"does not start: .*(version|incompatible).*server\.log"):
        server(folder).start()
    (folder / "pg" / "18" / "data" / "PG_VERSION").write_text("18\n")


async def test_a_new_major_version_takes_the_old_database_along(folder: Path) -> None:
    """The same programs under two version numbers: dump, restore and the change of folders are real."""
    package = installed_package()
    assert package is not None
    older = Package(site=package.site, name=package.name, version="17.1")
    old = server(folder, older)
    chronicle = await open_chronicle(clock=SystemClock(), database_url=old.start().conninfo)
    investigation = await chronicle.create("from before")
    await chronicle.append(investigation, None, many("old", 30))
    await chronicle.close()
    assert old.status().major == 17
    assert server(folder).attach() is None  # running, and to be upgraded

    chronicle = await open_chronicle(clock=SystemClock(), data_dir=folder, server_user=server_user())
    assert server(folder).status().major == 18
    await chronicle.append(investigation, None, [new("new")])
    assert await chronicle.verify(investigation) == 31
    await chronicle.close()
    assert (folder / "pg" / "17" / "data" / "PG_VERSION").exists()
    assert not list((folder / "pg").rglob("upgrade.dump"))
    server(folder).stop()
    assert server(folder, older).start() == server(folder).attach()  # an older COMPASS runs the newer server
