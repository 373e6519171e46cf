"""The true default: no URL, an embedded server that starts on demand and stays between commands.

Every command starts an interpreter of its own here, as a person's do.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from compass.storage.embedded import EmbeddedServer
from tests.storage.support import folder_outside_homes, server_user
from tests.support.cli import Cli

pytestmark = pytest.mark.xdist_group("cli")


@pytest.fixture
def own() -> Iterator[Cli]:
    """As root the server needs a user: data that belongs to one already is kept by that one."""
    with folder_outside_homes() as folder:
        server = EmbeddedServer(folder / "data", server_user=server_user())
        if server_user() is not None:
            server.start()
            server.stop()
        made = Cli(environment={}, data_dir=folder / "data", fresh=True)
        yield made
        made.close()
        server.stop()


@contextmanager
def nobody_may_start_it(cli: Cli) -> Iterator[None]:
    """Hold the lock that whoever starts the server takes first: a command that needs it waits until the test fails."""
    assert cli.data_dir is not None
    with (cli.data_dir / "pg" / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def test_the_server_starts_on_demand_stays_and_is_stopped_by_name(own: Cli, recordings: Path) -> None:
    status = own("database").out
    assert "not running; the next command starts it" in status or "no database yet" in status
    first = own("investigate", "--recording", recordings / "quiet")
    assert first.code == 0

    running = own("database", "status").out
    assert "running (process " in running
    assert str(own.data_dir) in running
    with nobody_may_start_it(own):
        assert "Is anything wrong?" in own("list").out, "attaching to a server that runs takes no start"
    assert own("database", "status").out == running, "it is the same server"

    assert own("database", "stop").out.strip() == "stopped"
    assert "not running; the next command starts it" in own("database").out
    assert own("database", "stop").out.strip() == "it was not running"
    assert "Is anything wrong?  #1" in own("show").out, "the chronicle outlives the server"


def test_the_server_of_a_url_is_left_alone(own: Cli) -> None:
    url = {"COMPASS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    assert "COMPASS_DATABASE_URL" in own("database", **url).out
    assert "not COMPASS's to stop" in own("database", "stop", **url).out
