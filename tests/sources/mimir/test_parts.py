"""Answers read, alerts rebuilt, options checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compass.domain.time import NS_PER_S, Window
from compass.entrypoints.clock import SystemClock
from compass.ports.errors import ConfigurationError, SourceRefusedError
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.http.replies import Reply
from compass.sources.live.connector import Means
from compass.sources.mimir import CONNECTOR
from compass.sources.mimir.alerts import alerts_of, queries_of
from compass.sources.mimir.api import FoundRule
from compass.sources.mimir.connector import matchers_of
from compass.sources.mimir.samples import Measured, read_matrix


def reply(text: str) -> Reply:
    return Reply(body=text.encode(), content_type="application/json", where="mimir")


def test_a_matrix_is_columns() -> None:
    found = read_matrix(reply(
        '{"status":"success","data":{"resultType":"matrix","result":['
        '{"metric":{"__name__":"a"},"values":[[1436.781,"1"],[1451.781,"NaN"]]},'
        '{"metric":{"__name__":"empty"},"values":[]},'
        '{"metric":{"__name__":"h"},"histograms":[[1436.781,{"count":"1"}]]},'
        '{"metric":{"__name__":"b"},"values":[[1.5,"+Inf"]]}]},"warnings":["partial"]}'
    ))  # fmt: skip
    assert [labels["__name__"] for labels in found.labels] == ["a", "b"]
    assert found.series.tolist() == [0, 0, 1]
    assert found.time_ns.tolist() == [1436_781_000_000, 1451_781_000_000, 1_500_000_000]
    np.testing.assert_array_equal(found.value, [1.0, np.nan, np.inf])
    assert (found.native, found.warnings) == (1, ("partial",))


def test_a_vector_is_one_sample_each() -> None:
    found = read_matrix(reply(
        '{"data":{"resultType":"vector","result":[{"metric":{"x":"y"},"value":[1700000000.123,"2.5"]}]}}'
    ))  # fmt: skip
    assert (found.time_ns.tolist(), found.value.tolist()) == ([1_700_000_000_123_000_000], [2.5])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"data":{"resultType":"scalar","result":[1,"2"]}}', "scalar"),
        ('{"data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"x"]]}]}}', "cannot be read"),
        ('{"data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"],[3]]}]}}', "cannot be read"),
        ("<html>log in</html>", "not what its API describes"),
    ],
)
def test_anything_else_is_told(text: str, told: str) -> None:
    with pytest.raises(SourceRefusedError, match=told):
        read_matrix(reply(text))


def fired(*stretches: tuple[float, float], step_s: float = 30.0) -> Measured:
    times = np.concatenate([np.arange(a, b + 1, step_s) for a, b in stretches])
    return Measured(
        labels=[{"__name__": "ALERTS", "alertstate": "firing", "alertname": "Slow", "service": "web"}],
        series=np.zeros(times.size, dtype=np.int64), time_ns=(times * NS_PER_S).astype(np.int64),
        value=np.ones(times.size),
    )  # fmt: skip


def test_each_time_an_alert_fired_is_one_alert() -> None:
    window = Window(start_ns=0, end_ns=7200 * NS_PER_S)
    first, second = alerts_of(fired((600, 900), (3600, 7200)), {"Slow": {"summary": "too slow"}}, window)
    assert (first["startsAt"], first["endsAt"], first["status"]) == (
        "1970-01-01T00:10:00Z", "1970-01-01T00:15:00Z", "resolved",
    )  # fmt: skip
    assert (second["startsAt"], second["status"]) == ("1970-01-01T01:00:00Z", "firing")
    assert "endsAt" not in second
    assert second["labels"] == {"alertname": "Slow", "service": "web"}
    assert second["annotations"] == {"summary": "too slow"}


def test_an_alert_is_asked_for_by_the_expression_of_its_rule() -> None:
    rules = [
        FoundRule(name="Slow", query="latency > 1"), FoundRule(name="Twice", query="a > 1"),
        FoundRule(name="Twice", query="a > 2"), FoundRule(name="Long", query="x" * 3_000),
        FoundRule(name="Secret", query='up{url="https://user:hunter2hunter2@x"} == 0'),
    ]  # fmt: skip
    found = queries_of(["Slow", "Twice", "Long", "Secret", 'No "rule"'], rules)
    assert {query.language for query in found.values()} == {"promql"}
    assert [query.text for query in found.values()] == [
        "latency > 1", 'ALERTS{alertname="Twice"}', 'ALERTS{alertname="Long"}', 'ALERTS{alertname="Secret"}',
        'ALERTS{alertname="No \\"rule\\""}',
    ]  # fmt: skip


def test_matchers_are_one_pair_of_braces() -> None:
    assert matchers_of(' {a="b", } ', "m") == 'a="b"'
    assert matchers_of("", "m") == ""
    for bad in ('{a="b"}{c="d"}', '{a="b}'):
        with pytest.raises(ConfigurationError, match="no list of matchers"):
            matchers_of(bad, "m")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"type": "mimir"}, "url"),
        ({"type": "mimir", "url": "mimir.example"}, "no address"),
        ({"type": "mimir", "url": "http://h", "tokn": "x"}, "tokn"),
        ({"type": "mimir", "url": "http://h", "token": "glsa_secret"}, "named here, not written"),
        ({"type": "mimir", "url": "http://h", "token": "env:NOT_THERE"}, "NOT_THERE"),
        ({"type": "mimir", "url": "http://h", "token": "file:not-there"}, "cannot be read"),
    ],
)
def test_options_that_are_wrong_are_named(table: dict[str, object], told: str, tmp_path: Path) -> None:
    means = Means(clock=SystemClock(), ledger=Ledger(), secrets=Secrets({}, tmp_path))
    with pytest.raises(ConfigurationError, match=told) as caught:
        CONNECTOR.connect("metrics", table, means)
    assert "glsa_secret" not in str(caught.value)
