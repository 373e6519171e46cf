"""The client against a server that misbehaves: what the person is told, and what is not done."""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compass.entrypoints.clock import SystemClock
from compass.ports.clock import Deadline
from compass.ports.errors import ConfigurationError, SourceError, SourceRefusedError, SourceUnavailableError
from compass.redaction.secret import Secret
from compass.sources.http.allowed import Endpoint
from compass.sources.http.client import Client
from compass.sources.http.ledger import Answered, Ledger
from compass.sources.http.settings import Caps, Server, Tls
from tests.sources.http.misbehaving import TOKEN, Misbehaving, misbehaving

ANY = Endpoint(path="/api/{}")
FORM = Endpoint(path="/form/{}", method="POST")
CAPS = Caps(answer_bytes=1_000_000, timeout_s=2.0, most_wait_s=0.5)
PATIENT = Deadline()


def soon(seconds: float) -> Deadline:
    return Deadline(at_s=SystemClock().monotonic_s() + seconds)


@asynccontextmanager
async def asking(server: Misbehaving, **changes: Any) -> AsyncIterator[tuple[Client, Ledger]]:
    about = replace(Server(name="mimir", url=server.url, caps=CAPS, token=Secret(TOKEN)), **changes)
    ledger = Ledger()
    client = Client(about, [ANY, FORM], clock=SystemClock(), ledger=ledger)
    try:
        yield client, ledger
    finally:
        await client.aclose()


@pytest.fixture
async def server() -> AsyncIterator[Misbehaving]:
    async with misbehaving() as made:
        yield made


async def told(server: Misbehaving, what: str, **changes: Any) -> SourceError:
    """The error, which never holds the token, nor does the ledger."""
    async with asking(server, **changes) as (client, ledger):
        with pytest.raises(SourceError) as caught:
            (await client.ask(ANY, what, deadline=PATIENT)).json(dict[str, str | list[int]])
        assert TOKEN not in f"{caught.value!s} {caught.value!r} {caught.value.args} {ledger}"
        return caught.value


PERMANENT, MAY_PASS = SourceRefusedError, SourceUnavailableError


@pytest.mark.parametrize(
    ("what", "kind", "says", "asked"),
    [
        ("400", PERMANENT, r"rejects the query \(400\): as asked", 1),
        ("401", PERMANENT, r"does not accept the credentials \(401\).*token may have expired", 1),
        ("403", PERMANENT, r"does not allow this \(403\).*permission", 1),
        ("404", PERMANENT, r"does not know this \(404\).*right tenant", 1),
        ("422", PERMANENT, r"will not run the query \(422\)", 1),
        ("500", MAY_PASS, r"fails \(500\).*problem of its own", 3),
        ("502", MAY_PASS, r"fails \(502\)", 3),
        ("limited-long", MAY_PASS, r"is asked too much \(429\): slow down", 1),
        ("cut", MAY_PASS, r"broke off in the middle", 3),
        ("no-http", MAY_PASS, r"did not speak HTTP", 3),
        ("away", PERMANENT, r"sends us on to http://elsewhere.example/steal \(302\), which is not followed", 1),
        ("page", PERMANENT, r"answered with text/html.*a web page.*login page", 1),
        ("other-json", PERMANENT, r"not what its API describes", 1),
        ("huge", PERMANENT, r"larger than 1 MB.*shorter window", 1),
        ("bomb", PERMANENT, r"larger than 1 MB", 1),
    ],
)
async def test_each_failure_says_what_where_and_what_to_do(
    server: Misbehaving, what: str, kind: type[SourceError], says: str, asked: int
) -> None:
    error = await told(server, what)
    assert type(error) is kind
    assert re.search(says, str(error)), str(error)
    assert error.where == "mimir"
    assert error.hint
    assert server.counts[f"/api/{what}"] == asked


async def test_what_passes_is_tried_again(server: Misbehaving) -> None:
    async with asking(server) as (client, ledger):
        for what in ("limited", "recovers"):
            reply = await client.ask(ANY, what, deadline=PATIENT)
            assert reply.json(dict[str, str | list[int]])["status"] == "success"
        assert [(s.status, s.answered) for s in ledger.sent] == [
            (429, Answered.NOT), (200, Answered.SERVER),
            (503, Answered.NOT), (503, Answered.NOT), (200, Answered.SERVER),
        ]  # fmt: skip


