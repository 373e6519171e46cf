"""One incident recorded from real processes: the format is right, and the pool really ran out."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml

pytest.importorskip("opentelemetry.sdk", reason="needs requirements/lab.in")
pytest.importorskip("uvicorn", reason="needs requirements/lab.in")
pytest.importorskip("psycopg_pool", reason="needs requirements/lab.in")
pytest.importorskip("redis", reason="needs requirements/lab.in")

from lab.backends import postgres, redis
from lab.incidents.pool_exhaustion import LABEL, SHRINK

REPOSITORY = Path(__file__).parents[2]
LIMIT_SECONDS = 180
POOL_TIMEOUT = "line LIKE '%PoolTimeout: couldn''t get a connection%'"
pytestmark = [
    pytest.mark.lab,
    pytest.mark.slow,
    pytest.mark.skipif(redis.find_binary() is None, reason="needs Debian package redis-server"),
    pytest.mark.skipif(postgres.find_binaries() is None, reason="needs Debian package postgresql"),
]


@dataclass(frozen=True)
class Recording:
    """A recording on disk, to be asked with SQL."""

    folder: Path
    truth: Path

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with duckdb.connect() as connection:
            connection.execute(f"CREATE VIEW spans AS SELECT *, start AS time FROM '{self.folder}/spans.parquet'")
            connection.execute(
                f"CREATE VIEW metrics AS SELECT name, labels::JSON AS labels, time, value "
                f"FROM '{self.folder}/metrics/samples.parquet' "
                f"JOIN '{self.folder}/metrics/series.parquet' USING (series)"
            )
            connection.execute(
                f"CREATE VIEW lines AS SELECT labels::JSON AS labels, time, line, trace_id "
                f"FROM '{self.folder}/logs/lines.parquet' JOIN '{self.folder}/logs/streams.parquet' USING (stream)"
            )
            return connection.execute(query).fetchall()

    def changes(self) -> dict[str, datetime]:
        lines = (self.folder / "changes.jsonl").read_text(encoding="utf-8").splitlines()
        return {entry["service"]: datetime.fromisoformat(entry["time"]) for entry in map(json.loads, lines)}

    def completed(self, service: str) -> datetime:
        lines = (self.folder / "changes.jsonl").read_text(encoding="utf-8").splitlines()
        (entry,) = (entry for entry in map(json.loads, lines) if entry["service"] == service)
        return datetime.fromisoformat(entry["attributes"]["completed_at"])


def test_a_pool_that_runs_out_is_recorded(tmp_path: Path) -> None:
    """One test, so that the recording is made once however the tests are distributed.

    What is checked holds on a busy machine as well: times are compared with each other, never with a clock.
    """
    options = ["--fast", "--out", str(tmp_path), "--id", "fast"]
    command = [sys.executable, "-m", "lab", "record", "pool-exhaustion", *options]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, timeout=LIMIT_SECONDS, check=False)
    assert done.returncode == 0, done.stderr.decode()
    recording = Recording(tmp_path / "fast", tmp_path / "truth" / "fast.yaml")
    check_every_part_is_there(recording)
    check_the_header_names_the_front_end_and_not_the_cause(recording)
    check_the_truth_is_that_of_the_type(recording)
    check_the_harmless_deploy_is_nearer_to_the_page(recording)
    check_the_pool_ran_out_only_after_its_deploy(recording)
    check_the_struck_service_is_recorded_on_both_sides_of_its_deploy(recording)
    check_spans_link_across_the_services(recording)
    check_only_orders_waits_for_its_pool(recording)
    check_nothing_of_this_machine_is_recorded(recording)


def check_every_part_is_there(recording: Recording) -> None:
    there = {path.relative_to(recording.folder).as_posix() for path in recording.folder.rglob("*") if path.is_file()}
    assert there == {
        "recording.yaml",
        "alerts.json",
        "changes.jsonl",
        "topology.jsonl",
        "spans.parquet",
        "metrics/series.parquet",
        "metrics/samples.parquet",
        "logs/streams.parquet",
        "logs/lines.parquet",
    }
    for view in ("spans", "metrics", "lines"):
        ((count,),) = recording.ask(f"SELECT count(*) FROM {view}")
        assert isinstance(count, int)
        assert count > 0, view


def check_the_header_names_the_front_end_and_not_the_cause(recording: Recording) -> None:
    header = yaml.safe_load((recording.folder / "recording.yaml").read_text(encoding="utf-8"))
    assert header["format"] == 1
    assert header["service"] == "storefront"
    assert header["window"]["start"] < header["detected_at"] <= header["window"]["end"]
    assert "pool" not in (recording.folder / "recording.yaml").read_text(encoding="utf-8")
    (alert, *_) = json.loads((recording.folder / "alerts.json").read_text(encoding="utf-8"))
    assert alert["labels"]["service_name"] == "storefront"


def check_the_truth_is_that_of_the_type(recording: Recording) -> None:
    truth, header = (
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (recording.truth, recording.folder / "recording.yaml")
    )
    assert truth["fault_type"] == LABEL.fault_type
    assert truth["entity"] == dict(zip(("kind", "name"), LABEL.entity, strict=True))
    assert truth["trigger"] == {"kind": "deploy", "id": f"{SHRINK.service}-{SHRINK.version}"}
    assert truth["blast_radius"] == list(LABEL.blast_radius)
    assert truth["made_by"] == "pool-exhaustion seed 1"
    assert header["window"]["start"] < truth["onset"] < header["detected_at"]
    shown = recording.ask("SELECT DISTINCT name FROM metrics WHERE labels->>'service_name' = 'orders'")
    for indicator in truth["indicators"]:
        assert any(str(name).startswith(indicator) for (name,) in shown), indicator


def check_the_harmless_deploy_is_nearer_to_the_page(recording: Recording) -> None:
    header = yaml.safe_load((recording.folder / "recording.yaml").read_text(encoding="utf-8"))
    changes = recording.changes()
    truth = yaml.safe_load(recording.truth.read_text(encoding="utf-8"))
    early, late = (decoy.rsplit("-", 1)[0] for decoy in truth["decoys"])
    assert changes[early] < changes["orders"] < changes[late] < header["detected_at"]


def check_the_pool_ran_out_only_after_its_deploy(recording: Recording) -> None:
    before, after = (
        recording.ask(
            "SELECT max(value) FILTER (name = 'db_client_connection_max'), "
            "max(value) FILTER (name = 'db_client_connection_pending_requests'), "
            "max(value) FILTER (name = 'db_client_connection_timeouts_total'), "
            "max(value) FILTER (name = 'pg_stat_activity_count' AND labels->>'state' = 'active') "
            f"FROM metrics WHERE {where}"
        )[0]
        for where in around_the_deploy(recording)
    )
    assert before[:3] == (10.0, 0.0, 0.0)
    assert after[0] == 1.0
    for value in after[1:]:
        assert isinstance(value, float)
    assert after[1] >= 1
    assert after[3] <= 1  # the database itself has less to do than before
    ((told,),) = recording.ask(f"SELECT count(*) FROM lines WHERE {POOL_TIMEOUT}")
    # On a slow machine nobody waits the two seconds of a timeout within so short a recording; who does, says so.
    assert told or not after[2]


def check_the_struck_service_is_recorded_on_both_sides_of_its_deploy(recording: Recording) -> None:
    waits = []
    for where in around_the_deploy(recording):
        for view in ("metrics", "lines"):
            ((count,),) = recording.ask(
                f"SELECT count(*) FROM {view} WHERE labels->>'service_name' = 'orders' AND {where}"
            )
            assert isinstance(count, int)
            assert count > 0, view
        ((requests, waited),) = recording.ask(
            "SELECT count(*) FILTER (kind = 'server'), "
            "quantile_cont(duration_ns, 0.9) FILTER (name = 'acquire connection') "
            f"FROM spans WHERE service = 'orders' AND {where}"
        )
        assert isinstance(requests, int)
        assert requests > 0
        waits.append(waited)
    assert waits[0] < waits[1]


def around_the_deploy(recording: Recording) -> tuple[str, str]:
    """Conditions for what came before the deploy of orders began, and after it was done."""
    begun, done = (
        instant.astimezone(UTC).replace(tzinfo=None)
        for instant in (recording.changes()["orders"], recording.completed("orders"))
    )
    return f"time < TIMESTAMP '{begun}'", f"time > TIMESTAMP '{done}'"


def check_spans_link_across_the_services(recording: Recording) -> None:
    links = recording.ask(
        "SELECT DISTINCT a.service, b.service FROM spans a JOIN spans b "
        "ON b.parent_span_id = a.span_id AND b.trace_id = a.trace_id "
        "WHERE a.kind = 'client' AND b.kind = 'server' ORDER BY ALL"
    )
    declared = [
        (edge["caller"], edge["callee"])
        for edge in map(json.loads, (recording.folder / "topology.jsonl").read_text(encoding="utf-8").splitlines())
        if edge["kind"] == "http"
    ]
    # The catalogue asks for prices only where its cache is empty, which is before the recording.
    assert links == sorted(set(declared) - {("catalog", "pricing")})
    orphans = recording.ask(
        "SELECT count(*) FROM spans s WHERE parent_span_id IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM spans p WHERE p.span_id = s.parent_span_id AND p.trace_id = s.trace_id)"
    )
    assert orphans == [(0,)]
    unanswered = recording.ask(
        "SELECT count(*) FROM spans a WHERE kind = 'client' AND attributes LIKE '%peer.service%' AND status = 'unset' "
        "AND attributes NOT LIKE '%card-network%' "  # a third party: its spans are its own
        "AND NOT EXISTS (SELECT 1 FROM spans b WHERE b.parent_span_id = a.span_id AND b.trace_id = a.trace_id)"
    )
    assert unanswered == [(0,)]


def check_only_orders_waits_for_its_pool(recording: Recording) -> None:
    where = around_the_deploy(recording)[1]
    slowest = recording.ask(
        f"SELECT service FROM spans WHERE kind = 'server' AND service IN ('orders', 'catalog', 'cart', 'payments') "
        f"AND {where} GROUP BY service ORDER BY quantile_cont(duration_ns, 0.9) DESC"
    )
    assert slowest[0] == ("orders",)
    assert recording.ask(f"SELECT DISTINCT labels->>'service_name' FROM lines WHERE {POOL_TIMEOUT}") in (
        [],
        [("orders",)],
    )


def check_nothing_of_this_machine_is_recorded(recording: Recording) -> None:
    found = recording.ask(
        "SELECT text FROM (SELECT labels::VARCHAR AS text FROM metrics UNION SELECT line FROM lines "
        "UNION SELECT resource || attributes FROM spans) "
        "WHERE regexp_matches(text, '127\\.0\\.0\\.1|localhost|/tmp/|/home/|/usr/|site-packages')"
    )
    assert found == []
