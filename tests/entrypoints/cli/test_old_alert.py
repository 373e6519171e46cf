"""An alert that fires for days, on a real Prometheus: tonight is looked at, and the screen says so."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from compass.domain.time import NS_PER_S, to_datetime
from tests.support.cli import Cli
from tests.support.live_stack import BAD, BEFORE, serving
from tests.support.prometheus import needs_prometheus

pytestmark = [pytest.mark.xdist_group("cli"), needs_prometheus()]


@pytest.mark.long
def test_tonight_is_looked_at_and_the_way_to_its_start_is_shown(cli: Cli, tmp_path: Path) -> None:
    labels = {"alertname": "HighLatency", "service_name": "web"}
    began = to_datetime((int(time.time()) - 3 * 86_400) * NS_PER_S).isoformat()
    alert = {"labels": labels, "annotations": {"summary": "Checkout is slow"}, "startsAt": began, "status": "firing"}
    page = tmp_path / "page.json"
    page.write_text(json.dumps({"alerts": [alert]}))
    for stack in serving(tmp_path / "server", [BEFORE, BAD]):
        cli.environment = stack.settings(tmp_path)
        done = cli("investigate", "--alert", page)
        assert done.code in (0, 3), done.said
        for said in (done.err, done.out):
            assert "it fires since 3 d: this looks at the last 60 min" in said
            assert f"--at {began[:16]}Z looks at its start" in said
        view = cli("show", "--json").json()
        assert isinstance(view, dict)
        assert {one["entity"]["name"] for one in view["accounts"]} <= {"web", "orders"}
        assert view["accounts"]
        old = cli("investigate", "--alert", page, "--at", "3d")
        assert "it fires since" not in old.said
