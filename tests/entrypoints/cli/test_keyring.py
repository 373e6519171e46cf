"""Secrets in a keyring: the real library with its own settings, a real backend that keeps a file, the real commands."""

from __future__ import annotations

import asyncio
import json
import tomllib
from pathlib import Path

import pytest

from tests.support.cli import Cli, Done
from tests.support.keyring_home import KeyringHome
from tests.support.loopback import Answer, Asked, loopback
from tests.support.prometheus import needs_prometheus

CANARY = "canary-e0c95b1d"
DEAD = "http://127.0.0.1:9"


@pytest.fixture
def ring(tmp_path: Path) -> KeyringHome:
    made = KeyringHome(tmp_path / "home")
    made.home.mkdir()
    made.choose()
    return made


@pytest.fixture
def bare(ring: KeyringHome) -> Cli:
    """No database: what is checked here needs none. No settings of this machine either."""
    return Cli(environment=ring.environment, url="postgresql://nobody@127.0.0.1:1/nothing")


def settings(ring: KeyringHome) -> Path:
    return ring.home / ".config" / "compass" / "compass.toml"


def row(done: Done) -> dict[str, object]:
    report = done.json()
    assert isinstance(report, dict)
    return next(one for one in report["checks"] if one["source"] == "metrics")


@needs_prometheus()
def test_init_writes_its_name_and_doctor_reads_with_it(bare: Cli, ring: KeyringHome, server: str) -> None:
    ring.keep("metrics", CANARY)
    done = bare("init", "--metrics", server, "--token-keyring", "metrics", "--yes", cwd=ring.home)
    assert done.code == 0, done.said
    written = tomllib.loads(settings(ring).read_text())
    assert written["sources"] == {"metrics": {"type": "mimir", "url": server, "token": "keyring:metrics"}}
    checked = bare("doctor", "--json", cwd=ring.home)
    assert row(checked)["state"] == "ok"
    assert CANARY not in done.said + checked.said + settings(ring).read_text()
    assert CANARY in ring.file.read_text()


@pytest.mark.long
async def test_it_is_sent_and_a_server_that_echoes_it_tells_nobody(bare: Cli, ring: KeyringHome) -> None:
    def echo(asked: Asked) -> Answer:
        return Answer(status=403, body=json.dumps({"error": str(asked.headers)}).encode())

    await asyncio.to_thread(ring.keep, "metrics", CANARY)
    async with loopback(echo) as server:
        told = ("--metrics", server.url, "--token-keyring", "metrics", "--yes", "--keep")
        done = await asyncio.to_thread(bare, "init", *told, cwd=ring.home)
        checked = await asyncio.to_thread(bare, "doctor", cwd=ring.home)
        assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {CANARY}"}
    assert "403" in done.out
    assert "403" in checked.out
    assert CANARY not in done.said + checked.said + settings(ring).read_text()


@needs_prometheus()
def test_one_that_is_not_there_is_told_with_the_command_that_keeps_it(
    bare: Cli, ring: KeyringHome, server: str
) -> None:
    told = ("--metrics", server, "--token-keyring", "other", "--yes")
    ring.keep("metrics", CANARY)
    done = bare("init", *told, cwd=ring.home)
    assert done.code == 2
    assert "keyring:other holds nothing (metrics.token)" in done.out
    assert "→ keyring set compass other" in done.out
    assert not settings(ring).exists()
    ring.keep("other", CANARY)
    assert bare("init", *told, cwd=ring.home).code == 0
    assert row(bare("doctor", "--json", cwd=ring.home))["state"] == "ok"


BACKENDS = {
    "a locked one": ("filed.Filed", "the keyring cannot be read: the collection is locked"),
    "none for this machine": ("keyring.backends.fail.Keyring", "the keyring cannot be read: No recommended backend"),
    "one that is not installed": ("no_such_module.Backend", "the keyring cannot be read: No module named"),
    "one that is no class": ("filed.NotThere", "the keyring cannot be read: "),
    "one with a defect": ("filed.Filed", "the keyring cannot be read: ZeroDivisionError"),
}


@pytest.mark.parametrize("which", BACKENDS)
def test_a_keyring_that_cannot_be_read_is_told_of_as_a_setting(bare: Cli, ring: KeyringHome, which: str) -> None:
    backend, said = BACKENDS[which]
    ring.choose(backend)
    if which == "a locked one":
        ring.file.mkdir()
    elif which == "one with a defect":
        ring.file.write_text(f"{{'token': {CANARY}")
    settings(ring).parent.mkdir()
    settings(ring).write_text(f'[sources.metrics]\ntype = "mimir"\nurl = "{DEAD}"\ntoken = "keyring:metrics"\n')
    done = bare("doctor", cwd=ring.home)
    assert done.code == 2, done.said
    assert said in " ".join(done.out.split())
    assert "→ unlock it, or name the secret by env: or file:" in " ".join(done.out.split())
    begun = bare("investigate", "checkout", cwd=ring.home)
    assert begun.code == 2
    assert said in begun.err
    assert CANARY not in done.said + begun.said
