"""What the kernel counts for a service's control group, under the names of cAdvisor."""

from __future__ import annotations

from lab.cgroups import PERIOD_US, Group
from lab.recorder.metrics import Reading


class CgroupExporter:
    """CPU, throttling, memory and kills of one service's group."""

    def __init__(self, service: str, group: Group) -> None:
        self._service = service
        self._group = group

    @property
    def labels(self) -> dict[str, str]:
        """The service's container is the entity."""
        return {"service_name": self._service, "job": "cadvisor", "instance": f"{self._service}:8080"}

    def close(self) -> None:
        """Nothing is held open."""

    def read(self) -> list[Reading]:
        """All figures now."""
        usage, own = self._group.usage(), {"container": self._service}
        readings = [
            Reading("container_cpu_usage_seconds_total", own, usage.cpu_seconds),
            Reading("container_memory_usage_bytes", own, usage.memory_bytes),
            Reading("container_memory_working_set_bytes", own, max(usage.memory_bytes - usage.cache_bytes, 0.0)),
            Reading("container_oom_events_total", own, usage.oom_kills),
            Reading("container_cpu_cfs_periods_total", own, usage.periods),
            Reading("container_cpu_cfs_throttled_periods_total", own, usage.throttled_periods),
            Reading("container_cpu_cfs_throttled_seconds_total", own, usage.throttled_seconds),
            # As cAdvisor: 0 where there is no limit.
            Reading("container_spec_memory_limit_bytes", own, usage.memory_limit_bytes or 0.0),
        ]
        if usage.quota_us is not None:
            readings.append(Reading("container_spec_cpu_quota", own, usage.quota_us))
            readings.append(Reading("container_spec_cpu_period", own, float(PERIOD_US)))
        return readings
