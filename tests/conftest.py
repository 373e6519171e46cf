"""What several folders of tests share: one PostgreSQL for the command line, recordings written once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from compass.storage.embedded import EmbeddedServer
from tests.storage.support import folder_outside_homes, server_user
from tests.support import incidents
from tests.support.cli import Cli


@pytest.fixture(scope="session")
def cli_database() -> Iterator[str]:
    """The URL of a server that is started once and given to commands as a team's own PostgreSQL would be."""
    with folder_outside_homes() as folder:
        server = EmbeddedServer(folder / "data", server_user=server_user())
        yield server.start().conninfo
        server.stop()


@pytest.fixture
def cli(cli_database: str) -> Iterator[Cli]:
    """Commands of a team that nobody else has."""
    made = Cli(environment={}, team=f"team-{uuid4()}", url=cli_database)
    yield made
    made.close()


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one recording for each way an investigation can end."""
    folder = tmp_path_factory.mktemp("recordings")
    incidents.pool_incident(folder / "pool")
    incidents.pool_incident(folder / "hostile", hostile=True)
    incidents.quiet_day(folder / "quiet")
    incidents.nothing_connected(folder / "nothing")
    incidents.unexplained(folder / "unexplained")
    incidents.busier_but_far_from_its_limit(folder / "busier")
    incidents.corrupt(incidents.pool_incident(folder / "damaged"), "logs/lines.parquet")
    return folder
