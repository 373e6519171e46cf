"""The incident types: what they do to the shop and when, on a stage that only takes notes."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("prometheus_client", reason="needs requirements/lab.in")
pytest.importorskip("psycopg_pool", reason="needs requirements/lab.in")
pytest.importorskip("opentelemetry.proto", reason="needs requirements/lab.in")
pytest.importorskip("redis", reason="needs requirements/lab.in")

import yaml

import lab
from lab.__main__ import DRILL, FAST, FULL, main
from lab.fleet import DeployRequest, edited
from lab.incidents import INCIDENTS
from lab.incidents.base import HARMLESS, Scenario, Timing
from lab.recorder.changes import Change
from lab.recorder.recording import write_truth
from lab.run import Request, rules
from lab.shop.config import load_config
from lab.shop.plan import SHOP

LAB = Path(lab.__file__).parent
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SEEDS = (1, 2, 3)
CERTIFICATE_LATE = timedelta(seconds=7)
CONTROLS = {"false-page", "quiet-deploy", "broken-probe"}
NOBODY_DID_IT = {
    "network-delay",
    "packet-loss",
    "connection-resets",
    "tls-expiry",
    "third-party-outage",
    "traffic-surge",
    "clock-skew",
}


class NotedStage:
    """Says yes to everything and remembers what and when."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.rate = 4.0
        self._now = START
        self.deployed: list[DeployRequest] = []
        self.changes: list[Change] = []
        self.done: list[tuple[str, object]] = []

    def wait_until(self, seconds: float) -> None:
        self._now = max(self._now, START + timedelta(seconds=seconds))

    def now(self) -> datetime:
        return self._now

    def deploy(self, request: DeployRequest) -> Change:
        self.deployed.append(request)
        return self._keep("deploy", request.service, f"{request.service}-{request.version}")

    def flip(self, service: str, flag: str, *, on: bool) -> Change:
        return self._keep("flag", service, f"flag-{flag}-{'on' if on else 'off'}")

    def change(
        self, kind: str, service: str, identity: str, summary: str, before: str, after: str, path: str
    ) -> Change:
        assert before != after
        assert summary
        assert path
        return self._keep(kind, service, identity)

    def _keep(self, kind: str, service: str, identity: str) -> Change:
        change = Change(self._now, kind, service, identity, "", "", {})
        self.changes.append(change)
        return change

    def turn(self, service: str, **switches: float | str | bool) -> None:
        self.done.append((service, switches))

    def condition(self, name: str, **conditions: float) -> None:
        self.done.append((name, conditions))

    def resolve(self, mode: str, missing: tuple[str, ...] = ()) -> None:
        self.done.append(("resolver", (mode, missing)))

    def sql(self, application: str, statements: tuple[str, ...], *, repeat: bool = False) -> None:
        self.done.append((application, (statements, repeat)))

    def cache(self, name: str, **settings: str) -> None:
        self.done.append((name, settings))

    def cpu_used(self, service: str) -> float:
        return 0.1

    def limit_cpu(self, service: str, cores: float) -> None:
        self.done.append((service, cores))

    def memory_used(self, service: str) -> int:
        return 160 * 1024 * 1024

    def limit_memory(self, service: str, size: int) -> None:
        self.done.append((service, size))

    def more_customers(self, rate: float, journey: str) -> None:
        self.done.append((journey, rate))

    def buy_as(self, customer: str) -> None:
        self.done.append(("customer", customer))

    def fill_volume(self, seconds: float) -> None:
        self.done.append(("volume", seconds))

    def break_probe(self, location: str) -> None:
        self.done.append(("probe", location))

    def await_certificate_end(self) -> None:
        self._now += CERTIFICATE_LATE


def services(scenario: Scenario) -> set[str]:
    return {service.name for service in scenario.plan.services} | set(scenario.plan.backends) | {"resolver"}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", sorted(INCIDENTS))
