"""`compass signals` through the real command line: on a recording, and on a real Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from compass.domain.time import NS_PER_S
from compass.sources.recording import RecordingSource
from tests.support.cli import Cli, check_golden, on_terminal, plain
from tests.support.prometheus import needs_prometheus, prometheus

LAB = Path(__file__).parents[2] / "data" / "lab" / "lab-002"


@pytest.fixture
def bare(tmp_path: Path) -> Cli:
    """No database: looking at signals needs none."""
    return Cli(environment={"HOME": str(tmp_path)}, url="postgresql://nobody@127.0.0.1:1/nothing")


def kinds(report: object) -> dict[tuple[str, str, str], dict[str, object]]:
    assert isinstance(report, dict)
    return {(row["kind"], row["name"], row["calls"]): row for row in report["signals"]["understood"]}


@pytest.mark.parametrize("service", ["orders", "orders-db"])
def test_the_summary_fits_a_terminal_of_24_by_80(bare: Cli, service: str) -> None:
    done = on_terminal(bare, "signals", service, "--recording", LAB)
    lines = plain(done.out).splitlines()
    assert done.code == 0
    assert len(lines) <= 23
    assert max(map(len, lines)) <= 80
    check_golden(f"signals-{service}-24x80.txt", plain(done.out))


def test_a_pipe_names_everything(bare: Cli) -> None:
    done = bare("signals", "orders", "--recording", LAB)
    assert done.code == 0
    assert "…" not in done.out
    check_golden("signals-pipe.txt", done.out)
    # The same, read by a person: --all on a terminal.
    drawn = plain(on_terminal(bare, "signals", "orders", "--recording", LAB, "--all").out)
    assert {line.rstrip() for line in drawn.splitlines()} == {line.rstrip() for line in done.out.splitlines()}


def test_an_unknown_service_gets_the_nearest_names(bare: Cli) -> None:
    done = bare("signals", "odrers", "--recording", LAB)
    assert done.code == 2
    assert "no service is called 'odrers'" in done.err
    assert "did you mean orders" in done.err
    assert done.out == ""


def test_a_shorter_window_holds_fewer_samples(bare: Cli) -> None:
    whole = kinds(bare("signals", "orders", "-r", LAB, "--json").json())
    short = kinds(bare("signals", "orders", "-r", LAB, "--json", "--since", "30s").json())
    key = ("pool_used", "db_client_connection_count", "")
    assert 0 < int(str(short[key]["samples"])) < int(str(whole[key]["samples"]))
    assert bare("signals", "orders", "-r", LAB, "--since", "2036-01-01T00:00Z").code == 2


def test_without_servers_it_says_how_to_get_some(bare: Cli, tmp_path: Path) -> None:
    done = bare("signals", "orders", cwd=tmp_path)
    assert done.code == 2
    assert "no server is connected" in done.err
    assert "compass init" in done.err


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The recording's metrics as if they ended a few seconds ago."""
    end_s = RecordingSource.open(LAB).incident().window.end_ns // NS_PER_S
    with prometheus(tmp_path_factory.mktemp("prometheus") / "server", LAB, int(time.time()) - end_s - 5) as url:
        yield url


@needs_prometheus()
def test_live_servers_are_understood_as_the_recording_is(bare: Cli, server: str, tmp_path: Path) -> None:
    settings = tmp_path / "compass.toml"
    settings.write_text(f'[sources.metrics]\ntype = "mimir"\nurl = "{server}"\n')
    report = bare("signals", "orders", "--since", "10m", "--json", COMPASS_CONFIG=str(settings)).json()
    live, recorded = kinds(report), kinds(bare("signals", "orders", "-r", LAB, "--json").json())
    assert live.keys() == recorded.keys()
    for key, row in live.items():
        meaning = ("unit", "worse", "how", "temporality", "by", "peers")
        assert [row[name] for name in meaning] == [recorded[key][name] for name in meaning]
        assert int(str(row["samples"])) > 0
    assert isinstance(report, dict)
    assert report["origin"] == "metrics"
    assert any(note.startswith("no logs") for note in report["signals"]["missing"])
    unknown = bare("signals", "odrers", "--since", "10m", COMPASS_CONFIG=str(settings))
    assert unknown.code == 2
    assert "did you mean orders" in unknown.err


def test_a_source_that_is_lost_is_said_with_what_was_not_found(bare: Cli, tmp_path: Path) -> None:
    settings = tmp_path / "compass.toml"
    settings.write_text('[sources.metrics]\ntype = "mimir"\nurl = "http://127.0.0.1:9"\n')
    done = bare("signals", "orders", COMPASS_CONFIG=str(settings))
    assert done.code == 2
    assert "metrics cannot be reached" in done.err
