"""mcp-grafana, the real program, before a stand-in Grafana that proxies to a real Prometheus with a recording in it."""

from __future__ import annotations

import logging
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from compass.domain.telemetry import SignalKind, SignalQuery
from compass.domain.time import Window
from compass.entrypoints.clock import SystemClock
from compass.ports.clock import Deadline
from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.ports.telemetry import Telemetry
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Answered, Ledger
from compass.sources.live.connector import Means
from compass.sources.live.feed import NothingThereError, Scope
from compass.sources.live.gathered import Metrics, Objects
from compass.sources.live.source import LiveSource
from compass.sources.mcp.options import GRAFANA_ARGUMENTS, McpOptions, found, program_of
from compass.sources.mimir import CONNECTOR as MIMIR
from compass.sources.recording import RecordingSource
from tests.sources.as_recorded import LAB, assert_recorded, assert_same_shape, scope_of
from tests.sources.conformance import TelemetryConformance
from tests.sources.mcp.asking import connected, grafana, needs_mcp_grafana
from tests.support.grafana_answers import Annotation, Listed, Rule, RuleGroup
from tests.support.grafana_stand_in import TOKEN, GrafanaStandIn, grafana_stand_in
from tests.support.prometheus import needs_prometheus, prometheus
from tests.support.recorded_feed import RecordedFeed

pytestmark = [needs_mcp_grafana(), needs_prometheus()]
NO_DEADLINE = Deadline()
RULES = """
groups:
  - name: shop
    rules:
      - alert: FrontEndSlow
        expr: vector(1)
        annotations: {summary: it is slow}
"""


def data_source(url: str, **more: object) -> Listed:
    return Listed(uid="prom", name="Metrics", type="prometheus", url=url, is_default=True, **more)


@pytest.fixture(scope="module")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(tmp_path_factory.mktemp("prometheus") / "lab", LAB, rules=RULES) as url:
        yield url


@pytest.fixture
def stand_in(lab_server: str) -> Iterator[GrafanaStandIn]:
    with grafana_stand_in(data_source(lab_server)) as made:
        yield made


class TestGrafanaOverMcp(TelemetryConformance):
    """Metrics through mcp-grafana, the rest as recorded."""

    @pytest.fixture
    async def telemetry(self, server: str, reference: Path) -> AsyncIterator[Telemetry]:
        others = RecordedFeed(reference, without=frozenset({"metrics"}))
        incident = RecordingSource.open(reference).incident()
        with grafana_stand_in(data_source(server)) as made:
            async with grafana(made, parts=["metrics"]) as feed:
                source = LiveSource("stack", [feed, others], incident, SystemClock(), Ledger())
                yield source
                await source.aclose()


async def test_exactly_what_was_recorded_comes_back(stand_in: GrafanaStandIn) -> None:
    async with grafana(stand_in) as feed:
        gathered = await feed.gather("metrics", scope_of(LAB, exact=True), deadline=NO_DEADLINE)
    assert isinstance(gathered.data, Metrics)
    assert gathered.missing == ()
    assert_recorded(gathered.data, LAB)


async def test_less_room_gives_the_same_shape(stand_in: GrafanaStandIn, lab_server: str) -> None:
    """Sums at the server come in steps of whole seconds over MCP: medians stay within a few per cent of what HTTP gives
    exactly."""
    incident = RecordingSource.open(LAB).incident()
    query = SignalQuery(kinds=frozenset({SignalKind.TRAFFIC, SignalKind.MEMORY}), window=incident.window, step_s=20.0)
    means = Means(clock=SystemClock(), ledger=Ledger(), secrets=Secrets({}, Path()))
    tables = []
    async with grafana(stand_in, points=20_000) as less:
        for feed in (MIMIR.connect("metrics", {"type": "mimir", "url": lab_server}, means), less):
            source = LiveSource("stack", [feed], incident, SystemClock(), Ledger())
            tables.append((await source.series(query, deadline=NO_DEADLINE)).data)
            await source.aclose()
    assert_same_shape(*tables)


