"""A real Prometheus in which an incident (tests/support/courses) goes on until now, and the settings that name it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from compass.domain.time import NS_PER_S, to_datetime
from tests.support.courses import Course, factors, write_course
from tests.support.incidents import STEP_S
from tests.support.prometheus import prometheus
from tests.support.recordings import START_NS

BEFORE, BAD = (40.0, 1.0), (15.0, 8.0)


@dataclass(frozen=True, slots=True)
class Stack:
    """A Prometheus in which the incident began 40 minutes after `start_ns`, and the settings that name it."""

    url: str
    start_ns: int

    def settings(self, folder: Path) -> dict[str, str]:
        config = folder / "compass.toml"
        config.write_text(f'[sources.metrics]\ntype = "mimir"\nurl = "{self.url}"\n')
        return {"COMPASS_CONFIG": str(config)}

    def told(self, folder: Path) -> list[str]:
        """Options that name the window while it was bad, and the page."""
        page = folder / "page.json"
        labels = {"alertname": "HighLatency", "service_name": "web", "severity": "critical"}
        alert = {"labels": labels, "annotations": {"summary": "Checkout is slow"}, "startsAt": self.at(45)}
        page.write_text(json.dumps({"alerts": [alert]}))
        return ["--alert", str(page), "--from", self.at(0), "--to", self.at(54)]

    def at(self, minutes: float) -> str:
        return to_datetime(self.start_ns + round(minutes * 60 * NS_PER_S)).isoformat()


def serving(folder: Path, course: Course, rules: str = "", scrape: str = "") -> Iterator[Stack]:
    """A server whose samples end now. `scrape` is an address (host:port) whose /metrics it reads once a second."""
    shift_s = int(time.time()) - START_NS // NS_PER_S - round(len(factors(course)) * STEP_S)
    recording = write_course(folder / "course", course)
    with prometheus(folder / "server", recording, shift_s=shift_s, rules=rules, scrape=scrape) as url:
        yield Stack(url, START_NS + shift_s * NS_PER_S)
