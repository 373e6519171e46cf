"""How the work normally goes, and the contributing causes on six levels (DESIGN §10)."""

from __future__ import annotations

from compass.analysis.wording import quantity
from compass.domain.observation import Observation
from compass.domain.time import Instant
from compass.exports.draft import Draft, between
from compass.exports.prose import CHILD, code, percent, plain, sentence
from compass.projections.build_view import POSSIBLE_TRIGGER
from compass.projections.view import ChangeLine, Fact

LEVELS = (
    ("Regulatory and external", "Which outside obligations, contracts or providers shaped what could be done?"),
    ("Organisational", "Which priorities, staffing or ownership arrangements made this more likely?"),
    ("Technical management", "How are changes of this kind planned, reviewed, tested and rolled out?"),
    ("Work environment", "What was the load, the hour, and what else was going on for those involved?"),
    ("Human-system interface", "What did the screens, alerts and runbooks show, and what did they leave out?"),
    ("Equipment and technology", "Which technical conditions had to come together?"),
)
THEORIES = 3
USUALLY = ", usually "


def normal_work(d: Draft) -> list[str]:
    """At most five usual levels, each that of a metric before the onset which was abnormal later. Telemetry tells no
    more of how work normally goes, so the rest is a question to people."""
    lines = ["## How the work normally goes", ""]
    # Metrics have a usual level that people know; a share of requests or a line that is new has none.
    measured = (o for o in d.board.anomalies() if o.stats is not None and o.stats.method.startswith("robust z"))
    seen = [o for o in measured if o.baseline is not None and o.baseline.value > 0]
    # What a specialist saw reads better than what an attempt measured again.
    seen.sort(key=lambda o: (o.agent not in d.board.specialists, -o.strength, o.id))
    one_each: dict[tuple[str, str], Observation] = {}
    for o in seen:
        one_each.setdefault((o.sign, o.entity.key), o)
    for o in list(one_each.values())[:5]:
        if o.baseline is not None:
            # Whole: a comma may be part of a name, and many readings say themselves what is usual.
            usual = "" if USUALLY in o.text else f"; usually {quantity(o.baseline.value, o.baseline.unit)}"
            lines.append(f"- Measured: {plain(o.text)}{usual}.{d.cites.of('observation', o.id)}")
    lines.append("- Question: what do people do on an ordinary day to keep it there?")
    return lines


def causes(d: Draft) -> list[str]:
    lines = ["## Contributing causes", "", "Several can hold at once; they are conditions, not culprits.", ""]
    technical, managed = _technical(d), _managed(d)
    for level, question in LEVELS:
        known = {"Equipment and technology": technical, "Technical management": managed}.get(level, [])
        lines += [f"### {level}", "", *(known or ["Not examined: no telemetry speaks about this level.", ""])]
        lines += [f"- Question: {question}", ""]
    return lines[:-1]


def _technical(d: Draft) -> list[str]:
    lines: list[str] = []
    told: dict[tuple[str, str], str] = {}
    for account in d.held[:THEORIES]:
        lines.append(
            f"- Working theory {account.label} ({percent(account.confidence)}): {sentence(account.claim)}"
            f"{d.cites.of('hypothesis', d.theory(account))}{d.cites.of('posteriorupdated')}"
        )
        lines += _evidence(d, "for", account.label, (*account.central, *account.evidence_for[:3]), told)
        lines += _evidence(d, "against", account.label, account.evidence_against[:2], told)
    return lines


def _evidence(d: Draft, side: str, label: str, facts: tuple[Fact, ...], told: dict[tuple[str, str], str]) -> list[str]:
    """What was written out for a theory above is only pointed at."""
    by_id = {f.observation.id: f.observation for f in facts}
    fresh = [o for o in by_id.values() if told.get((side, o.text), label) == label]
    again = [o for o in by_id.values() if o not in fresh]
    lines = [f"{CHILD}{side}: {said}" for said in d.facts(fresh)]
    told.update({(side, o.text): label for o in fresh})
    if again:
        sources = "".join(d.cites.of("observation", o.id) for o in again)
        where = ", ".join(dict.fromkeys(told[(side, o.text)] for o in again))
        lines.append(f"{CHILD}{side}, as said for {where}:{sources}")
    return lines


def _managed(d: Draft) -> list[str]:
    return [
        f"- The change {code(change.id)} ({plain(change.summary)}) may have set it off{_came(d, change)}."
        f"{d.cites.of('change', change.id)}"
        for change in d.view.changes if change.weight >= POSSIBLE_TRIGGER and not change.refuted
    ]  # fmt: skip


def _came(d: Draft, change: ChangeLine) -> str:
    if d.onset is None:
        return ""
    at = Instant(ns=change.at_ns, uncertainty_ns=change.uncertainty_ns)
    said = between(d.onset, at, ("after the onset", "before the onset"))
    cannot = "whether it came before or after the onset: "
    return f"; {cannot}{said}" if change.order == "unclear" else f"; it came {said}"