@pytest.mark.parametrize("timing", [FULL, DRILL, FAST], ids=["full", "drill", "fast"])
def test_every_incident_tells_its_truth(name: str, timing: Timing, seed: int) -> None:
    scenario, stage = INCIDENTS[name].scenario(seed), NotedStage(timing)
    injected = scenario.inject(stage)
    truth = scenario.truth(injected)

    assert {change.service for change in stage.changes} <= services(scenario)
    assert set(truth.decoys) == {change.id for change in injected.decoys}
    assert len({change.id for change in stage.changes}) == len(stage.changes)
    assert set(truth.blast_radius) | {name for _, name in truth.also_accept} <= services(scenario)
    if injected.cause is None:
        assert truth.trigger is None
    else:
        assert truth.trigger == (injected.cause.kind, injected.cause.id)
        assert injected.cause.id not in truth.decoys
        assert injected.cause.time == injected.onset
    if name in CONTROLS:
        assert truth.entity == ("none", "")
        assert truth.onset is None
        assert truth.trigger is None
        assert truth.decoys
        assert scenario.rules(timing)
    else:
        assert truth.entity[1] in services(scenario)
        late = CERTIFICATE_LATE if name == "tls-expiry" else timedelta()
        assert truth.onset == injected.onset == START + timedelta(seconds=timing.baseline) + late
        assert truth.entity[1] not in {change.service for change in injected.decoys}


@pytest.mark.parametrize("name", sorted(INCIDENTS))
def test_a_seed_decides_the_case_alone(name: str) -> None:
    first, again = (INCIDENTS[name].scenario(4) for _ in range(2))
    assert (first.label, first.rate, first.plan) == (again.label, again.rate, again.plan)


@pytest.mark.parametrize("name", sorted(NOBODY_DID_IT))
def test_what_no_change_did_has_no_trigger(name: str) -> None:
    for seed in SEEDS:
        scenario = INCIDENTS[name].scenario(seed)
        assert scenario.truth(scenario.inject(NotedStage(DRILL))).trigger is None


def test_incidents_strike_different_services_with_different_seeds() -> None:
    struck = {name: {INCIDENTS[name].scenario(seed).label.entity[1] for seed in SEEDS} for name in INCIDENTS}
    assert sum(len(entities) > 1 for entities in struck.values()) >= 8


def test_every_deploy_can_be_made() -> None:
    """Every edit names a key that the configuration has, and the result can be loaded."""
    for name, incident in INCIDENTS.items():
        for seed in SEEDS:
            scenario, stage = incident.scenario(seed), NotedStage(DRILL)
            scenario.inject(stage)
            for request in stage.deployed:
                tree = scenario.plan.service(request.service).config
                after = edited(tree, {"version": request.version, **request.edits})
                assert after != tree, name
                assert after["version"] == request.version


def test_harmless_deploys_change_wordings_only() -> None:
    assert all(key.startswith("texts.") for _, _, edits in HARMLESS.values() for key in edits)


def test_pool_exhaustion_has_a_harmless_deploy_on_each_side() -> None:
    injected = INCIDENTS["pool-exhaustion"].scenario(1).inject(NotedStage(FULL))
    early, late = injected.decoys
    assert injected.cause is not None
    assert early.time < injected.cause.time < late.time


def test_some_decoys_are_on_the_paged_service_after_the_cause() -> None:
    found = [
        change
        for incident in INCIDENTS.values()
        for seed in SEEDS
        for injected in [incident.scenario(seed).inject(NotedStage(DRILL))]
        for change in injected.decoys
        if change.service == "storefront" and change.time > injected.onset
    ]
    assert len(found) >= 3


def test_a_status_page_is_no_decoy() -> None:
    """It tells of the outage; nobody would have to rule it out."""
    told = 0
    for seed in range(1, 12):
        stage = NotedStage(DRILL)
        injected = INCIDENTS["third-party-outage"].scenario(seed).inject(stage)
        notices = [change for change in stage.changes if change.kind == "provider_status"]
        told += len(notices)
        assert not {notice.id for notice in notices} & {decoy.id for decoy in injected.decoys}
        assert all(notice.time > injected.onset for notice in notices)
    assert told


