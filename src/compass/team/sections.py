"""Each section of a team's file: from a mapping to an entry. A new section is a function here and a line in READERS."""

from __future__ import annotations

from collections.abc import Mapping

from compass.analysis.units import understood
from compass.domain.entity import EntityKind
from compass.domain.incident import Severity
from compass.domain.team import (
    CriticalError,
    Dependency,
    Escalation,
    FalseAlarm,
    KnownIssue,
    Maintenance,
    NormalBehaviour,
)
from compass.signals.catalogue import builtin
from compass.team.borrowed import mechanism, metric
from compass.team.common import COMMON, KINDS, MATCHING, Place, Reader, common, lines, matching
from compass.team.fields import Fields
from compass.team.times import SPAN_EXAMPLE, WEEKLY_EXAMPLE, is_span, span_of, weekly_of

SEVERITIES: Mapping[str, Severity] = {one.value: one for one in Severity if one is not Severity.UNKNOWN}


def normal(place: Place) -> NormalBehaviour:
    """A usual range of a signal (`at_least` and `at_most` in `unit`, UCUM), at certain times of the week where `during`
    says so. What is wrong with it is noted with its line and what to write instead; nothing is raised."""
    fields, thing = place.fields, "normal behaviour"
    fields.only((*COMMON, *MATCHING, "at_least", "at_most", "unit", "during"), thing)
    low, high, unit = fields.number("at_least"), fields.number("at_most"), fields.text("unit")
    if low is not None and high is not None and low > high:
        fields.wrong(fields.node.line, f"at_least {low:g} is above at_most {high:g}", "exchange them")
    if (low is not None or high is not None) and not unit and fields.node.get("unit") is None:
        fields.missing("unit", "a range", "s")
    if unit and not understood(unit):
        named = builtin().units.get(unit.lower())
        do = f"write {named[0]}" if named else "write s, ms, By, MiBy, %, 1, {request} or {request}/s"
        fields.wrong(_line(fields, "unit"), f"{unit!r} is not a unit that is known", do)
    return NormalBehaviour(
        **common(place, thing), matching=matching(fields, thing), at_least=low, at_most=high, unit=unit,
        during=fields.read("during", weekly_of, example=f'"{WEEKLY_EXAMPLE}"'),
    )  # fmt: skip


def false_alarm(place: Place) -> FalseAlarm:
    thing = "a false alarm"
    place.fields.only((*COMMON, *MATCHING), thing)
    return FalseAlarm(**common(place, thing), matching=matching(place.fields, thing))


def critical_error(place: Place) -> CriticalError:
    fields, thing = place.fields, "a critical error"
    fields.only((*COMMON, "lines", "means"), thing)
    return CriticalError(**common(place, thing), lines=lines(fields, need=thing), means=fields.text("means"))


def known_issue(place: Place) -> KnownIssue:
    """Whether its mechanism is known is checked when all files were read: a team's own may stand in any of them."""
    fields, thing = place.fields, "a known issue"
    fields.only((*COMMON, *MATCHING, "says", "mechanism", "entity", "workaround", "link"), thing)
    found = KnownIssue(
        **common(place, thing), matching=matching(fields, thing), says=fields.text("says", need=thing, example="..."),
        mechanism=fields.text("mechanism"), entity=fields.text("entity"), workaround=fields.text("workaround"),
        link=fields.text("link"),
    )  # fmt: skip
    if found.entity and not found.mechanism:
        fields.missing("mechanism", "a known issue that names an entity")
    return found


def maintenance(place: Place) -> Maintenance:
    """Single spans and weekly times, in one list in the file: the words tell which. A time that cannot be read is noted
    with its own line; the others count."""
    fields, thing = place.fields, "maintenance"
    fields.only((*COMMON, "says", "when"), thing)
    texts = fields.texts("when", need=thing, example=f'["{WEEKLY_EXAMPLE}", "{SPAN_EXAMPLE}"]')
    spans, weekly = [], []
    for text, line in texts:
        try:
            if is_span(text):
                spans.append(span_of(text))
            else:
                weekly.append(weekly_of(text))
        except ValueError as error:
            fields.wrong(line, f"'when': {error}")
    return Maintenance(
        **common(place, thing), says=fields.text("says", need=thing, example="nightly backup"), spans=tuple(spans),
        weekly=tuple(weekly),
    )  # fmt: skip


def dependency(place: Place) -> Dependency:
    fields, thing = place.fields, "a dependency"
    fields.only((*COMMON, "caller", "callee", "kind"), thing)
    caller = fields.text("caller", need=thing, example="orders")
    callee = fields.text("callee", need=thing, example="payments")
    kinds = fields.words("kind", KINDS, "a kind of entity")
    if caller and caller == callee:
        fields.wrong(fields.node.line, f"{caller} depends on itself", "name what it calls")
    return Dependency(
        **common(place, thing, f"{caller} -> {callee}"), caller=caller, callee=callee,
        kind=kinds[0] if kinds else EntityKind.SERVICE,
    )  # fmt: skip


def escalation(place: Place) -> Escalation:
    fields, thing = place.fields, "an escalation"
    fields.only((*COMMON, "who", "how", "severities"), thing)
    who = fields.text("who", need=thing, example="payments on call")
    return Escalation(
        **common(place, thing, who), who=who, how=fields.text("how", need=thing, example='"#payments-oncall"'),
        severities=fields.words("severities", SEVERITIES, "a severity"),
    )  # fmt: skip


def _line(fields: Fields, key: str) -> int:
    node = fields.node.get(key)
    return node.line if node is not None else fields.node.line


READERS: Mapping[str, Reader] = {
    "normal": normal,
    "false_alarms": false_alarm,
    "critical_errors": critical_error,
    "known_issues": known_issue,
    "maintenance": maintenance,
    "dependencies": dependency,
    "escalation": escalation,
    "metrics": metric,
    "mechanisms": mechanism,
}
"""Named as the fields of `TeamKnowledge`, in whose order they are shown."""