async def test_a_server_that_hangs_costs_its_time_and_no_more(server: Misbehaving) -> None:
    clock = SystemClock()
    began = clock.monotonic_s()
    error = await told(server, "hangs", caps=replace(CAPS, timeout_s=0.1, attempts=2))
    assert re.search(r"did not answer within 0.1 s", str(error))
    async with asking(server, caps=replace(CAPS, timeout_s=60.0)) as (client, _):
        with pytest.raises(SourceUnavailableError, match="did not answer"):
            await client.ask(ANY, "hangs", deadline=soon(0.2))
    assert clock.monotonic_s() - began < 60.0


async def test_nothing_is_asked_when_no_time_is_left(server: Misbehaving) -> None:
    async with asking(server) as (client, _):
        with pytest.raises(SourceUnavailableError):
            await client.ask(ANY, "fine", deadline=soon(-1))
    assert not server.asked


async def test_waiting_for_room_ends_with_the_deadline(server: Misbehaving) -> None:
    async with asking(server, caps=replace(CAPS, concurrency=1)) as (client, _):
        first = asyncio.ensure_future(client.ask(ANY, "hangs", deadline=PATIENT))
        await asyncio.sleep(0.05)
        with pytest.raises(SourceUnavailableError, match="other questions"):
            await client.ask(ANY, "fine", deadline=soon(0.1))
        server.let_go.set()
        await first


async def test_a_question_is_sent_once_however_many_ask_it(server: Misbehaving) -> None:
    async with asking(server) as (client, ledger):
        ask = [client.ask(ANY, "slow", deadline=PATIENT, params=[("q", "up")]) for _ in range(5)]
        replies = await asyncio.gather(*ask)
        assert {r.body for r in replies} == {replies[0].body}
        await client.ask(ANY, "slow", deadline=PATIENT, params=[("q", "up")])
        assert server.counts == {"/api/slow": 1}
        await client.ask(ANY, "slow", deadline=PATIENT, params=[("q", "down")])
        assert server.counts == {"/api/slow": 2}
        assert (ledger.requests, len(ledger.sent)) == (2, 7)
        assert ledger.size == 2 * len(replies[0].body)


async def test_a_failure_is_not_kept(server: Misbehaving) -> None:
    async with asking(server, caps=replace(CAPS, attempts=1)) as (client, _):
        for _ in range(2):
            with pytest.raises(SourceUnavailableError):
                await client.ask(ANY, "recovers", deadline=PATIENT)
        assert (await client.ask(ANY, "recovers", deadline=PATIENT)).body


async def test_one_who_stops_waiting_does_not_stop_the_others(server: Misbehaving) -> None:
    async with asking(server) as (client, _):
        first = asyncio.ensure_future(client.ask(ANY, "slow", deadline=PATIENT))
        second = asyncio.ensure_future(client.ask(ANY, "slow", deadline=PATIENT))
        await asyncio.sleep(0.01)
        first.cancel()
        assert (await second).body
        assert server.counts == {"/api/slow": 1}


async def test_no_more_are_under_way_than_allowed(server: Misbehaving) -> None:
    async with asking(server, caps=replace(CAPS, concurrency=2)) as (client, _):
        await asyncio.gather(*(client.ask(ANY, "slow", deadline=PATIENT, params=[("n", str(n))]) for n in range(8)))
    assert server.most_under_way == 2


async def test_what_is_sent_is_who_asks_and_what(server: Misbehaving) -> None:
    async with asking(server, headers={"X-Scope-OrgID": "team-a"}) as (client, _):
        await client.ask(ANY, "a/b?c", deadline=PATIENT, params=[("match[]", "up"), ("match[]", "down")])
        await client.ask(FORM, "query", deadline=PATIENT, params=[("query", "sum(up)"), ("m", "1"), ("m", "2")])
    get, post = server.asked
    assert get.startswith("GET /api/a%2Fb%3Fc?match%5B%5D=up&match%5B%5D=down HTTP/1.1")
    assert f"authorization: bearer {TOKEN}" in get.lower()
    assert "x-scope-orgid: team-a" in get.lower()
    assert post.startswith("POST /form/query HTTP/1.1")
    assert post.endswith("query=sum%28up%29&m=1&m=2")


