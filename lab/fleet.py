"""The shop's processes: starting them, deploying new configuration, stopping them."""

from __future__ import annotations

import copy
import difflib
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from lab.processes import LabError, free_ports, stop, wait_until
from lab.recorder.changes import Change
from lab.recorder.scrape import Target
from lab.shop.plan import ConfigTree, ShopPlan

Scalar = str | int | float


@dataclass(frozen=True)
class Endpoints:
    """Where the shop's surroundings listen."""

    database: str
    cache: str
    otlp: str


@dataclass(frozen=True)
class DeployRequest:
    """New values for some keys of one service's configuration ('a.b' is b inside a)."""

    service: str
    version: str
    summary: str
    edits: Mapping[str, Scalar]
    author: str = "delivery pipeline"


@dataclass(frozen=True)
class _Running:
    process: subprocess.Popen[bytes]
    admin_port: int


class Fleet:
    """All service processes of one recording. Owned by the thread that records."""

    def __init__(self, plan: ShopPlan, endpoints: Endpoints, folder: Path) -> None:
        self._folder = folder
        self._endpoints = endpoints
        self._order = [service.name for service in plan.services]
        self._ports = dict(zip(self._order, free_ports(len(self._order)), strict=True))
        self._texts = {service.name: render(service.config) for service in plan.services}
        self._running: dict[str, _Running] = {}
        self._launched = 0

    def start(self) -> None:
        """Start every service, callees first."""
        for service in self._order:
            self._running[service] = self._launch(service)

    def stop(self) -> None:
        """Stop every service, callers first."""
        for service in reversed(self._order):
            running = self._running.get(service)
            if running is not None:
                stop(running.process)

    def url(self, service: str) -> str:
        """Where a service takes traffic."""
        return f"http://127.0.0.1:{self._ports[service]}"

    def targets(self) -> list[Target]:
        """What to scrape now."""
        return [
            Target(service, f"http://127.0.0.1:{running.admin_port}/metrics", "shop", instance_of(service))
            for service, running in list(self._running.items())
        ]

    def deploy(self, request: DeployRequest) -> Change:
        """Write the new configuration, start it beside the old process, then end the old one."""
        started = datetime.now(UTC)
        before = self._texts[request.service]
        tree = yaml.safe_load(before)
        previous = str(tree["version"])
        after = render(edited(tree, {"version": request.version, **request.edits}))
        self._texts[request.service] = after
        old = self._running[request.service]
        self._running[request.service] = self._launch(request.service)
        stop(old.process)
        return Change(
            time=started,
            kind="deploy",
            service=request.service,
            id=f"{request.service}-{request.version}",
            summary=f"{request.service} {request.version}: {request.summary}",
            diff=config_diff(request.service, before, after),
            attributes={
                "from": previous,
                "to": request.version,
                "completed_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "triggered_by": request.author,
            },
        )

    def check(self) -> None:
        """Raise when a service has ended on its own."""
        for service, running in self._running.items():
            if running.process.poll() is not None:
                raise LabError(f"{service} ended with code {running.process.returncode}; see its log")

    def logs(self) -> list[tuple[str, Path]]:
        """Every log file with its service, in starting order."""
        return [(path.name.split(".")[0], path) for path in sorted(self._folder.glob("*.out.jsonl"))]

    def _launch(self, service: str) -> _Running:
        self._launched += 1
        (admin_port,) = free_ports(1)
        config = self._folder / f"{service}.yaml"
        wiring = self._folder / f"{service}.wiring.json"
        config.write_text(self._texts[service], encoding="utf-8")
        wiring.write_text(json.dumps(self._wiring(service, admin_port)), encoding="utf-8")
        output = self._folder / f"{service}.{self._launched:03d}.out.jsonl"
        errors = self._folder / f"{service}.{self._launched:03d}.err"
        command = [sys.executable, "-m", "lab.shop.serve", "--config", str(config), "--wiring", str(wiring)]
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, cwd=Path(__file__).parents[1]
            )
        try:
            wait_until(lambda: _healthy(admin_port), process, service)
        except LabError:
            stop(process)
            raise
        return _Running(process, admin_port)

    def _wiring(self, service: str, admin_port: int) -> Mapping[str, object]:
        return {
            "port": self._ports[service],
            "admin_port": admin_port,
            "instance": instance_of(service),
            "otlp_endpoint": self._endpoints.otlp,
            "peers": {name: self.url(name) for name in self._order if name != service},
            "database": self._endpoints.database if service == "orders" else None,
            "cache": self._endpoints.cache if service == "cart" else None,
        }


def instance_of(service: str) -> str:
    """The instance label: as if every service had a host of its own name."""
    return f"{service}:8080"


def render(tree: ConfigTree) -> str:
    """A configuration as the file that is deployed."""
    return yaml.safe_dump(copy.deepcopy(tree), sort_keys=False)


def edited(tree: ConfigTree, edits: Mapping[str, Scalar]) -> ConfigTree:
    """The configuration with some values replaced; a key that is not there is an error."""
    result = dict(copy.deepcopy(tree))
    for dotted, value in edits.items():
        first, _, rest = dotted.partition(".")
        if first not in result:
            raise LabError(f"the configuration has no key {dotted}")
        inner = result[first]
        if rest and isinstance(inner, Mapping):
            result[first] = edited(inner, {rest: value})
        else:
            result[first] = value
    return result


def config_diff(service: str, before: str, after: str) -> str:
    """A unified diff of a service's configuration, as a pull request would show it."""
    name = f"config/{service}.yaml"
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", lineterm="")
    return "\n".join(lines) + "\n"


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
