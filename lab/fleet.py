"""The shop's processes: starting them, deploying new configuration, stopping them."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import yaml

from lab.certificates import Identity
from lab.cgroups import Group, make_group
from lab.controls import Switch, turn
from lab.network import Network
from lab.processes import REPOSITORY, LabError, answers, free_ports, shows, stop, wait_until
from lab.recorder.changes import Change, diff_of
from lab.recorder.scrape import Target
from lab.shop.plan import ConfigTree, ShopPlan

Scalar = str | int | float
# How long a supervisor waits, from the last start, before it starts a killed service again.
RESTART_SECONDS = 4.0
START_SECONDS = 60.0


@dataclass(frozen=True)
class Endpoints:
    """Where the shop's surroundings listen: backends by name, the collector, and the network."""

    backends: Mapping[str, str]
    otlp: str
    network: Network
    identity: Identity


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
    began: float
    errors: Path


class Fleet:
    """All service processes of one recording. Owned by the thread that records."""

    def __init__(self, plan: ShopPlan, endpoints: Endpoints, folder: Path) -> None:
        self._folder = folder
        self._endpoints = endpoints
        self._order = [service.name for service in plan.services]
        self._ports = dict(zip(self._order, free_ports(len(self._order)), strict=True))
        self._texts = {service.name: render(service.config) for service in plan.services}
        self._plan = plan
        self._running: dict[str, _Running] = {}
        self._launched = 0
        # Services that may be killed; a supervisor starts them again.
        self._revived: set[str] = set()
        self.groups: dict[str, Group] = {}
        for service in self._order:
            group = make_group(f"compass-lab-{os.getpid()}-{service}")
            if group is not None and not plan.service(service).external:
                self.groups[service] = group

    def start(self) -> None:
        """Start every service, callees first, with the paths that lead to them."""
        begun = [(service, self._begin(service)) for service in self._order]
        for service, running in begun:
            self._running[service] = running
        for service, running in begun:
            self._await(service, running)
            if service in self._plan.proxied:
                self._endpoints.network.start_path(service, self._ports[service])

    def stop(self) -> None:
        """Stop every service: ask all at once, then see that each has ended."""
        for running in self._running.values():
            if running.process.poll() is None:
                running.process.terminate()
        for service in reversed(self._order):
            if service in self._running:
                stop(self._running[service].process)

    def remove_groups(self) -> None:
        """Remove the control groups once everything has ended."""
        for group in self.groups.values():
            group.remove()

    def port(self, service: str) -> int:
        """Where a service itself listens."""
        return self._ports[service]

    def url(self, service: str) -> str:
        """Where a service takes traffic from outside."""
        return f"http://127.0.0.1:{self._ports[service]}"

    def targets(self) -> list[Target]:
        """What to scrape now."""
        return [
            Target(service, f"http://127.0.0.1:{running.admin_port}/metrics", "shop", instance_of(service))
            for service, running in list(self._running.items())
            if not self._plan.service(service).external
        ]

    def config(self, service: str) -> str:
        """A service's configuration as it was deployed last."""
        return self._texts[service]

    def turn(self, service: str, **switches: Switch) -> None:
        """Set switches of a running service."""
        turn(self._switches(service), **switches)

    def supervise(self, service: str) -> None:
        """From now on this service may be killed, and is then started again."""
        self._revived.add(service)

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
            diff=diff_of(f"config/{request.service}.yaml", before, after),
            attributes={
                "from": previous,
                "to": request.version,
                "completed_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "triggered_by": request.author,
            },
        )

    def check(self) -> None:
        """Start again what a limit killed; raise when another service has ended on its own."""
        for service, running in list(self._running.items()):
            if running.process.poll() is None:
                continue
            if service not in self._revived:
                raise LabError(f"{service} ended with code {running.process.returncode}; see its log")
            if time.monotonic() - running.began >= RESTART_SECONDS:
                try:
                    self._running[service] = self._launch(service)
                except LabError:  # killed again while it started: the supervisor tries again later
                    self._running[service] = replace(running, began=time.monotonic())

    def logs(self) -> list[tuple[str, Path]]:
        """Every log file with its service, in starting order; third parties keep theirs."""
        external = {service.name for service in self._plan.services if service.external}
        found = [(path.name.split(".")[0], path) for path in sorted(self._folder.glob("*.out.jsonl"))]
        return [(service, path) for service, path in found if service not in external]

    def _launch(self, service: str) -> _Running:
        running = self._begin(service)
        try:
            self._await(service, running)
        except LabError:
            stop(running.process)
            raise
        return running

    def _begin(self, service: str) -> _Running:
        self._launched += 1
        (admin_port,) = free_ports(1)
        config = self._folder / f"{service}.yaml"
        wiring = self._folder / f"{service}.wiring.json"
        config.write_text(self._texts[service], encoding="utf-8")
        wiring.write_text(json.dumps(self._wiring(service, admin_port)), encoding="utf-8")
        output = self._folder / f"{service}.{self._launched:03d}.out.jsonl"
        errors = self._folder / f"{service}.{self._launched:03d}.err"
        command = [sys.executable, "-m", "lab.shop", "--config", str(config), "--wiring", str(wiring)]
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                command,
                stdout=out,
                stderr=err,
                stdin=subprocess.DEVNULL,
                cwd=REPOSITORY,
                preexec_fn=self.groups[service].join if service in self.groups else None,
            )
        return _Running(process, admin_port, time.monotonic(), errors)

    def _await(self, service: str, running: _Running) -> None:
        external = self._plan.service(service).external
        ready = (lambda: answers(self._ports[service])) if external else (lambda: shows(running.admin_port, "/healthz"))
        try:
            wait_until(ready, running.process, service, START_SECONDS)
        except LabError as error:
            last = running.errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise LabError(f"{error}: {' '.join(last)}".rstrip(": ")) from error

    def _wiring(self, service: str, admin_port: int) -> Mapping[str, object]:
        plan, network, identity = self._plan.service(service), self._endpoints.network, self._endpoints.identity
        return {
            "port": self._ports[service],
            "admin_port": admin_port,
            "instance": instance_of(service),
            "otlp_endpoint": self._endpoints.otlp,
            "peers": {name: self._address(name) for name in self._order if name != service},
            "backends": {name: self._endpoints.backends[name] for name in plan.backends},
            "resolver": network.resolver_port,
            "controls": str(self._switches(service)),
            "authority": str(identity.authority),
            "identity": [str(identity.certificate), str(identity.key)] if plan.external else None,
        }

    def _address(self, service: str) -> str:
        """Where the others reach a service: `localhost` stands for the address that the name server gives."""
        scheme = "https" if self._plan.service(service).external else "http"
        return f"{scheme}://localhost:{self._endpoints.network.paths.get(service, self._ports[service])}"

    def _switches(self, service: str) -> Path:
        return self._folder / f"{service}.switches.json"


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
