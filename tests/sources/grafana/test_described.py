"""Each answer of the stand-in Grafana's own is one that Grafana's published description allows."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from compass.sources.grafana.api import ENDPOINTS
from tests.support.grafana_answers import ActiveAlert, Annotation, Listed, Rule, RuleAlert, RuleGroup
from tests.support.grafana_described import ABSENT, Description, description
from tests.support.grafana_stand_in import TOKEN, GrafanaStandIn, grafana_stand_in

T0, T1 = "2026-01-05T10:11:00Z", "2026-01-05T10:15:00Z"
OWN = (
    "/api/health", "/api/datasources", "/api/datasources/uid/prom-1", "/api/datasources/uid/prom-1/health",
    "/api/annotations", "/api/prometheus/grafana/api/v1/rules", "/api/alertmanager/grafana/api/v2/alerts",
)  # fmt: skip
ERRORS = (("GET", "/api/datasources/uid/none", TOKEN, 404), ("GET", "/api/annotations", "wrong", 401),
          ("POST", "/api/annotations", TOKEN, 403), ("GET", "/api/nothing", TOKEN, 404))  # fmt: skip
# A small description of the same form as Grafana's.
SMALL = {
    "basePath": "/api",
    "responses": {"list": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Thing"}}}},
    "paths": {"/things": {"get": {"responses": {"200": {"$ref": "#/responses/list"}}}},
              "/things/{uid}": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/Thing"}}}}}},
    "definitions": {
        "Thing": {"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string"}, "at": {"type": "string", "format": "date-time"},
            "state": {"type": "string", "enum": ["[active gone]"]},
        }},
        "ErrorResponseBody": {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}},
    },
}  # fmt: skip


@pytest.fixture
def stand_in() -> Iterator[GrafanaStandIn]:
    labels = {"alertname": "Slow", "service": "web"}
    noted = Annotation(id=7, time=1, time_end=2, text="orders 1.4", tags=["deploy"], dashboard_uid="shop", panel_id=4)
    instance = RuleAlert(labels=labels, annotations={}, state="Alerting", active_at=T0, value="1")
    rule = Rule(uid="u1", name="Slow", state="firing", query="up", labels=labels, alerts=[instance])
    alert = ActiveAlert(labels=labels, annotations={}, fingerprint="1", starts_at=T0, ends_at=T1, updated_at=T0)
    with grafana_stand_in(
        Listed(uid="prom-1", name="Metrics", type="prometheus", url="http://127.0.0.1:1"), annotations=[noted],
        groups=[RuleGroup(name="g", rules=[rule])], alerts=[alert],
    ) as made:  # fmt: skip
        yield made


def ask(stand_in: GrafanaStandIn, path: str, token: str = TOKEN, method: str = "GET") -> int:
    request = urllib.request.Request(f"{stand_in.url}{path}", method=method)
    request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer) not in ([], {})
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_what_the_source_asks_is_what_is_held_against_the_description() -> None:
    assert {one.path for one in ENDPOINTS} <= set(OWN)


@pytest.mark.skipif(description() is None, reason=ABSENT)
def test_every_own_answer_is_as_described(stand_in: GrafanaStandIn) -> None:
    assert [ask(stand_in, path) for path in OWN] == [200] * len(OWN)
    assert [ask(stand_in, path, token, method) for method, path, token, _ in ERRORS] == [one[3] for one in ERRORS]
    assert stand_in.broken == []
    assert stand_in.undescribed == set()


@pytest.mark.skipif(description() is None, reason=ABSENT)
def test_what_mcp_grafana_looks_at_first_is_described_nowhere(stand_in: GrafanaStandIn) -> None:
    assert ask(stand_in, "/api/frontend/settings") == 200
    assert stand_in.undescribed == {"/api/frontend/settings"}


@pytest.fixture
def small(tmp_path: Path) -> Description:
    (tmp_path / "api.json").write_text(json.dumps(SMALL))
    return Description(tmp_path / "api.json")


@pytest.mark.parametrize(
    ("path", "body", "fault"),
    [
        ("/api/things", '[{"name": "a"}, {"name": 1}]', "$[1].name: 1 is not of type 'string'"),
        ("/api/things", "{}", "$: {} is not of type 'array'"),
        ("/api/things/a", "{}", "'name' is a required property"),
        ("/api/things/a", '{"name": "a", "more": 1}', "'more' was unexpected"),
        ("/api/things/a", '{"name": "a", "at": ""}', "'' is not a 'date-time'"),
        ("/api/things/a", '{"name": "a", "state": "[active gone]"}', "is not one of ['active', 'gone']"),
    ],
)
def test_what_differs_is_named(small: Description, path: str, body: str, fault: str) -> None:
    (found,) = small.faults("GET", path, 200, body.encode()) or ()
    assert fault in found


def test_what_is_as_described_has_no_fault(small: Description) -> None:
    body = b'{"name": "a", "at": "2026-01-05T10:11:00Z", "state": "active"}'
    assert small.faults("GET", "/api/things/a", 200, body) == []
    assert small.faults("GET", "/api/things/a", 404, b'{"message": "none"}') == []
    assert small.faults("GET", "/api/unknown", 404, b'{"text": "none"}') != []
    assert small.faults("GET", "/api/unknown", 200, b"{}") is None
