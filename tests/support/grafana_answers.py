"""What Grafana says of itself, as far as COMPASS and its tests ask: https://grafana.com/docs/grafana/latest/developers/http_api/

Names and types as in its published description (OpenAPI): DataSourceListItemDTO, DataSource, Annotation,
healthResponse, RuleResponse, gettableAlerts.
"""

from __future__ import annotations

import msgspec

Labels = dict[str, str]
_SLUGS = {"prometheus": "Prometheus", "loki": "Loki", "tempo": "Tempo"}


class Message(msgspec.Struct):
    """An error, or a source's health."""

    message: str


class Health(msgspec.Struct):
    commit: str
    database: str
    version: str


class Listed(msgspec.Struct, rename="camel", kw_only=True):
    """DataSourceListItemDTO. `url` is where the real server is."""

    uid: str
    name: str
    type: str
    url: str
    id: int = 1
    org_id: int = 1
    type_name: str = ""
    type_logo_url: str = ""
    access: str = "proxy"
    user: str = ""
    database: str = ""
    basic_auth: bool = False
    is_default: bool = False
    json_data: Labels = {}
    read_only: bool = True

    def whole(self) -> DataSource:
        return DataSource(
            id=self.id, uid=self.uid, name=self.name, type=self.type, url=self.url, is_default=self.is_default,
            json_data=self.json_data,
        )  # fmt: skip


class DataSource(msgspec.Struct, rename="camel", kw_only=True):
    """DataSource, as one is read by its uid."""

    id: int
    uid: str
    name: str
    type: str
    url: str
    org_id: int = 1
    type_logo_url: str = ""
    access: str = "proxy"
    user: str = ""
    database: str = ""
    basic_auth: bool = False
    basic_auth_user: str = ""
    with_credentials: bool = False
    is_default: bool = False
    json_data: Labels = {}
    secure_json_fields: dict[str, bool] = {}
    version: int = 1
    read_only: bool = True
    access_control: dict[str, bool] = {}

    def listed(self) -> Listed:
        return Listed(
            id=self.id, uid=self.uid, name=self.name, type=self.type, url=self.url, is_default=self.is_default,
            json_data=self.json_data, type_name=_SLUGS.get(self.type, self.type),
        )  # fmt: skip


class BuildInfo(msgspec.Struct):
    version: str = "12.4.0"
    edition: str = "Open Source"


class FrontendSettings(msgspec.Struct, rename="camel"):
    """The little of it that clients look at before they ask anything."""

    build_info: BuildInfo = msgspec.field(default_factory=BuildInfo)
    namespace: str = "default"


class Annotation(msgspec.Struct, rename={
    "alert_id": "alertId", "alert_name": "alertName", "dashboard_id": "dashboardId", "dashboard_uid": "dashboardUID",
    "panel_id": "panelId", "user_id": "userId", "new_state": "newState", "prev_state": "prevState",
    "time_end": "timeEnd", "avatar_url": "avatarUrl",
}, kw_only=True):  # fmt: skip
    """Times in milliseconds. `alert_id` other than 0: the state of an alert changed to `new_state`."""

    id: int
    time: int
    text: str
    time_end: int = 0
    tags: list[str] = []
    alert_id: int = 0
    alert_name: str = ""
    dashboard_id: int = 0
    dashboard_uid: str = ""
    panel_id: int = 0
    user_id: int = 0
    new_state: str = ""
    prev_state: str = ""
    created: int = 0
    updated: int = 0
    login: str = ""
    email: str = ""
    avatar_url: str = ""
    data: Labels = {}


class RuleAlert(msgspec.Struct, rename="camel", kw_only=True):
    """An instance of a rule."""

    labels: Labels
    annotations: Labels
    state: str
    active_at: str
    value: str = ""


class Rule(msgspec.Struct, rename="camel", kw_only=True):
    """Grafana's own rule, as its Prometheus-like API tells."""

    uid: str
    name: str
    state: str
    active_at: str = "0001-01-01T00:00:00Z"
    folder_uid: str = "folder"
    query: str = ""
    duration: float = 0.0
    labels: Labels = {}
    annotations: Labels = {}
    alerts: list[RuleAlert] = []
    health: str = "ok"
    type: str = "alerting"
    last_evaluation: str = "0001-01-01T00:00:00Z"
    evaluation_time: float = 0.0


class RuleGroup(msgspec.Struct, rename="camel", kw_only=True):
    name: str
    rules: list[Rule]
    file: str = "folder"
    folder_uid: str = "folder"
    interval: float = 60.0
    last_evaluation: str = "0001-01-01T00:00:00Z"
    evaluation_time: float = 0.0


class RulesData(msgspec.Struct):
    groups: list[RuleGroup]


class Rules(msgspec.Struct):
    data: RulesData
    status: str = "success"


class Receiver(msgspec.Struct):
    name: str


class AlertStatus(msgspec.Struct, rename="camel"):
    state: str = "active"
    inhibited_by: list[str] = []
    silenced_by: list[str] = []


class ActiveAlert(msgspec.Struct, rename={
    "starts_at": "startsAt", "ends_at": "endsAt", "updated_at": "updatedAt", "generator_url": "generatorURL",
}, kw_only=True):  # fmt: skip
    """gettableAlert of Grafana's Alertmanager."""

    labels: Labels
    annotations: Labels
    starts_at: str
    ends_at: str
    updated_at: str
    fingerprint: str
    generator_url: str = ""
    receivers: list[Receiver] = msgspec.field(default_factory=lambda: [Receiver("default")])
    status: AlertStatus = msgspec.field(default_factory=AlertStatus)
