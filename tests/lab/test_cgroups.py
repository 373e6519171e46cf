"""Control groups: where they are made, what is written and read, in both versions, on files that stand for them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("prometheus_client", reason="needs requirements/lab.in")

from lab.cgroups import NEEDED, Group, needed, parents
from lab.processes import LabError
from lab.recorder.cgroup import CgroupExporter

V1 = """\
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
"""
V2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"
FILES_1 = {
    "cpu.stat": "nr_periods 200\nnr_throttled 50\nthrottled_time 2500000000\n",
    "cpu.cfs_quota_us": "5000",
    "cpuacct.usage": "3000000000",
    "memory.usage_in_bytes": "1000",
    "memory.limit_in_bytes": "9223372036854771712",
    "memory.stat": "cache 400\ninactive_file 300\n",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
}
FILES_2 = {
    "cpu.stat": "usage_usec 3000000\nnr_periods 200\nnr_throttled 50\nthrottled_usec 2500000\n",
    "cpu.max": "5000 100000",
    "memory.current": "1000",
    "memory.max": "max",
    "memory.stat": "anon 700\ninactive_file 300\n",
    "memory.events": "low 0\noom 3\noom_kill 2\n",
}


def group(folder: Path, version: int) -> Group:
    for name, text in (FILES_1 if version == 1 else FILES_2).items():
        (folder / name).write_text(text, encoding="ascii")
    return Group(dict.fromkeys(NEEDED, folder), version)


def test_groups_are_made_under_the_own_group_in_version_1() -> None:
    found, version = parents(V1, "4:memory:/own/place\n2:cpu,cpuacct:/\n0::/\n")
    assert version == 1
    assert found["memory"] == Path("/sys/fs/cgroup/memory/own/place")
    assert found["cpu"] == found["cpuacct"] == Path("/sys/fs/cgroup/cpu,cpuacct")


def test_version_2_has_one_folder_for_all() -> None:
    found, version = parents(V2, "0::/\n")
    assert (set(found.values()), version) == ({Path("/sys/fs/cgroup")}, 2)
    assert parents("proc /proc proc rw 0 0\n", "") == ({}, 0)


@pytest.mark.parametrize("version", [1, 2])
def test_both_versions_show_the_same_figures(tmp_path: Path, version: int) -> None:
    exporter = CgroupExporter("orders", group(tmp_path, version))
    shown = {reading.name: reading.value for reading in exporter.read()}
    assert shown == {
        "container_cpu_usage_seconds_total": 3.0,
        "container_memory_usage_bytes": 1000.0,
        "container_memory_working_set_bytes": 700.0,
        "container_oom_events_total": 2.0,
        "container_cpu_cfs_periods_total": 200.0,
        "container_cpu_cfs_throttled_periods_total": 50.0,
        "container_cpu_cfs_throttled_seconds_total": 2.5,
        "container_spec_memory_limit_bytes": 0.0,
        "container_spec_cpu_quota": 5000.0,
        "container_spec_cpu_period": 100000.0,
    }
    assert exporter.labels["service_name"] == "orders"


@pytest.mark.parametrize(
    ("version", "cpu", "memory"),
    [(1, ("cpu.cfs_quota_us", "2500"), "memory.limit_in_bytes"), (2, ("cpu.max", "2500 100000"), "memory.max")],
)
def test_limits_are_written(tmp_path: Path, version: int, cpu: tuple[str, str], memory: str) -> None:
    made = group(tmp_path, version)
    made.limit_cpu(0.025)
    made.limit_memory(123456)
    assert (tmp_path / cpu[0]).read_text(encoding="ascii") == cpu[1]
    assert (tmp_path / memory).read_text(encoding="ascii") == "123456"


def test_a_machine_without_groups_is_told() -> None:
    with pytest.raises(LabError, match="limiting memory needs control groups"):
        needed(None, "limiting memory")
