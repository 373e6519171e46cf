"""What a team knows about its own systems and wrote down for review: normal behaviour, known issues, false alarms, ...

It is written as YAML in the team's git repository and takes effect when it is applied; an investigation records what it
was told (`TeamKnowledge`), so that its board stays a pure fold of its chronicle. It explains and annotates. It moves no
posterior by itself, except that what a team calls normal, or a false alarm, is not counted as a symptom; and nothing
ever masks a critical error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from compass.domain.entity import EntityKind
from compass.domain.incident import Severity


class Level(StrEnum):
    """How far something reaches. An entry replaces one of the same kind and id that reaches farther."""

    GLOBAL = "global"
    TEAM = "team"
    SERVICE = "service"
    INSTANCE = "instance"


LEVELS: tuple[Level, ...] = (Level.GLOBAL, Level.TEAM, Level.SERVICE, Level.INSTANCE)
"""From the one that reaches farthest: later ones win."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where entries hold. `name` is that of the team, service or instance, "" for GLOBAL; `namespace` "" is any.

    A service's entries hold for what belongs to it, too (its workloads, pods, containers); an instance is one pod,
    node, database, cache, queue or volume.
    """

    level: Level = Level.GLOBAL
    name: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where an entry was written: the path within the team's folder, and the line it begins at (from 1)."""

    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """A time that comes back each week. `days` are 0 (Monday) to 6, none means every day; `start` and `end` are minutes
    after midnight in the IANA time zone `zone`; an end at or before the start lies on the next day."""

    start: int
    end: int
    days: tuple[int, ...] = ()
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stretch of time, both ends with their offset from UTC; an end of None is open."""

    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What every entry has. `id` is unique among its kind and reach; `why` says what a reader should know; from the day
    `until` on it holds no more (and validation says that it has run out)."""

    id: str
    reach: Reach
    written: Written
    why: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """What of an incident an entry is about; every part that is given must match.

    `signs` are words of `domain.sign` (one of them; `log.*` by prefix); `alerts` names of alerts; `lines` texts that a
    log template contains, `*` standing for anything; `kinds` of entity. All empty matches nothing.
    """

    signs: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    kinds: tuple[EntityKind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalBehaviour(Entry):
    """This is how it behaves: such signs are no symptom while the value is within [`at_least`, `at_most`] (in `unit`,
    UCUM; None is open) and, where `during` is given, at that time."""

    matching: Matching
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""
    during: tuple[Weekly, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarm(Entry):
    """Signs, alerts or lines that have nothing to do with incidents: shown as set aside, never counted as symptoms."""

    matching: Matching


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalError(Entry):
    """Lines that must be seen: always shown, first, and never masked by what is normal, a false alarm or an ignore
    rule."""

    lines: tuple[str, ...]
    means: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIssue(Entry):
    """Something the team has met and not mended. It is shown when it matches and proposes what it is (`mechanism` at
    `entity`, "" the one that was matched), which then has to survive like any other account."""

    matching: Matching
    says: str
    mechanism: str = ""
    entity: str = ""
    workaround: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance(Entry):
    """Work that was announced: it annotates what happens meanwhile, and suppresses nothing."""

    says: str
    spans: tuple[Span, ...] = ()
    weekly: tuple[Weekly, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency(Entry):
    """`caller` depends on `callee`, where telemetry may not show it. `kind` is that of the callee."""

    caller: str
    callee: str
    kind: EntityKind = EntityKind.SERVICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation(Entry):
    """Whom to call. `severities` none: any. `how` is a channel, number or address as people use it."""

    who: str
    how: str
    severities: tuple[Severity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRule(Entry):
    """What a metric of the team means: a rule of the signal catalogue, in front of those that ship."""

    rule: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMechanism(Entry):
    """A mechanism of the team's own, as one stands in the catalogue."""

    mechanism: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamKnowledge:
    """Everything that was applied as one version, entries in the order of reach, path and line.

    `version` counts what was applied to this database from 1 (0: not applied, as in a dry run); `digest` is that of the
    canonical content; `commit` that of the team's repository where one is known, with "+" where files differed from it.
    """

    version: int = 0
    digest: str = ""
    commit: str = ""
    normal: tuple[NormalBehaviour, ...] = ()
    false_alarms: tuple[FalseAlarm, ...] = ()
    critical_errors: tuple[CriticalError, ...] = ()
    known_issues: tuple[KnownIssue, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    escalation: tuple[Escalation, ...] = ()
    metrics: tuple[MetricRule, ...] = ()
    mechanisms: tuple[TeamMechanism, ...] = ()
