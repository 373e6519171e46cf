"""Redis's own statistics under the names of redis_exporter."""

from __future__ import annotations

from collections.abc import Sequence

import redis

from lab.recorder.metrics import Reading

# INFO field -> exporter name
FIELDS = {
    "connected_clients": "redis_connected_clients",
    "blocked_clients": "redis_blocked_clients",
    "used_memory": "redis_memory_used_bytes",
    "used_memory_rss": "redis_memory_used_rss_bytes",
    "maxmemory": "redis_memory_max_bytes",
    "keyspace_hits": "redis_keyspace_hits_total",
    "keyspace_misses": "redis_keyspace_misses_total",
    "evicted_keys": "redis_evicted_keys_total",
    "expired_keys": "redis_expired_keys_total",
    "rejected_connections": "redis_rejected_connections_total",
    "total_commands_processed": "redis_commands_processed_total",
    "total_connections_received": "redis_connections_received_total",
    "total_net_input_bytes": "redis_net_input_bytes_total",
    "total_net_output_bytes": "redis_net_output_bytes_total",
    "used_cpu_sys": "redis_cpu_sys_seconds_total",
    "used_cpu_user": "redis_cpu_user_seconds_total",
    "uptime_in_seconds": "redis_uptime_in_seconds",
}


class RedisExporter:
    """Reads INFO of one server."""

    def __init__(self, url: str, service: str, streams: Sequence[str] = ()) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=3)
        self._service = service
        self._streams = streams

    @property
    def labels(self) -> dict[str, str]:
        """The cache is the entity."""
        return {"service_name": self._service, "job": "redis", "instance": f"{self._service}:6379"}

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def read(self) -> list[Reading]:
        """All figures now."""
        try:
            info = self._client.info()
            commands = self._client.info("commandstats")
            streams = [reading for stream in self._streams for reading in self._stream(stream)]
        except redis.RedisError as error:
            raise OSError(str(error)) from error
        readings = [Reading("redis_up", {}, 1.0), *streams]
        readings += [Reading(name, {}, float(info[field])) for field, name in FIELDS.items() if field in info]
        keys = info.get("db0", {}).get("keys", 0)
        readings.append(Reading("redis_db_keys", {"db": "db0"}, float(keys)))
        for command, figures in commands.items():
            labels = {"cmd": command.removeprefix("cmdstat_")}
            readings.append(Reading("redis_commands_total", labels, float(figures["calls"])))
            readings.append(Reading("redis_commands_duration_seconds_total", labels, float(figures["usec"]) / 1e6))
        return readings

    def _stream(self, stream: str) -> list[Reading]:
        if not self._client.exists(stream):
            return []
        own = {"db": "db0", "stream": stream}
        readings = [Reading("redis_stream_length", own, float(self._client.xlen(stream)))]
        for group in self._client.xinfo_groups(stream):
            named = {**own, "group": group["name"].decode()}
            pending, lag = float(group["pending"]), float(group["lag"] or 0)
            readings.append(Reading("redis_stream_group_messages_pending", named, pending))
            readings.append(Reading("redis_stream_group_lag", named, lag))
            readings.append(Reading("redis_stream_group_consumers", named, float(group["consumers"])))
        return readings
