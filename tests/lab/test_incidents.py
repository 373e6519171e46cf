"""The incident types: what they do to the shop and when, on a stage that only takes notes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("prometheus_client", reason="needs requirements/lab.in")
pytest.importorskip("psycopg_pool", reason="needs requirements/lab.in")
pytest.importorskip("opentelemetry.proto", reason="needs requirements/lab.in")
pytest.importorskip("redis", reason="needs requirements/lab.in")

from lab.__main__ import FAST, FULL, main
from lab.fleet import DeployRequest
from lab.incidents import INCIDENTS
from lab.incidents.base import Timing
from lab.recorder.changes import Change
from lab.shop.plan import SHOP

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class NotedStage:
    """Says yes to everything and remembers when."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self._now = START
        self.deployed: list[DeployRequest] = []

    def wait_until(self, seconds: float) -> None:
        self._now = max(self._now, START + timedelta(seconds=seconds))

    def deploy(self, request: DeployRequest) -> Change:
        self.deployed.append(request)
        return Change(self._now, "deploy", request.service, f"{request.service}-{request.version}", "", "", {})


@pytest.mark.parametrize("name", sorted(INCIDENTS))
@pytest.mark.parametrize("timing", [FULL, FAST], ids=["full", "fast"])
def test_every_incident_tells_its_truth(name: str, timing: Timing) -> None:
    incident, stage = INCIDENTS[name], NotedStage(timing)
    plan = incident.prepare(SHOP)
    injected = incident.inject(stage)
    truth = incident.truth(injected)

    services = {service.name for service in plan.services}
    assert incident.name == name
    assert {request.service for request in stage.deployed} <= services
    assert truth.entity[1] in services
    assert truth.trigger == ("deploy", injected.cause.id)
    assert truth.onset == injected.cause.time == START + timedelta(seconds=timing.baseline)
    assert set(truth.decoys) == {change.id for change in injected.decoys}
    assert injected.cause.id not in truth.decoys


def test_pool_exhaustion_has_a_harmless_deploy_on_each_side() -> None:
    injected = INCIDENTS["pool-exhaustion"].inject(NotedStage(FULL))
    early, late = injected.decoys
    assert early.time < injected.cause.time < late.time


def test_list_names_every_incident(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{name}: " in shown for name in INCIDENTS)


def test_nonsense_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["record", "pool-exhaustion", "--rate", "-1"])
    assert stopped.value.code == 2
    assert "above 0" in capsys.readouterr().err
