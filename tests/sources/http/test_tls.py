"""A real TLS server with an authority of its own: what works, and what the person is told where it does not."""

from __future__ import annotations

import datetime
import re
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from compass.entrypoints.clock import SystemClock
from compass.ports.clock import Deadline
from compass.ports.errors import ConfigurationError, SourceError, SourceRefusedError, SourceUnavailableError
from compass.redaction.secret import Secret
from compass.sources.http.allowed import Endpoint
from compass.sources.http.client import Client
from compass.sources.http.ledger import Answered, Ledger
from compass.sources.http.settings import Pem, Server, Tls
from tests.sources.mcp.asking import connected
from tests.support.authority import Authority, Papers, private, serving
from tests.support.prometheus import needs_prometheus, prometheus
from tests.support.tls_front import BODY, tls_front

WHAT = Endpoint(path="/api/{}")
LONG_AGO = -datetime.timedelta(days=3)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("strangers"), "strangers")


async def ask(url: str, tls: Tls, ledger: Ledger | None = None) -> bytes:
    client = Client(
        Server(name="metrics", url=url, tls=tls), [WHAT], clock=SystemClock(), ledger=ledger or Ledger()
    )  # fmt: skip
    try:
        return (await client.ask(WHAT, "up", deadline=Deadline())).body
    finally:
        await client.aclose()


async def refused(url: str, tls: Tls, kind: type[SourceError] = SourceRefusedError) -> str:
    """What is said; and it is asked once, as trying again cannot help, where that is so."""
    ledger = Ledger()
    with pytest.raises(kind) as caught:
        await ask(url, tls, ledger)
    if kind is SourceRefusedError:
        assert [one.answered for one in ledger.sent] == [Answered.NOT]
    return str(caught.value)


def with_papers(authority: Authority, papers: Papers) -> Tls:
    return Tls(authority=authority.pem, certificate=papers.certificate, key=papers.key)


async def test_a_client_certificate_of_the_right_authority(ours: Authority) -> None:
    papers = ours.issue("compass-reader")
    with tls_front(serving(ours.issue("server"), ours.pem)) as server:
        assert await ask(server.url, with_papers(ours, papers)) == BODY
        files = (papers.certificate, papers.key)
        certificate, key = (Pem(Secret(path.read_text())) for path in files)
        assert await ask(server.url, Tls(authority=ours.pem, certificate=certificate, key=key))
        assert await ask(server.url.replace("127.0.0.1", "localhost"), with_papers(ours, papers))
        assert server.clients == ["compass-reader"] * 3


async def test_no_client_certificate_where_one_is_wanted(ours: Authority) -> None:
    with tls_front(serving(ours.issue("server"), ours.pem)) as server:
        said = await refused(server.url, Tls(authority=ours.pem))
        assert not server.heads
    assert said == (
        "metrics: wants a certificate of ours, and none is set"
        ' (certificate = "PATH" and key = "PATH" in compass.toml, PEM files)'
    )


async def test_none_for_a_server_with_an_older_tls(ours: Authority) -> None:
    context = serving(ours.issue("server"), ours.pem)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with tls_front(context) as server:
        said = await refused(server.url, Tls(authority=ours.pem))
        assert await ask(server.url, with_papers(ours, ours.issue("compass-reader")))
    assert re.search("does it want a certificate of ours|wants a certificate of ours", said), said


@pytest.mark.parametrize(
    ("whose", "lasts", "why"),
    [("ours", LONG_AGO, "it has expired"), ("strangers", -LONG_AGO, "it does not know the authority that issued it")],
)
async def test_a_client_certificate_that_is_not_accepted(
    ours: Authority, strangers: Authority, whose: str, lasts: datetime.timedelta, why: str
) -> None:
    papers = {"ours": ours, "strangers": strangers}[whose].issue("compass-reader", lasts=lasts)
    with tls_front(serving(ours.issue("server"), ours.pem)) as server:
        said = await refused(server.url, with_papers(ours, papers))
        assert not server.heads
    assert said == (
        f"metrics: does not accept our certificate: {why}"
        " (another certificate (and its key) from whoever runs the server)"
    )


async def test_an_authority_that_is_not_known(ours: Authority, strangers: Authority) -> None:
    """Nor is anything of it known to the machine."""
    with tls_front(serving(ours.issue("server"))) as server:
        for tls in (Tls(), Tls(authority=strangers.pem)):
            said = await refused(server.url, tls)
            assert said == (
                "metrics: its certificate is not accepted: unable to get local issuer certificate"
                ' (for a CA of your own set authority = "ca.pem" in compass.toml; verification cannot be switched off)'
            )
        assert not server.heads
        assert await ask(server.url, Tls(authority=ours.pem))