async def test_only_reads_and_few_of_them(stand_in: GrafanaStandIn) -> None:
    ledger = Ledger()
    async with grafana(stand_in, ledger) as feed:
        for part in ("metrics", "alerts", "changes"):
            await feed.gather(part, scope_of(LAB), deadline=NO_DEADLINE)
    assert ledger.requests <= 12
    assert ledger.size < 6_000_000
    below = "/api/datasources/uid/prom/resources/api/v1/query"
    assert all(one.method == "GET" or one.path.startswith(below) for one in stand_in.asked)
    assert not any(one.path.startswith("/api/ds/") for one in stand_in.asked)
    sent = [one for one in ledger.sent if one.path == "query_prometheus"]
    assert all(one.answered is Answered.SERVER and one.seconds > 0 and one.size > 0 for one in sent)


async def test_alerts_of_prometheus_and_of_grafana(stand_in: GrafanaStandIn) -> None:
    now = time.time_ns()
    window = Window(start_ns=now - 600 * 10**9, end_ns=now)
    begun = (now - 300 * 10**9) // 10**6
    slow = Rule(uid="u1", name="Slow", state="firing", labels={"service": "shop"}, annotations={"summary": "too slow"})
    old = Rule(uid="u2", name="Older", state="firing")
    stand_in.groups = [RuleGroup(name="g", rules=[slow, old])]
    stand_in.annotations = [
        Annotation(id=1, time=begun, text="Slow {} - B=1", alert_id=7, alert_name="Slow", new_state="Alerting"),
        Annotation(id=2, time=begun, text="deployed", tags=["deploy", "service:shop"]),
    ]
    async with grafana(stand_in) as feed:
        alerts = await feed.gather("alerts", Scope(window=window, detected_ns=now), deadline=NO_DEADLINE)
        changes = await feed.gather("changes", Scope(window=window, detected_ns=now), deadline=NO_DEADLINE)
        seen = await feed.look("alerts", deadline=NO_DEADLINE)
        noted = await feed.look("changes", deadline=NO_DEADLINE)
    assert isinstance(alerts.data, Objects)
    assert isinstance(changes.data, Objects)
    grafanas = [one for one in alerts.data.objects if one["labels"] == {"alertname": "Slow", "service": "shop"}]
    assert [(one["status"], one["annotations"]) for one in grafanas] == [("firing", {"summary": "too slow"})]
    assert any("since when is not told: Older" in note for note in alerts.missing)
    (change,) = changes.data.objects
    assert (change["kind"], change["service"], change["summary"]) == ("deploy", "shop", "deployed")
    assert seen.figures == {"alerts": "2", "rules": "2"}
    assert noted.figures == {"annotations": "1"}


async def test_a_look_is_a_real_read(stand_in: GrafanaStandIn) -> None:
    async with grafana(stand_in) as feed:
        found_ = await feed.look("metrics", deadline=NO_DEADLINE)
        assert "series" in found_.figures  # the rule's own
        tools = await feed.tools(deadline=NO_DEADLINE)
    assert not any(tool.name.startswith(("alerting_manage", "update", "create")) for tool in tools)
    assert {"query_prometheus", "get_annotations"} <= {tool.name for tool in tools}


async def test_what_grafana_does_not_have(stand_in: GrafanaStandIn) -> None:
    async with grafana(stand_in) as feed:
        for part in ("logs", "traces"):
            with pytest.raises(NothingThereError, match=r"has no \w+ data source"):
                await feed.gather(part, scope_of(LAB), deadline=NO_DEADLINE)
    async with grafana(stand_in, parts=["metrics"], metrics="Other") as feed:
        with pytest.raises(SourceRefusedError, match="no Prometheus data source 'Other'"):
            await feed.gather("metrics", scope_of(LAB), deadline=NO_DEADLINE)
        with pytest.raises(SourceRefusedError, match="gives no logs"):
            await feed.gather("logs", scope_of(LAB), deadline=NO_DEADLINE)


async def test_which_of_several(lab_server: str) -> None:
    several = [Listed(uid=f"p{n}", name=f"Prometheus {n}", type="prometheus", url=lab_server) for n in range(120)]
    with grafana_stand_in(*several) as made:
        async with grafana(made) as feed:
            with pytest.raises(SourceRefusedError, match="has 120 Prometheus data sources"):
                await feed.look("metrics", deadline=NO_DEADLINE)
        async with grafana(made, metrics="Prometheus 117") as feed:
            await feed.look("metrics", deadline=NO_DEADLINE)
        assert any("/uid/p117/" in path for path in made.paths)