@pytest.mark.parametrize("timing", [FULL, DRILL, FAST], ids=["full", "drill", "fast"])
def test_a_page_can_fire_within_the_incident(timing: Timing) -> None:
    assert timing.alert_hold + timing.scrape * 2 < timing.incident
    assert timing.alert_window < timing.baseline
    assert {rule.name for rule in rules(SHOP.front, timing)} == {"FrontEndSlow", "FrontEndErrors"}


def test_the_drill_takes_three_to_four_minutes() -> None:
    assert 150 <= DRILL.warmup + DRILL.baseline + DRILL.incident <= 240


def test_the_truth_of_a_control_says_none(tmp_path: Path) -> None:
    scenario = INCIDENTS["false-page"].scenario(1)
    write_truth(tmp_path / "one.yaml", "one", scenario.truth(scenario.inject(NotedStage(DRILL))), "false-page seed 1")
    loaded = yaml.safe_load((tmp_path / "one.yaml").read_text(encoding="utf-8"))
    assert loaded["entity"] == {"kind": "none"}
    assert loaded["trigger"] == {"kind": "none"}
    assert "onset" not in loaded


def test_every_service_can_load_its_configuration(tmp_path: Path) -> None:
    for service in SHOP.services:
        path = tmp_path / f"{service.name}.yaml"
        path.write_text(yaml.safe_dump(service.config), encoding="utf-8")
        assert load_config(path).service == service.name


def test_list_names_every_incident(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{name}: " in shown for name in INCIDENTS)


def test_a_reader_that_goes_away_is_no_failure() -> None:
    """`python -m lab list | head`, with a reader that is gone before the first line."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "lab", "list"], stdout=write, stderr=subprocess.PIPE, cwd=LAB.parent, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("options", "timing", "rate"), [([], FULL, 4.0), (["--fast"], FAST, 4.5), (["--drill", "--rate", "2"], DRILL, 2.0)]
)
def test_a_recording_goes_at_the_pace_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], timing: Timing, rate: float
) -> None:
    asked: list[Request] = []

    def record(request: Request) -> Path:
        asked.append(request)
        return tmp_path

    monkeypatch.setattr("lab.__main__.record", record)
    monkeypatch.setattr("lab.__main__.go_first", lambda: None)
    assert main(["record", "slow-query", "--out", str(tmp_path), *options]) == 0
    assert [(r.incident.name, r.identity, r.timing, r.rate) for r in asked] == [
        ("slow-query", "shop-slow-query", timing, rate)
    ]


@pytest.mark.parametrize(("arguments", "said"), [
    (("record", "pool-exhaustion", "--rate", "-1"), "above 0"),
    (("record", "pool-exhaustion", "--id", ".."), "not a path"),
    (("record", "pool-exhaustion", "--id", "a/b"), "not a path"),
    (("drill", "gremlins"), "not an incident type"),
    (("collect", "--jobs", "0"), "from 1 on"),
    (("collect", "--seeds", "0"), "from 1 on"),
    (("package", "x", "--to", "y", "--one-in", "0"), "from 1 on"),
])  # fmt: skip
def test_nonsense_is_a_usage_error(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("out", "wrong"), [("file/out", "cannot be written"), ("full", "is no recording")])
def test_where_nothing_can_be_written_is_said_before_the_shop_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str, wrong: str
) -> None:
    (tmp_path / "file").touch()
    kept = tmp_path / "full" / "shop-slow-query" / "notes.txt"
    kept.parent.mkdir(parents=True)
    kept.touch()
    monkeypatch.setattr("lab.run._start", lambda *_: pytest.fail("the shop was started"))
    monkeypatch.setattr("lab.__main__.go_first", lambda: None)
    assert main(["record", "slow-query", "--out", str(tmp_path / out)]) == 1
    assert wrong in capsys.readouterr().err
    assert kept.exists()