async def test_a_server_whose_certificate_has_expired(ours: Authority) -> None:
    with tls_front(serving(ours.issue("server", lasts=LONG_AGO))) as server:
        said = await refused(server.url, Tls(authority=ours.pem))
    assert said == (
        "metrics: its certificate is not accepted: certificate has expired"
        " (its owner has to renew it; or is the clock of this machine wrong?)"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_server_whose_certificate_is_for_another_name(ours: Authority, host: str) -> None:
    with tls_front(serving(ours.issue("server", ["prometheus.example"]))) as server:
        said = await refused(server.url.replace("127.0.0.1", host), Tls(authority=ours.pem))
    assert f"certificate is not valid for '{host}'" in said
    assert said.endswith("(give the address with the name that the certificate is for)")


async def test_http_where_tls_is_spoken(ours: Authority) -> None:
    with tls_front(serving(ours.issue("server"))) as server:
        said = await refused(server.url.replace("https:", "http:"), Tls(), SourceUnavailableError)
    assert "does its address begin with https://?" in said


async def test_an_mcp_server_is_told_of_in_the_same_words(ours: Authority, strangers: Authority) -> None:
    for authority, clients, said in (
        (strangers, None, "its certificate is not accepted: unable to get local issuer certificate"),
        (ours, ours.pem, "wants a certificate of ours, and none is set"),
    ):  # fmt: skip
        with tls_front(serving(ours.issue("server"), clients)) as server:
            table = {"url": f"{server.url}/mcp", "authority": str(authority.pem), "tools": ["read"]}
            feed = connected(Ledger(), table, {})
            with pytest.raises(SourceRefusedError, match=said):
                await feed.tools(deadline=Deadline(at_s=SystemClock().monotonic_s() + 10))
            await feed.aclose()


def web_configuration(server: Papers, clients: Path) -> str:
    return (
        f"tls_server_config: {{cert_file: {server.certificate}, key_file: {server.key}, client_ca_file: {clients},"
        " client_auth_type: RequireAndVerifyClientCert}\n"
    )  # fmt: skip


@needs_prometheus()
async def test_a_real_prometheus_that_wants_a_certificate(
    ours: Authority, strangers: Authority, tmp_path: Path
) -> None:
    """Go's TLS says less than OpenSSL's: what is told is not wrong for that."""
    papers = ours.issue("compass-reader")
    old, others = ours.issue("old", lasts=LONG_AGO), strangers.issue("other")
    trusted = with_papers(ours, papers).context()
    web = web_configuration(ours.issue("server"), ours.pem)
    with prometheus(tmp_path / "prometheus", web=web, trusted=trusted) as url:
        said = {
            what: await told(url, tls)
            for what, tls in (
                ("right", with_papers(ours, papers)), ("none", Tls(authority=ours.pem)),
                ("expired", with_papers(ours, old)), ("other", with_papers(ours, others)),
                ("unknown", Tls(authority=strangers.pem)),
            )
        }  # fmt: skip
        plain = await told(url.replace("https:", "http:"), Tls())
    assert said["right"].endswith(" buildinfo")
    assert "wants a certificate of ours, and none is set" in said["none"]
    for what in ("expired", "other"):
        assert "does not accept our certificate: it has expired, is not of an authority that it knows" in said[what]
    assert "its certificate is not accepted: unable to get local issuer certificate" in said["unknown"]
    assert "Client sent an HTTP request to an HTTPS server" in plain
    with prometheus(tmp_path / "plain") as url:
        said_of_plain = await told(url.replace("http:", "https:"), Tls())
    assert said_of_plain == (
        "metrics: does not speak TLS there (does its address begin with http://, or is it another port?)"
    )


async def told(url: str, tls: Tls) -> str:
    """How many facts its build information has, or the error."""
    endpoint = Endpoint(path="/api/v1/status/buildinfo")
    client = Client(Server(name="metrics", url=url, tls=tls), [endpoint], clock=SystemClock(), ledger=Ledger())
    try:
        reply = await client.ask(endpoint, deadline=Deadline())
        return f"{len(reply.json(dict[str, str | dict[str, str]])['data'])} buildinfo"
    except SourceError as error:
        return str(error)
    finally:
        await client.aclose()


def unusable(tls: Tls) -> str:
    with pytest.raises(ConfigurationError) as caught:
        tls.context()
    return str(caught.value)


def test_files_that_cannot_be_used_are_named(ours: Authority, tmp_path: Path) -> None:
    one, other, gone = ours.issue("one"), ours.issue("other"), tmp_path / "gone.pem"
    assert unusable(Tls(authority=gone)).startswith(f"{gone}: cannot be read: No such file or directory (authority,")
    assert unusable(Tls(certificate=one.certificate, key=gone)).startswith(f"{gone}: cannot be read")
    assert unusable(Tls(certificate=one.certificate, key=other.key)) == (
        f"{one.certificate}, {other.key}: cannot be used for TLS: key values mismatch"
        " (PEM files: a certificate, and the key that belongs to it)"
    )
    assert unusable(Tls(key=one.key)) == f'{one.key}: is a key without its certificate (certificate = "PATH", too)'
    assert unusable(Tls(authority=one.key)) == (
        f"{one.key}: cannot be used for TLS: no certificate or crl found (a PEM file with the certificates of the CAs)"
    )
    assert unusable(Tls(certificate=tmp_path)).startswith(f"{tmp_path}: cannot be read: Is a directory")


def test_a_key_with_a_pass_phrase_is_refused_and_nobody_is_asked_for_it(ours: Authority, tmp_path: Path) -> None:
    papers, locked = ours.issue("one"), tmp_path / "locked.key"
    locked.write_bytes(private(ec.generate_private_key(ec.SECP256R1()), "hunter2hunter2"))
    said = unusable(Tls(certificate=papers.certificate, key=locked))
    assert "the key has a pass phrase, which COMPASS does not ask for" in said
