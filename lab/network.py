"""The shop's network: paths with conditions of their own, and the name server. Processes, ended with the lab."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lab.controls import turn
from lab.processes import REPOSITORY, LabError, answers, free_ports, shows, stop, wait_until


class Network:
    """Proxies by the name of what they lead to, and one name server."""

    def __init__(self, folder: Path, proxied: tuple[str, ...], seed: int) -> None:
        self._folder = folder
        self._seed = seed
        ports = free_ports(len(proxied) + 2)
        self.resolver_port, self.resolver_admin = ports[:2]
        self.paths = dict(zip(proxied, ports[2:], strict=True))
        self._processes: list[subprocess.Popen[bytes]] = []

    def start_resolver(self) -> None:
        """Start the name server."""
        process = self._launch(
            "lab.resolver",
            *("--port", str(self.resolver_port), "--admin-port", str(self.resolver_admin)),
            *("--controls", str(self._controls("resolver"))),
        )
        wait_until(lambda: shows(self.resolver_admin, "/metrics"), process, "the name server")

    def start_path(self, name: str, target_port: int) -> None:
        """Start the path that leads to one service or backend."""
        port = self.paths[name]
        process = self._launch(
            "lab.proxy",
            *("--port", str(port), "--target", f"127.0.0.1:{target_port}"),
            *("--controls", str(self._controls(f"path-{name}")), "--seed", str(self._seed)),
        )
        wait_until(lambda: answers(port), process, f"the path to {name}")

    def condition(self, name: str, **conditions: float) -> None:
        """Set conditions of a path: delay, jitter, loss, reset."""
        if name not in self.paths:
            raise LabError(f"the traffic to {name} takes no path of the lab's own")
        turn(self._controls(f"path-{name}"), **conditions)

    def resolve(self, mode: str, missing: tuple[str, ...] = ()) -> None:
        """Set what the name server does."""
        turn(self._controls("resolver"), mode=mode, missing=",".join(missing))

    def stop(self) -> None:
        """End every process."""
        for process in self._processes:
            stop(process)

    def _controls(self, name: str) -> Path:
        return self._folder / f"{name}.switches.json"

    def _launch(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "network.err").open("ab") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=err,
                stderr=err,
            )
        self._processes.append(process)
        return process
