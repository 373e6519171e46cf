"""A volume's size and free space, under the names of node_exporter."""

from __future__ import annotations

import os
from pathlib import Path

from lab.recorder.metrics import Reading


class VolumeExporter:
    """The file system that a server keeps its data on."""

    def __init__(self, service: str, folder: Path, mountpoint: str) -> None:
        self._service = service
        self._folder = folder
        self._own = {"mountpoint": mountpoint, "device": "tmpfs", "fstype": "tmpfs"}

    @property
    def labels(self) -> dict[str, str]:
        """The server's own host."""
        return {"service_name": self._service, "job": "node", "instance": f"{self._service}:9100"}

    def close(self) -> None:
        """Nothing is held open."""

    def read(self) -> list[Reading]:
        """All figures now."""
        found = os.statvfs(self._folder)
        return [
            Reading("node_filesystem_size_bytes", self._own, float(found.f_blocks * found.f_frsize)),
            Reading("node_filesystem_free_bytes", self._own, float(found.f_bfree * found.f_frsize)),
            Reading("node_filesystem_avail_bytes", self._own, float(found.f_bavail * found.f_frsize)),
            Reading("node_filesystem_files", self._own, float(found.f_files)),
            Reading("node_filesystem_files_free", self._own, float(found.f_ffree)),
        ]
