"""Entries that contradict each other, or would hide what must be seen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from compass.analysis.units import to_base
from compass.domain.team import (
    CriticalError,
    Entry,
    FalseAlarm,
    KnownIssue,
    Level,
    Matching,
    NormalBehaviour,
    Reach,
    TeamKnowledge,
)
from compass.team.problems import Problems

Matched = NormalBehaviour | FalseAlarm | KnownIssue
THINGS: dict[type[Entry], str] = {
    NormalBehaviour: "normal", FalseAlarm: "a false alarm", KnownIssue: "a known issue"
}  # fmt: skip


def conflicts(knowledge: TeamKnowledge, problems: Problems) -> None:
    """Note them at the entry that comes second, or that would hide."""
    quiet: tuple[NormalBehaviour | FalseAlarm, ...] = (*knowledge.normal, *knowledge.false_alarms)
    for entry in quiet:
        for critical in knowledge.critical_errors:
            if may_meet(entry.reach, critical.reach):
                _hidden(entry, critical, problems)
    _contradicting((*knowledge.normal, *knowledge.false_alarms, *knowledge.known_issues), problems)


def reach_text(reach: Reach) -> str:
    if reach.level is Level.GLOBAL:
        return "global"
    return f"{reach.level} {reach.name}{f' in {reach.namespace}' if reach.namespace else ''}"


def may_meet(one: Reach, other: Reach) -> bool:
    """Whether something can be in both: two services have nothing in common, a service and a team may."""
    if one.level is not other.level or one.level is Level.GLOBAL:
        return True
    apart = one.namespace and other.namespace and one.namespace != other.namespace
    return one.name == other.name and not apart


def covers(wide: str, narrow: str) -> bool:
    """Whether every line that contains `narrow` contains `wide` (`*`: anything), as an investigation asks it: whatever
    the case, and whatever stands beside a star."""
    text, at = narrow.casefold(), 0
    for part in wide.casefold().split("*"):
        piece = part.strip()
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def _hidden(entry: NormalBehaviour | FalseAlarm, critical: CriticalError, problems: Problems) -> None:
    thing, matching = THINGS[type(entry)], entry.matching
    of_logs = not matching.signs or any(sign.startswith("log.") for sign in matching.signs)
    if matching.alerts or not of_logs:
        return
    there = f"the critical error {critical.id!r} ({critical.written.path}:{critical.written.line})"
    if not matching.lines:
        problems.warn(
            entry.written, f"{entry.id!r} calls all log lines of {reach_text(entry.reach)} {thing}",
            f"name the lines that are meant; {there} is shown all the same",
        )  # fmt: skip
    elif any(covers(wide, line) for wide in matching.lines for line in critical.lines):
        problems.add(
            entry.written, f"{entry.id!r} is {thing} and would hide {there}",
            "write more of the line, so that it is another, or take one of the two out",
        )  # fmt: skip
    elif any(covers(wide, line) for wide in critical.lines for line in matching.lines):
        problems.warn(
            entry.written, f"{entry.id!r} is {thing} and a part of {there}", "it will be shown all the same"
        )  # fmt: skip


def _contradicting(entries: Sequence[Matched], problems: Problems) -> None:
    by_place: dict[tuple[Reach, Matching], list[Matched]] = {}
    for entry in entries:
        by_place.setdefault((entry.reach, _unordered(entry.matching)), []).append(entry)
    for same in by_place.values():
        for first, second in combinations(same, 2):
            there = f"{first.id!r} ({first.written.path}:{first.written.line})"
            kinds = {type(first), type(second)}
            if kinds == {NormalBehaviour, FalseAlarm}:
                problems.warn(second.written, f"{second.id!r} says the same as {there}", "one of them is enough")
            elif len(kinds) == 2 and not _bounded(first, second):
                one, other = THINGS[type(first)], THINGS[type(second)]
                problems.add(
                    second.written, f"what {there} calls {one} is {other} in {second.id!r}", "it is one of them: decide"
                )  # fmt: skip
            elif isinstance(first, NormalBehaviour) and isinstance(second, NormalBehaviour) and apart(first, second):
                problems.add(
                    second.written, f"the range of {second.id!r} contradicts that of {there}",
                    "give the range that holds, or say when each does (during)",
                )  # fmt: skip


def apart(one: NormalBehaviour, other: NormalBehaviour) -> bool:
    """Whether nothing can be within both ranges at a time when both hold."""
    if one.during and other.during and one.during != other.during:
        return False
    (of_one, one_factor), (of_other, other_factor) = to_base(one.unit), to_base(other.unit)
    if of_one != of_other:
        return False
    return any(
        low.at_least is not None and high.at_most is not None and low.at_least * by > high.at_most * than
        for low, by, high, than in ((one, one_factor, other, other_factor), (other, other_factor, one, one_factor))
    )


def _bounded(*entries: Matched) -> bool:
    """What is normal up to a value can be an issue above it."""
    return any(
        isinstance(one, NormalBehaviour) and (one.at_least is not None or one.at_most is not None or one.during)
        for one in entries
    )


def _unordered(matching: Matching) -> Matching:
    """The same however its parts are listed."""
    return Matching(
        signs=_sorted(matching.signs), alerts=_sorted(matching.alerts), lines=_sorted(matching.lines),
        kinds=tuple(sorted(set(matching.kinds))),
    )  # fmt: skip


def _sorted(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))
