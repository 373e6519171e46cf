"""A token in a keyring and a client certificate with its key, through every command: they reach the server, and nothing
else. A real Prometheus behind real TLS that wants the certificate; the real keyring library."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from compass.domain.time import to_datetime
from compass.sources.recording import RecordingSource
from tests.support.authority import Authority, Papers, serving
from tests.support.cli import Cli, Done
from tests.support.keyring_home import KeyringHome
from tests.support.loopback import Answer, Asked, loopback
from tests.support.prometheus import needs_prometheus, prometheus
from tests.support.tls_front import Front, tls_front

pytestmark = [pytest.mark.xdist_group("cli"), needs_prometheus()]
LAB = Path(__file__).parents[2] / "data" / "lab" / "lab-021"
CANARY = "canary-51d2f0a8"


@dataclass(frozen=True, slots=True)
class Secured:
    """`secrets`: the token, and every line of the key."""

    cli: Cli
    front: Front
    ring: KeyringHome
    papers: Papers
    strangers: Authority

    @property
    def secrets(self) -> tuple[str, ...]:
        lines = self.papers.key.read_text().splitlines()
        return (CANARY, *(line for line in lines if "-----" not in line))

    def settings(self, **changes: str) -> None:
        options = {
            "type": "mimir", "url": self.front.url, "token": "keyring:metrics", "authority": "ca.pem",
            "certificate": str(self.papers.certificate), "key": str(self.papers.key),
        } | changes  # fmt: skip
        text = "".join(f'{name} = "{value}"\n' for name, value in options.items() if value)
        (self.ring.home / "compass.toml").write_text(f"[sources.metrics]\n{text}")

    def run(self, *arguments: str | Path) -> Done:
        # Python's own debug modes say more than a person ever asks for.
        return self.cli(*arguments, cwd=self.ring.home, PYTHONASYNCIODEBUG="1", PYTHONDEVMODE="1")

    def read(self, *arguments: str) -> Done:
        """A command that goes to the database alone: it holds no secret that a debug mode could tell."""
        return self.cli(*arguments, cwd=self.ring.home)

    def clean(self, *texts: str) -> None:
        everything = "\n".join(texts)
        assert not [secret for secret in self.secrets if secret in everything]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(tmp_path_factory.mktemp("prometheus") / "server", LAB) as url:
        yield url


@pytest.fixture
def secured(cli: Cli, server: str, tmp_path: Path) -> Iterator[Secured]:
    ring, ours = KeyringHome(tmp_path / "home"), Authority(tmp_path / "home")
    ring.choose()
    ring.keep("metrics", CANARY)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    cli.environment = {**ring.environment, "TMPDIR": str(temporary)}
    with tls_front(serving(ours.issue("server"), ours.pem), server) as front:
        made = Secured(cli, front, ring, ours.issue("compass-reader"), Authority(tmp_path / "strangers", "strangers"))
        made.settings()
        yield made
    assert not list(temporary.rglob("*.pem")), "no copy of a key is left"


def test_they_reach_the_server_and_nothing_else(secured: Secured, tmp_path: Path) -> None:
    incident = RecordingSource.open(LAB).incident()
    times = (incident.window.start_ns, incident.window.end_ns, incident.detected_ns)
    start, end, at = (to_datetime(ns).isoformat() for ns in times)
    done = [secured.run("doctor"), secured.run("doctor", "--json")]
    assert "metrics      metrics    ok" in done[0].out, done[0].said
    done.append(secured.run("investigate", "--from", start, "--to", end, "--at", at))
    assert done[-1].code in (0, 3), done[-1].said
    done.append(secured.run("record", "-o", tmp_path / "kept"))
    assert done[-1].code == 0, done[-1].said
    done += [secured.run("recheck"), secured.run("signals")]
    done += [
        secured.read(*words.split())
        for words in ("show --queries", "show --json", "postmortem", "timeline --json", "list")
    ]
    assert set(secured.front.clients) == {"compass-reader"}
    sent = [head for head in secured.front.heads if "HTTP/1.1" in head]
    assert sent
    assert all(f"authorization: Bearer {CANARY}".lower() in head.lower() for head in sent)
    kept = [path.read_text(errors="replace") for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert len(kept) > 2
    secured.clean(*(one.said for one in done), *map(repr, secured.cli.events()), *kept)


REFUSED = {
    "an unknown authority": ({"authority": "STRANGERS"}, "its certificate is not accepted", 1),
    "the key as the authority": ({"authority": "KEY"}, "cannot be used for TLS", 2),
    "the key as the token": ({"token": "file:KEY"}, "its token is no single line of text", 2),
    "the key as the name of a secret": ({"token": "keyring:PEM"}, "named here, not written", 2),
}


@pytest.mark.long
@pytest.mark.parametrize("how", REFUSED)
def test_what_goes_wrong_does_not_show_them(secured: Secured, how: str) -> None:
    changes, said, code = REFUSED[how]
    places = {"STRANGERS": str(secured.strangers.pem), "KEY": str(secured.papers.key)}
    pem = secured.papers.key.read_text().strip().replace("\n", "\\n")
    for place, path in (*places.items(), ("PEM", pem)):
        changes = {name: value.replace(place, path) for name, value in changes.items()}
    secured.settings(**changes)
    done = [secured.run("doctor"), secured.run("investigate", "checkout", "--since", "30m")]
    assert done[0].code == code, done[0].said
    assert all(said in " ".join(one.said.split()) for one in done), done
    events = secured.cli.events() if secured.cli.list() else ()
    secured.clean(*(one.said for one in done), *map(repr, events))


@pytest.mark.long
async def test_a_server_that_echoes_what_it_was_sent(secured: Secured) -> None:
    def echo(asked: Asked) -> Answer:
        return Answer(status=401, body=f'{{"error": "{asked.headers["authorization"]}"}}'.encode())

    async with loopback(echo) as server:
        secured.settings(url=server.url)
        done = [
            await asyncio.to_thread(secured.run, *words.split())
            for words in ("doctor", "investigate checkout --since 30m", "show --queries", "show --json", "postmortem")
        ]
        assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {CANARY}"}
    assert "401" in done[0].out
    secured.clean(*(one.said for one in done), *map(repr, await asyncio.to_thread(secured.cli.events)))
