"""A team's knowledge made by hand."""

from __future__ import annotations

from datetime import date

from compass.domain.entity import EntityKind
from compass.domain.team import (
    CriticalError,
    FalseAlarm,
    KnownIssue,
    Level,
    Matching,
    NormalBehaviour,
    Reach,
    TeamKnowledge,
    Weekly,
    Written,
)

EVERYWHERE = Reach()
WRITTEN = Written(path="team.yaml", line=7)


def of_service(name: str, namespace: str = "") -> Reach:
    return Reach(level=Level.SERVICE, name=name, namespace=namespace)


def of_instance(name: str) -> Reach:
    return Reach(level=Level.INSTANCE, name=name)


def about(*signs: str, lines: tuple[str, ...] = (), alerts: tuple[str, ...] = (), kinds: tuple[EntityKind, ...] = ()) -> Matching:  # noqa: E501  # fmt: skip
    return Matching(signs=signs, lines=lines, alerts=alerts, kinds=kinds)


def normal(
    matching: Matching, reach: Reach = EVERYWHERE, *, id: str = "usual", at_least: float | None = None,  # noqa: A002
    at_most: float | None = None, unit: str = "", during: tuple[Weekly, ...] = (), until: date | None = None,
) -> NormalBehaviour:  # fmt: skip
    return NormalBehaviour(
        id=id, reach=reach, written=WRITTEN, matching=matching, at_least=at_least, at_most=at_most, unit=unit,
        during=during, until=until, why="it is like that",
    )  # fmt: skip


def false_alarm(
    matching: Matching, reach: Reach = EVERYWHERE, *, id: str = "noise", until: date | None = None  # noqa: A002
) -> FalseAlarm:  # fmt: skip
    return FalseAlarm(id=id, reach=reach, written=WRITTEN, matching=matching, until=until)


def critical(
    *lines: str, reach: Reach = EVERYWHERE, id: str = "corruption", means: str = "call storage"  # noqa: A002
) -> CriticalError:  # fmt: skip
    return CriticalError(id=id, reach=reach, written=WRITTEN, lines=lines, means=means)


def known_issue(matching: Matching, reach: Reach = EVERYWHERE, **parts: str) -> KnownIssue:
    made = {"id": "known", "says": "it leaks", **parts}
    return KnownIssue(reach=reach, written=WRITTEN, matching=matching, **made)


def knowledge(
    *, normal: tuple[NormalBehaviour, ...] = (), false_alarms: tuple[FalseAlarm, ...] = (),
    critical_errors: tuple[CriticalError, ...] = (), known_issues: tuple[KnownIssue, ...] = (),
) -> TeamKnowledge:  # fmt: skip
    return TeamKnowledge(
        version=3, digest="d" * 64, normal=normal, false_alarms=false_alarms, critical_errors=critical_errors,
        known_issues=known_issues,
    )  # fmt: skip
