"""The host under the names of node_exporter, and a server's processes under those of process-exporter."""

from __future__ import annotations

import os
from pathlib import Path

from lab.recorder.metrics import Reading

PROC = Path("/proc")
CPU_MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
MEMORY = ("MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SwapTotal", "SwapFree")


class HostExporter:
    """CPU, memory and load of the machine that records; its name is not recorded."""

    def __init__(self) -> None:
        self._tick = float(os.sysconf("SC_CLK_TCK"))

    @property
    def labels(self) -> dict[str, str]:
        """One node."""
        return {"job": "node", "instance": "lab-node:9100"}

    def close(self) -> None:
        """Nothing is held open."""

    def read(self) -> list[Reading]:
        """All figures now."""
        readings = []
        for line in (PROC / "stat").read_text().splitlines():
            name, *values = line.split()
            if name.startswith("cpu") and name != "cpu":
                for mode, value in zip(CPU_MODES, values, strict=False):
                    labels = {"cpu": name.removeprefix("cpu"), "mode": mode}
                    readings.append(Reading("node_cpu_seconds_total", labels, int(value) / self._tick))
        for line in (PROC / "meminfo").read_text().splitlines():
            name, value = line.split()[:2]
            if name.rstrip(":") in MEMORY:
                readings.append(Reading(f"node_memory_{name.rstrip(':')}_bytes", {}, int(value) * 1024.0))
        load = (PROC / "loadavg").read_text().split()
        readings += [Reading(f"node_load{minutes}", {}, float(load[at])) for at, minutes in enumerate((1, 5, 15))]
        return readings


class ProcessGroupExporter:
    """CPU, memory and number of the processes of one server, children included."""

    def __init__(self, group: str, service: str, pid: int) -> None:
        self._group = group
        self._service = service
        self._pid = pid
        self._tick = float(os.sysconf("SC_CLK_TCK"))
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._seen: dict[int, tuple[int, int]] = {}
        self._user = self._system = 0

    @property
    def labels(self) -> dict[str, str]:
        """The server is the entity."""
        return {"service_name": self._service, "job": "process", "instance": f"{self._service}:9256"}

    def close(self) -> None:
        """Nothing is held open."""

    def read(self) -> list[Reading]:
        """All figures now; processes that ended keep counting."""
        alive, resident = 0, 0
        for folder in PROC.glob("[0-9]*"):
            fields = _stat(folder)
            if fields is None or self._pid not in (int(folder.name), int(fields[1])):
                continue
            alive += 1
            resident += int(fields[21]) * self._page
            self._count(int(folder.name), int(fields[11]), int(fields[12]))
        group = {"groupname": self._group}
        prefix = "namedprocess_namegroup"
        return [
            Reading(f"{prefix}_num_procs", group, float(alive)),
            Reading(f"{prefix}_memory_bytes", {**group, "memtype": "resident"}, float(resident)),
            Reading(f"{prefix}_cpu_seconds_total", {**group, "mode": "user"}, self._user / self._tick),
            Reading(f"{prefix}_cpu_seconds_total", {**group, "mode": "system"}, self._system / self._tick),
        ]

    def _count(self, pid: int, user: int, system: int) -> None:
        before_user, before_system = self._seen.get(pid, (0, 0))
        self._user += max(user - before_user, 0)
        self._system += max(system - before_system, 0)
        self._seen[pid] = (user, system)


def _stat(folder: Path) -> list[str] | None:
    """The fields of /proc/PID/stat after the command's name, or nothing when the process has ended."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
