"""The network of the lab: names that are looked up, paths with bad conditions, switches, certificates, tokens."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter

import pytest

pytest.importorskip("prometheus_client", reason="needs requirements/lab.in")
pytest.importorskip("opentelemetry.sdk", reason="needs requirements/lab.in")

from prometheus_client import CollectorRegistry, start_http_server

from lab.certificates import issue
from lab.controls import LOOK_SECONDS, Controls, turn
from lab.processes import free_ports, shows
from lab.proxy import FIRST_RETRANSMIT, Proxy, hold
from lab.resolver import Server
from lab.shop import names, tokens
from lab.shop.names import Names, UnknownHost

# Closed connections are taken down in the loop's next rounds.
SETTLE = 0.05


def test_a_switch_is_seen_while_the_process_runs(tmp_path: Path) -> None:
    controls = Controls(tmp_path / "x.json")
    assert controls.number("delay", 1.5) == 1.5
    turn(tmp_path / "x.json", delay=0.25)
    turn(tmp_path / "x.json", mode="silent", broken=True)
    seen = Controls(tmp_path / "x.json")
    assert (seen.number("delay"), seen.text("mode", "ok"), seen.on("broken"), seen.on("other")) == (
        0.25,
        "silent",
        True,
        False,
    )


async def test_an_old_view_of_the_switches_lasts_a_moment_only(tmp_path: Path) -> None:
    controls = Controls(tmp_path / "x.json")
    assert not controls.on("flag")
    turn(tmp_path / "x.json", flag=True)
    await asyncio.sleep(LOOK_SECONDS * 1.5)
    assert controls.on("flag")


@asynccontextmanager
async def resolver(controls: Controls, registry: CollectorRegistry) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Server(controls, registry), local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


async def test_a_name_is_resolved_kept_and_then_no_longer_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "KEEP_SECONDS", 0.0)
    server, client = CollectorRegistry(), CollectorRegistry()
    async with resolver(Controls(tmp_path / "r.json"), server) as port:
        known = Names(port, client)
        assert await known.resolve("orders") == "127.0.0.1"
        turn(tmp_path / "r.json", mode="ok", missing="orders,payments")
        await asyncio.sleep(LOOK_SECONDS * 1.5)
        with pytest.raises(UnknownHost, match="Name or service not known"):
            await known.resolve("orders")
        assert await known.resolve("cart") == "127.0.0.1"
    answered = {rcode: _count(server, "coredns_dns_responses_total", rcode=rcode) for rcode in ("NOERROR", "NXDOMAIN")}
    assert answered == {"NOERROR": 2.0, "NXDOMAIN": 1.0}
    assert _count(client, "dns_lookup_duration_seconds_count", error_type="host_not_found") == 1.0


async def test_a_kept_address_outlives_the_name_server(tmp_path: Path) -> None:
    async with resolver(Controls(tmp_path / "r.json"), CollectorRegistry()) as port:
        known = Names(port, CollectorRegistry())
        await known.resolve("orders")
    assert await known.resolve("orders") == "127.0.0.1"


@pytest.mark.parametrize("mode", ["servfail", "silent"])
async def test_a_broken_name_server_is_a_temporary_failure(
    tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "TRY_SECONDS", 0.05)
    turn(tmp_path / "r.json", mode=mode)
    async with resolver(Controls(tmp_path / "r.json"), CollectorRegistry()) as port:
        with pytest.raises(UnknownHost, match="Temporary failure in name resolution"):
            await Names(port, CollectorRegistry()).resolve("orders")


def _count(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return sum(
        sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


Ask = Callable[[bytes], Awaitable[bytes]]


@asynccontextmanager
async def echo_behind_a_path(tmp_path: Path, **conditions: float) -> AsyncIterator[int]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while text := await reader.read(100):
                writer.write(text)
                await writer.drain()
        writer.close()

    turn(tmp_path / "p.json", **conditions)
    far = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = Proxy("127.0.0.1", far.sockets[0].getsockname()[1], Controls(tmp_path / "p.json"), seed=1)
    near = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    try:
        yield near.sockets[0].getsockname()[1]
    finally:
        near.close()
        far.close()
        await asyncio.sleep(SETTLE)


async def _round_trip(port: int) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = perf_counter()
    writer.write(b"hello")
    try:
        answer = await reader.read(100)
        took = perf_counter() - started
    finally:
        writer.close()
    await writer.wait_closed()
    if answer != b"hello":
        raise ConnectionResetError
    return took


async def test_a_path_delays_each_way(tmp_path: Path) -> None:
    async with echo_behind_a_path(tmp_path, delay=0.1) as port:
        assert await _round_trip(port) >= 0.2


async def test_segments_are_on_their_way_together(tmp_path: Path) -> None:
    async with echo_behind_a_path(tmp_path, delay=0.5) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        started, answer = perf_counter(), b""
        for part in (b"head", b"body"):
            writer.write(part)
            await asyncio.sleep(0.02)
        while len(answer) < len(b"headbody"):
            answer += await reader.read(100)
        took = perf_counter() - started
        writer.close()
        await writer.wait_closed()
    assert answer == b"headbody"
    assert 1.0 <= took < 1.9, "one after the other they take 2 s"


async def test_a_path_without_conditions_passes_on(tmp_path: Path) -> None:
    async with echo_behind_a_path(tmp_path, delay=0.0) as port:
        assert min([await _round_trip(port) for _ in range(5)]) < 0.1


async def test_a_path_resets_connections(tmp_path: Path) -> None:
    async with echo_behind_a_path(tmp_path, reset=1.0) as port:
        with pytest.raises(ConnectionError):
            await _round_trip(port)


async def test_a_path_to_nobody_is_a_reset(tmp_path: Path) -> None:
    (nobody,) = free_ports(1)
    proxy = Proxy("127.0.0.1", nobody, Controls(tmp_path / "p.json"), seed=1)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    try:
        with pytest.raises(ConnectionError):
            await _round_trip(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await asyncio.sleep(SETTLE)


def test_a_lost_segment_waits_for_its_retransmission(tmp_path: Path) -> None:
    turn(tmp_path / "p.json", loss=0.5)
    controls, dice = Controls(tmp_path / "p.json"), Random(7)
    waits = [hold(controls, dice) for _ in range(2000)]
    assert sum(wait == 0 for wait in waits) == pytest.approx(1000, abs=120)
    assert sum(wait == FIRST_RETRANSMIT for wait in waits) == pytest.approx(500, abs=90)
    assert max(waits) > 1.0


def test_a_certificate_ends_when_it_is_told_to(tmp_path: Path) -> None:
    until = datetime.now(UTC) + timedelta(seconds=2)
    good, bad = issue(tmp_path / "good", "card-network"), issue(tmp_path / "bad", "card-network", until)
    assert bad.ends == until.replace(microsecond=0)
    assert _handshake(good.authority, good.certificate, good.key) == "trusted"
    while datetime.now(UTC) < until:
        pass
    assert "certificate has expired" in _handshake(bad.authority, bad.certificate, bad.key)


def _handshake(authority: Path, certificate: Path, key: Path) -> str:
    """Both ends in one thread, in memory."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=str(authority))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for end in (asking, answering):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return str(error)
    return "trusted"


def test_a_token_is_judged_by_the_clock_of_the_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    token, now = tokens.issue("s-1"), datetime.now(UTC).timestamp()
    assert tokens.verify(token) == "s-1"
    monkeypatch.setattr("time.time", lambda: now - 60)
    with pytest.raises(tokens.TokenRefused, match="in the future"):
        tokens.verify(token)
    monkeypatch.setattr("time.time", lambda: now + 60)
    with pytest.raises(tokens.TokenRefused, match="expired"):
        tokens.verify(token)
    with pytest.raises(tokens.TokenRefused, match="signature"):
        tokens.verify("x" + token)


def test_ports_are_free() -> None:
    (port,) = free_ports(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))


def test_a_page_is_shown_or_not() -> None:
    (port,) = free_ports(1)
    assert not shows(port, "/metrics")
    server, thread = start_http_server(port, "127.0.0.1", CollectorRegistry())
    try:
        assert shows(port, "/metrics")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