async def test_basic_authentication(server: Misbehaving) -> None:
    async with asking(server, token=None, user="compass", password=Secret("hunter-22")) as (client, _):
        await client.ask(ANY, "fine", deadline=PATIENT)
    assert "authorization: basic y29tcgfzczpodw50zxitmji=" in server.asked[0].lower()


async def test_an_unlisted_question_is_never_sent(server: Misbehaving) -> None:
    async with asking(server) as (client, ledger):
        with pytest.raises(SourceRefusedError, match="it only reads"):
            await client.ask(Endpoint(path="/api/{}", method="DELETE"), "series", deadline=PATIENT)
    assert not server.asked
    assert [s.answered for s in ledger.sent] == [Answered.NOT]


async def test_nobody_there(server: Misbehaving) -> None:
    async with misbehaving() as gone:
        url = gone.url
    error = await told(server, "fine", url=url)
    assert "cannot be reached" in str(error)
    assert isinstance(error, SourceUnavailableError)


def certificate(folder: Path) -> tuple[Path, Path]:
    key, made = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", made, "-days", "1",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, key


async def test_certificates_are_verified_against_the_authorities_given(tmp_path: Path) -> None:
    made, key = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    async with misbehaving(context) as server:
        url = server.url.replace("http:", "https:")
        error = await told(server, "fine", url=url, caps=replace(CAPS, attempts=1))
        assert re.search("certificate is not accepted: self.signed.*set authority", str(error)), str(error)
        async with asking(server, url=url, tls=Tls(authority=made)) as (client, _):
            assert (await client.ask(ANY, "fine", deadline=PATIENT)).body


def test_unusable_settings_are_told(tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("nothing")
    with pytest.raises(ConfigurationError, match=r"ca.pem: cannot be used for TLS"):
        Tls(authority=broken).context()
    with pytest.raises(ConfigurationError, match="is no address"):
        Server(name="loki", url="loki:3100")
    with pytest.raises(ConfigurationError, match="a token and a password"):
        Server(name="loki", url="http://loki", token=Secret("a"), password=Secret("b"))


def test_the_system_is_asked_whom_it_trusts_only_where_something_is_encrypted() -> None:
    known = ssl.create_default_context().cert_store_stats()
    for url, trusted in (("https://loki", known), ("http://loki", dict.fromkeys(known, 0))):
        trust = Server(name="loki", url=url).trust()
        assert trust.cert_store_stats() == trusted
        assert trust.check_hostname
        assert trust.verify_mode is ssl.CERT_REQUIRED


async def test_a_secret_in_a_header_or_in_an_answer_that_is_none_is_not_repeated(server: Misbehaving) -> None:
    """A proxy's page may repeat what it was sent."""
    key = "key-canary-0123456789"
    error = await told(server, "echo", headers={"X-Key": key}, hidden=(Secret(key),))
    assert "not what its API describes" in error.what
    assert key not in f"{error!s} {error!r} {error.args}"


def test_an_address_with_a_password_is_refused_and_not_repeated() -> None:
    for url in ("https://me:hunter22@grafana.example", "me:hunter22@grafana.example"):
        with pytest.raises(ConfigurationError, match="holds a user or a password") as caught:
            Server(name="grafana", url=url)
        assert "hunter22" not in str(caught.value)
    assert Server(name="grafana", url="https://grafana.example/a@b").url


@pytest.mark.parametrize("value", ["two\nlines of a canary", "a canary in ümlauts", "a bell \x07 canary"])
def test_a_token_or_header_that_cannot_be_sent_is_refused_and_not_repeated(value: str) -> None:
    for about, said in (({"token": Secret(value)}, "its token is no"), ({"headers": {"X-Key": value}}, "X-Key is no")):
        with pytest.raises(ConfigurationError, match=said) as caught:
            Server(name="loki", url="http://loki", **about)
        assert "canary" not in str(caught.value)
