"""What several folders of tests share: one PostgreSQL for the command line, recordings written once a session."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
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


MUST_BE_THERE = ("needs Debian package", "needs requirements/")


def _is_missing(report: pytest.TestReport | pytest.CollectReport) -> bool:
    """Whether something was skipped for a package that CI is expected to have."""
    wanted = os.environ.get("CI") == "true" and report.outcome == "skipped"
    return wanted and any(reason in str(report.longrepr) for reason in MUST_BE_THERE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skip for a missing package is a failure: nothing may look tested that was not."""
    report = yield
    if _is_missing(report):
        report.outcome = "failed"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for whole files."""
    report = yield
    if _is_missing(report):
        report.outcome = "failed"
    return report
