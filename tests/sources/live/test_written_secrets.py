"""A secret that stands in compass.toml itself is refused, for every source, and never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.entrypoints.clock import SystemClock
from compass.ports.errors import ConfigurationError
from compass.redaction import redact
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means, connect, connectors

CANARY = "canary-4be1c07f"
TOKEN = "glsa_" + CANARY.replace("-", "") + "0123456789abcdef"
NEEDED: dict[str, dict[str, object]] = {"github": {"repositories": ["acme/shop"]}, "mcp": {"tools": ["read"]}}
HAVE_ADDRESS = sorted(set(connectors()) - {"changes"})
WRITTEN = {
    "a user and a password": f"https://me:{CANARY}@host.example/api",
    "a user alone": f"https://{CANARY}@host.example",
    "no scheme": f"me:{CANARY}@host.example",
    "a query": f"https://host.example/api?token={CANARY}",
    "another name": f"https://host.example/?team=a&apiKey={CANARY}",
    "a short name": f"https://host.example?key={CANARY}",
    "a quoted name": f"https://host.example/?%74oken={CANARY}",
    "a fragment": f"https://host.example/#access_token={CANARY}",
    "after a query": f"https://host.example/?a=b#sig={CANARY}",
    "a path": f"https://host.example/{TOKEN}/mcp",
}


def refused(table: dict[str, object], environment: dict[str, str] | None = None) -> ConfigurationError:
    means = Means(clock=SystemClock(), ledger=Ledger(), secrets=Secrets(environment or {}, Path()))
    with pytest.raises(ConfigurationError) as caught:
        connect({"mine": table}, means)
    error = caught.value
    assert CANARY not in f"{error!s} {error!r} {error.__cause__} {error.args}"
    assert TOKEN not in f"{error!s} {error!r}"
    assert redact(error.what) == error.what, "the gate lets pass what to do"
    assert redact(error.hint) == error.hint
    return error


def accepted(table: dict[str, object]) -> None:
    connect({"mine": table}, Means(clock=SystemClock(), ledger=Ledger(), secrets=Secrets({"A": "b" * 20}, Path())))


@pytest.mark.parametrize("kind", HAVE_ADDRESS)
@pytest.mark.parametrize("how", WRITTEN)
def test_in_an_address(kind: str, how: str) -> None:
    error = refused({"type": kind, "url": WRITTEN[how], **NEEDED.get(kind, {})})
    assert error.where == "compass.toml: sources.mine.url"
    assert "its address holds" in error.what
    assert all(word in error.hint for word in ("leave it out", "env:NAME", "file:PATH", "keyring:NAME"))


@pytest.mark.parametrize("kind", HAVE_ADDRESS)
def test_a_query_without_a_secret_is_for_mcp_alone(kind: str) -> None:
    table = {"type": kind, "url": "https://host.example/mcp?toolset=read", **NEEDED.get(kind, {})}
    if kind == "mcp":
        accepted(table)
    else:
        assert "query" in refused(table).what
    for url in ("https://host.example/a@b", "https://host.example/tokens/key"):
        accepted({**table, "url": url})


@pytest.mark.parametrize("kind", HAVE_ADDRESS)
@pytest.mark.parametrize("option", ["authority", "certificate", "key"])
def test_pem_text_in_the_place_of_a_file(kind: str, option: str) -> None:
    pem = f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"
    url = "https://host.example"
    error = refused({"type": kind, "url": url, option: pem, **NEEDED.get(kind, {})})
    assert error.where == f"compass.toml: sources.mine.{option}"
    assert "relative to compass.toml" in error.hint


def test_files_are_found_beside_the_settings(tmp_path: Path) -> None:
    """Not beside whatever folder the command is started in."""
    (tmp_path / "ca.pem").write_text("this is no certificate")
    means = Means(clock=SystemClock(), ledger=Ledger(), secrets=Secrets({}, tmp_path))
    with pytest.raises(ConfigurationError) as caught:
        connect({"mine": {"type": "loki", "url": "https://host.example", "authority": "ca.pem"}}, means)
    assert str(tmp_path / "ca.pem") in str(caught.value)


@pytest.mark.parametrize("option", ["headers", "env"])
def test_a_value_that_looks_like_one_whatever_its_name(option: str) -> None:
    table: dict[str, object] = {
        "type": "mcp",
        "tools": ["read"],
        option: {"DATABASE": f"postgresql://me:{CANARY}@db/x"},
    }
    table |= {"url": "https://host.example"} if option == "headers" else {"command": ["x"]}
    error = refused(table)
    assert error.where == f"compass.toml: sources.mine.{option}.DATABASE"
    accepted({**table, option: {"DATABASE": "env:A", "GRAFANA_URL": "https://host.example"}})


@pytest.mark.parametrize("reference", [f"env:{TOKEN}", f"keyring:{TOKEN}", f"file:{TOKEN}", TOKEN])
def test_a_reference_that_is_the_secret_itself(reference: str) -> None:
    error = refused({"type": "mimir", "url": "https://host.example", "token": reference})
    assert "named here, not written" in error.what


COMMANDS = {
    "after its option": (["wiki", "--api-token", CANARY], 2),
    "after a short one": (["wiki", "-token", CANARY, "serve"], 2),
    "with its option": (["wiki", f"--wiki-password={CANARY}"], 1),
    "a header": (["npx", "mcp-remote", "https://x.example", "--header", f"Authorization: Bearer {CANARY}"], 4),
    "a variable of a container": (["docker", "run", "-e", f"API_KEY={CANARY}", "image"], 3),
    "in an address": (["wiki", f"postgresql://me:{CANARY}@db/wiki"], 1),
    "in a query": (["wiki", "--url", f"https://x.example/?token={CANARY}"], 2),
    "by its shape": (["wiki", TOKEN], 1),
    "a reference, which is not looked up there": (["wiki", "--token", "env:WIKI_TOKEN"], 2),
}


@pytest.mark.parametrize("how", COMMANDS)
def test_among_the_arguments_of_a_program(how: str) -> None:
    command, at = COMMANDS[how]
    error = refused({"type": "mcp", "command": command, "tools": ["read"]})
    assert error.where == f"compass.toml: sources.mine.command[{at}]"
    assert "everybody on this machine can see" in error.what
    assert all(word in error.hint for word in ("env = {", "env:NAME", "file:PATH", "keyring:NAME"))


@pytest.mark.parametrize(
    "command",
    [
        ["wiki", "--stdio", "--token-file", "token.txt"],
        ["docker", "run", "-e", "API_TOKEN", "image"],
        ["npx", "mcp-remote", "https://x.example", "--header", "Authorization: Bearer ${TOKEN}"],
        ["sh", "-c", "exec wiki --token $WIKI_TOKEN"],
        ["wiki", "postgresql://wiki:${WIKI_PASSWORD}@db/wiki", "--token", "$WIKI_TOKEN"],
        ["wiki", "--require-token", "--port", "80"],
        ["wiki", "--use-password=false", "--private-key", "/etc/wiki/key.pem", "--cookie", "./jar"],
        ["wiki", "--owner", "somebody@team.example", "token"],
    ],
)
def test_a_command_without_one_is_taken(command: list[str]) -> None:
    accepted({"type": "mcp", "command": command, "tools": ["read"]})
