"""Control groups of the shop's services: limits that the kernel really enforces, and what it counts.

Version 1 (a folder a controller) and version 2 (one folder). Where the machine does not let us make groups, services
run without; then incident types that need a limit are refused.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.processes import LabError

PERIOD_US = 100_000
NEEDED = ("cpu", "cpuacct", "memory")


@dataclass(frozen=True)
class Usage:
    """What the kernel counted for one group since it was made; a figure it does not give is absent."""

    cpu_seconds: float
    memory_bytes: float
    cache_bytes: float
    oom_kills: float
    periods: float
    throttled_periods: float
    throttled_seconds: float
    quota_us: float | None
    memory_limit_bytes: float | None


class Group:
    """One service's group. `folders` is by controller; with version 2 all are the same."""

    def __init__(self, folders: dict[str, Path], version: int) -> None:
        self._folders = folders
        self._version = version

    def join(self) -> None:
        """Move the calling process into the group: for a child between fork and exec."""
        for folder in dict.fromkeys(self._folders.values()):
            (folder / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    def limit_cpu(self, cores: float) -> None:
        """At most so many cores, enforced in periods of 100 ms."""
        quota = max(int(cores * PERIOD_US), 1000)
        if self._version == 1:
            self._write("cpu", "cpu.cfs_period_us", str(PERIOD_US))
            self._write("cpu", "cpu.cfs_quota_us", str(quota))
        else:
            self._write("cpu", "cpu.max", f"{quota} {PERIOD_US}")

    def limit_memory(self, size: int) -> None:
        """At most so many bytes; the kernel kills in this group when they do not suffice."""
        self._write("memory", "memory.limit_in_bytes" if self._version == 1 else "memory.max", str(size))

    def usage(self) -> Usage:
        """What the kernel has counted."""
        return self._usage_1() if self._version == 1 else self._usage_2()

    def remove(self) -> None:
        """Remove the group once its processes have ended."""
        for folder in dict.fromkeys(self._folders.values()):
            for _ in range(20):
                with suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.05)

    def _usage_1(self) -> Usage:
        cpu, memory = self._table("cpu", "cpu.stat"), self._table("memory", "memory.stat")
        quota, limit = self._number("cpu", "cpu.cfs_quota_us"), self._number("memory", "memory.limit_in_bytes")
        return Usage(
            cpu_seconds=self._number("cpuacct", "cpuacct.usage") / 1e9,
            memory_bytes=self._number("memory", "memory.usage_in_bytes"),
            cache_bytes=memory.get("inactive_file", 0.0),
            oom_kills=self._table("memory", "memory.oom_control").get("oom_kill", 0.0),
            periods=cpu.get("nr_periods", 0.0),
            throttled_periods=cpu.get("nr_throttled", 0.0),
            throttled_seconds=cpu.get("throttled_time", 0.0) / 1e9,
            quota_us=None if quota < 0 else quota,
            memory_limit_bytes=None if limit > 1 << 60 else limit,
        )

    def _usage_2(self) -> Usage:
        cpu, quota = self._table("cpu", "cpu.stat"), self._read("cpu", "cpu.max").split()[0]
        limit = self._read("memory", "memory.max").strip()
        return Usage(
            cpu_seconds=cpu["usage_usec"] / 1e6,
            memory_bytes=self._number("memory", "memory.current"),
            cache_bytes=self._table("memory", "memory.stat").get("inactive_file", 0.0),
            oom_kills=self._table("memory", "memory.events").get("oom_kill", 0.0),
            periods=cpu.get("nr_periods", 0.0),
            throttled_periods=cpu.get("nr_throttled", 0.0),
            throttled_seconds=cpu.get("throttled_usec", 0.0) / 1e6,
            quota_us=None if quota == "max" else float(quota),
            memory_limit_bytes=None if limit == "max" else float(limit),
        )

    def _read(self, controller: str, name: str) -> str:
        return (self._folders[controller] / name).read_text(encoding="ascii")

    def _write(self, controller: str, name: str, text: str) -> None:
        (self._folders[controller] / name).write_text(text, encoding="ascii")

    def _number(self, controller: str, name: str) -> float:
        return float(self._read(controller, name))

    def _table(self, controller: str, name: str) -> dict[str, float]:
        pairs = (line.split() for line in self._read(controller, name).splitlines())
        return {key: float(value) for key, value in pairs}


def parents(mounts: str, own: str) -> tuple[dict[str, Path], int]:
    """Where groups may be made, from /proc/mounts and /proc/self/cgroup: folders by controller, and the version."""
    paths = {tuple(line.split(":")[1].split(",")): line.split(":", 2)[2] for line in own.splitlines()}
    found: dict[str, Path] = {}
    for line in mounts.splitlines():
        _, point, kind, options = line.split()[:4]
        for controller in NEEDED if kind == "cgroup" else ():
            if controller in options.split(","):
                inside = next((path for names, path in paths.items() if controller in names), "/")
                found[controller] = Path(point) / inside.lstrip("/")
    if len(found) == len(NEEDED):
        return found, 1
    for line in mounts.splitlines():
        _, point, kind, _ = line.split()[:4]
        if kind == "cgroup2":
            return dict.fromkeys(NEEDED, Path(point)), 2
    return {}, 0


def make_group(name: str) -> Group | None:
    """A new group, or nothing where the machine does not let us make one that can be limited."""
    mounts, own = (
        Path("/proc/mounts").read_text(encoding="utf-8"),
        Path("/proc/self/cgroup").read_text(encoding="utf-8"),
    )
    above, version = parents(mounts, own)
    if not above:
        return None
    group = Group({controller: folder / name for controller, folder in above.items()}, version)
    try:
        for folder in dict.fromkeys(above.values()):
            (folder / name).mkdir(exist_ok=True)
        group.usage()
    except (OSError, KeyError):
        group.remove()
        return None
    return group


def needed(group: Group | None, what: str) -> Group:
    """The group; LabError where there is none."""
    if group is None:
        raise LabError(f"{what} needs control groups (cpu, memory) that this user may make")
    return group