async def test_a_bad_matcher_is_the_servers_word(stand_in: GrafanaStandIn) -> None:
    async with grafana(stand_in, matchers="{service_name=}") as feed:
        with pytest.raises(SourceRefusedError, match=r"rejects the query \(400\)"):
            await feed.gather("metrics", scope_of(LAB), deadline=NO_DEADLINE)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, SourceRefusedError, "does not accept the credentials"), (403, SourceRefusedError, "does not allow this"),
        (503, SourceUnavailableError, "503"),
    ],
)  # fmt: skip
async def test_a_grafana_that_fails_and_echoes(
    stand_in: GrafanaStandIn, status: int, kind: type[SourceError], said: str,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """The token is nowhere, even where a server repeats it."""
    caplog.set_level(logging.DEBUG)
    ledger = Ledger()
    words = b'{"message":"you sent Bearer ' + TOKEN.encode() + b'"}'
    stand_in.fails = {"/api/annotations": (status, words), "/api/prometheus": (status, words),
                      "/api/datasources/uid/prom/resources": (status, words),
                      "/api/datasources/proxy": (status, words)}  # fmt: skip
    async with grafana(stand_in, ledger) as feed:
        with pytest.raises(kind) as caught:
            await feed.gather("metrics", scope_of(LAB), deadline=NO_DEADLINE)
        with pytest.raises(kind, match=said) as also:
            await feed.gather("changes", scope_of(LAB), deadline=NO_DEADLINE)
    out, err = capfd.readouterr()
    text = "\n".join([str(caught.value), str(also.value), *(repr(one) for one in ledger.sent), caplog.text, out, err])
    assert TOKEN not in text


async def test_a_token_that_is_wrong(stand_in: GrafanaStandIn) -> None:
    async with grafana(stand_in, token="glsa_another0123456789") as feed:
        with pytest.raises(SourceRefusedError, match="does not accept the credentials"):
            await feed.gather("changes", scope_of(LAB), deadline=NO_DEADLINE)


async def test_a_tool_the_team_did_not_list(stand_in: GrafanaStandIn) -> None:
    async with grafana(stand_in, tools=["list_datasources", "query_prometheus"]) as feed:
        await feed.gather("metrics", scope_of(LAB), deadline=NO_DEADLINE)
        with pytest.raises(SourceRefusedError, match="get_annotations is not among the tools"):
            await feed.gather("changes", scope_of(LAB), deadline=NO_DEADLINE)


def test_how_it_is_started() -> None:
    made = program_of(McpOptions(type="mcp", grafana=True), Secrets({"PATH": "/nowhere", "X": "y"}, Path()), "g")
    assert made.command[1:] == GRAFANA_ARGUMENTS
    assert "-disable-write" in made.command
    assert made.environment == {"PATH": "/nowhere", "GRAFANA_USAGE_STATS": "disabled"}


@pytest.fixture
def elsewhere(stand_in: GrafanaStandIn) -> Iterator[str]:
    """The same program over streamable HTTP."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = found("mcp-grafana", None)
    env = {"GRAFANA_URL": stand_in.url, "GRAFANA_SERVICE_ACCOUNT_TOKEN": TOKEN, "GRAFANA_USAGE_STATS": "disabled"}
    process = subprocess.Popen(
        [program, "-t", "streamable-http", "-address", f"localhost:{port}", *GRAFANA_ARGUMENTS], env=env,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _listens(port)
        yield f"http://localhost:{port}/mcp"
    finally:
        process.terminate()
        process.wait(timeout=10)


async def test_one_that_runs_elsewhere(elsewhere: str) -> None:
    feed = connected(Ledger(), {"grafana": True, "url": elsewhere}, {})
    gathered = await feed.gather("metrics", scope_of(LAB), deadline=NO_DEADLINE)
    await feed.aclose()
    assert isinstance(gathered.data, Metrics)
    assert len(gathered.data.names) > 1_000


def _listens(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("localhost", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("it does not listen")
