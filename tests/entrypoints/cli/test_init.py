"""`compass init` through the real command line: asked on a terminal or told by options, checked by real reads."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import tomllib
from pathlib import Path

import pytest

from compass.entrypoints.looking import known_types
from tests.support.cli import Cli, Done, plain
from tests.support.conversation import converse
from tests.support.loopback import Answer, Asked, loopback
from tests.support.prometheus import needs_prometheus

CANARY = "canary-3d51aa90"
DEAD = "http://127.0.0.1:9"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def bare(home: Path) -> Cli:
    """No database: setting up needs none. No settings of this machine either."""
    outside = {"HOME": str(home), "GRAFANA_TOKEN": ""}
    return Cli(environment=outside, url="postgresql://nobody@127.0.0.1:1/nothing")


def init(cli: Cli, home: Path, *arguments: str, **environment: str) -> Done:
    return cli("init", *arguments, cwd=home, **environment)


def written(home: Path) -> Path:
    return home / ".config" / "compass" / "compass.toml"


def sources(path: Path) -> dict[str, dict[str, object]]:
    found = tomllib.loads(path.read_text())["sources"]
    assert isinstance(found, dict)
    return found


@needs_prometheus()
def test_told_by_options_it_reads_and_writes_for_its_owner_alone(bare: Cli, home: Path, server: str) -> None:
    page = f"{server}/graph?g0.expr=up"
    done = init(bare, home, "--metrics", page, "--token-env", "TOK", "--tenant", 'te"am', "--yes", TOK=CANARY)
    assert done.code == 0
    assert sources(written(home)) == {
        "metrics": {"type": "mimir", "url": server, "token": "env:TOK", "tenant": 'te"am'}
    }
    assert stat.S_IMODE(written(home).stat().st_mode) == 0o600
    assert f"written: {written(home)}\n" in done.out
    assert "metrics" in done.out
    assert "next: compass doctor" in done.out
    assert CANARY not in done.said + written(home).read_text()
    assert os.listdir(written(home).parent) == ["compass.toml"], "nothing temporary is left"
    checked = bare("doctor", "--json", cwd=home, TOK=CANARY)
    report = checked.json()
    assert isinstance(report, dict)
    assert {row["state"] for row in report["checks"] if row["source"] == "metrics"} == {"ok"}


@needs_prometheus()
def test_what_is_there_is_replaced_only_when_told_and_kept_beside(bare: Cli, home: Path, server: str) -> None:
    target = home / "mine.toml"
    target.write_text("# mine\n")
    told = ("--metrics", server, "--yes", "--output", str(target))
    refused = init(bare, home, *told)
    assert refused.code == 2
    assert "--force replaces it" in refused.err
    assert target.read_text() == "# mine\n"
    done = init(bare, home, *told, "--force")
    assert done.code == 0
    assert sources(target)["metrics"]["url"] == server
    assert (home / "mine.toml.old").read_text() == "# mine\n"
    assert f"COMPASS_CONFIG={target}" in done.out, "it is not where it would be looked for"
    assert "COMPASS_CONFIG=" not in init(bare, home, *told, "--force", COMPASS_CONFIG=str(target)).out


def test_what_cannot_be_read_is_not_written_unless_kept(bare: Cli, home: Path) -> None:
    done = init(bare, home, "--metrics", DEAD, "--yes")
    assert done.code == 1
    assert "cannot be reached" in done.out
    assert "is the address right" in done.out
    assert "nothing was written" in done.out
    assert not written(home).exists()
    wrong = init(bare, home, "--metrics", DEAD, "--token-env", "NOT_THERE", "--yes")
    assert wrong.code == 2
    assert "export NOT_THERE=..." in wrong.out
    kept = init(bare, home, "--metrics", DEAD, "--token-env", "NOT_THERE", "--yes", "--keep")
    assert kept.code == 0
    assert "metrics was kept although it could not be read" in kept.out
    assert sources(written(home))["metrics"]["token"] == "env:NOT_THERE"


INCOMPLETE = {
    "no server": ((), ("--grafana URL", "--metrics", "--kubernetes")),
    "no server, nothing asked": (("--yes",), ("--grafana URL",)),
    "no address": (("--metrics", "localhost:9090"), ("--metrics", "this is no address")),
    "a password in the address": (("--metrics", f"https://me:{CANARY}@host"), ("--metrics", "a user or a password")),
    "two tokens": (("--metrics", DEAD, "--token-env", "A", "--token-file", "b"), ("in one place",)),
    "a token for a variable": (("--metrics", DEAD, "--token-env", f"{CANARY}!"), ("this names no secret",)),
    "a folder": (("--metrics", DEAD, "--output", "."), ("this is a folder",)),
}


@pytest.mark.parametrize("case", INCOMPLETE)
def test_without_a_terminal_what_is_missing_is_said_and_nothing_is_written(bare: Cli, home: Path, case: str) -> None:
    arguments, words = INCOMPLETE[case]
    done = init(bare, home, *arguments)
    assert done.code == 2
    for word in words:
        assert word in done.err
    assert CANARY not in done.said
    assert not (home / ".config").exists()


def test_a_cluster_without_a_kubeconfig_is_told(bare: Cli, home: Path) -> None:
    done = init(bare, home, "--kubernetes", "--yes")
    assert done.code == 2
    assert "there is no kubeconfig" in done.out


async def test_a_server_that_echoes_the_secret_tells_nobody(bare: Cli, home: Path) -> None:
    def echo(asked: Asked) -> Answer:
        return Answer(status=403, body=json.dumps({"error": str(asked.headers)}).encode())

    (home / "secret").write_text(f"{CANARY}\n")
    async with loopback(echo) as server:
        told = ("--metrics", server.url, "--token-file", "secret", "--yes", "--keep")
        done = await asyncio.to_thread(init, bare, home, *told)
        assert server.asked[0].headers["authorization"] == f"Bearer {CANARY}"
    assert done.code == 0
    assert "403" in done.out
    assert CANARY not in done.said + written(home).read_text()
    assert sources(written(home))["metrics"]["token"] == f"file:{home / 'secret'}", "found from anywhere"


ADDRESS, LOKI, TOKEN, TENANT = "Mimir: address", "Loki: address", "Its token", "Its tenant"


@needs_prometheus()
def test_asked_on_a_terminal_a_failure_is_shown_and_asked_again(
    bare: Cli, home: Path, server: str, tmp_path: Path
) -> None:
    target = tmp_path / "asked.toml"
    target.write_text("# earlier\n")
    done = converse(
        bare, "init", "--output", target, TOK=CANARY,
        answers=[
            ("Replace its servers?", "y"),
            *([("Grafana: address", "")] if _has("grafana") else []),
            (ADDRESS, "nonsense"),
            (ADDRESS, DEAD),
            (TOKEN, f"{CANARY}-typed-by-mistake"),
            (TOKEN, "TOK"),
            (TENANT, ""),
            ("Again, skip it, or keep", ""),
            (f"[{DEAD}]", server),
            ("[env TOK]", ""),
            (TENANT, ""),
            (LOKI, DEAD),
            ("[env TOK]", "-"),
            (TENANT, ""),
            ("Again, skip it, or keep", "s"),
            *([("Tempo: address", "")] if _has("tempo") else []),
        ],
    )  # fmt: skip
    out = plain(done.out)
    assert done.code == 0, out
    assert "cannot be reached" in out
    assert "this names no secret, and was not kept" in " ".join(out.split())
    assert "Kubernetes is left out: there is no kubeconfig" in " ".join(out.split())
    assert sources(target) == {"metrics": {"type": "mimir", "url": server, "token": "env:TOK"}}
    assert target.with_name("asked.toml.old").read_text() == "# earlier\n"
    assert CANARY not in target.read_text()
    assert CANARY not in out.replace(f"{CANARY}-typed-by-mistake", "", 1), "the terminal echoes what is typed, once"


def test_who_stops_leaves_nothing(bare: Cli, home: Path) -> None:
    first = "Grafana: address" if _has("grafana") else ADDRESS
    done = converse(bare, "init", answers=[(first, "\x04")])
    assert done.code == 130
    assert "nothing was written" in done.out
    assert not (home / ".config").exists()


def _has(kind: str) -> bool:
    return kind in known_types()
