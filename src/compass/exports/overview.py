"""The first sections: what happened, when, to whom, and how it stood at the end of the data."""

from __future__ import annotations

from statistics import median

from compass.analysis.likelihood import load_table
from compass.domain.entity import EntityRef
from compass.domain.failure import Status
from compass.domain.observation import Observation
from compass.domain.sign import OWN_ONLY
from compass.domain.time import Instant, to_datetime
from compass.exports.draft import Draft, between
from compass.exports.prose import clock, code, date_time, doubt, name, names, plain, sentence
from compass.exports.written_down import criticals
from compass.projections.situation import AFFECTED_FROM
from compass.projections.timeline import moments
from compass.projections.view import Checked

ENDING = (
    "How long did users notice it, and when did it end for them?",
    "What was done to relieve it, when and by whom, and what worked?",
    "What was the impact: on how many users and requests, on data, on money, on promises made?",
)
MOST_ENDINGS = 6
MOST_RECHECKS = 5
_TAIL = 0.25  # share of the samples since the onset that stand for the end of the data
_BACK = 0.5  # of the way back to the usual level
_FEWEST = 3


def title(d: Draft) -> list[str]:
    return [
        f"# Post-mortem draft: {plain(d.view.title)}",
        "",
        f"Investigation #{d.view.number} ({d.view.id}), status: {d.view.status.value}. A draft made by COMPASS from "
        "its chronicle, for people to correct and complete. `[#12]` names the chronicle event a fact comes from (the "
        "appendix has them); E12 is an observation, H3 a theory.",
    ]


def overview(d: Draft) -> list[str]:
    """What is known without an opinion on why. Of an investigation that has not ended there is no outcome, but a
    question."""
    v = d.view
    lines = ["## Overview", "", *criticals(d), *_when(d)]
    if v.symptom:
        lines.append(f"- The page said: {plain(v.symptom)}.{d.cites.of('opened')}")
    if d.cites.has("answer", "where"):
        lines += _where(d)
    seen = {fact.text: fact.observation for fact in reversed(v.situation.symptoms)}
    lines += [f"- Seen: {d.fact(o)}" for o in list(seen.values())[::-1][:5]]
    if v.accounts and v.accounts[0].central:
        label = v.accounts[0].label
        lines += [f"- Central to {label}: {said}" for said in d.facts(f.observation for f in v.accounts[0].central)]
    if v.status is Status.RUNNING:
        lines.append("- Question: the investigation has not ended; is it still running, or should it be resumed?")
        return lines
    outcome = d.board.answers.get("why") or v.said
    lines.append(f"- Outcome of the investigation: {sentence(outcome)}{d.cites.of('ended')}")
    if d.board.posterior is not None:
        lines.append(f"- {_how_sure(d)}{d.cites.of('posteriorupdated')}")
    return lines


def _how_sure(d: Draft) -> str:
    table = load_table()
    if table.sha256 != d.view.table_sha256:
        return "The confidences come from a table of likelihoods of another version; how it was set is not known here."
    return (
        "How sure the confidences are: their table of likelihoods was fitted to labelled incidents of these sets: "
        f"{plain(table.fitted.on)}. Read them as an order of what to check first, not as frequencies."
    )


def _when(d: Draft) -> list[str]:
    v = d.view
    page = f"Someone was paged at {date_time(v.detected_ns)}"
    if d.onset is not None:
        since = between(d.onset, Instant(ns=v.detected_ns), ("after the onset", "before the onset"))
        return [
            f"- Onset of the incident: {date_time(d.onset.ns)}{doubt(d.onset.uncertainty_ns)} "
            f"({plain(v.onset_method)}).{d.cites.of('onsetestimated')}",
            f"- {page}: {since}.{d.cites.of('opened')}",
        ]  # fmt: skip
    first = earliest(d)
    said = ""
    if first is not None and first.since is not None:
        said = (
            f"; the earliest dated sign, {clock(first.since)}: {plain(first.text)}{d.cites.of('observation', first.id)}"
        )
    return [f"- Onset not determined{said}. {page}.{d.cites.of('onsetestimated')}{d.cites.of('opened')}"]


def earliest(d: Draft) -> Observation | None:
    """The first sign of trouble that has a time of its own: not what was done, and not the page."""
    dated = [
        o for o in d.board.anomalies()
        if o.since is not None and o.strength >= AFFECTED_FROM and o.since.ns != d.view.detected_ns
        and not o.sign.startswith(OWN_ONLY)
    ]  # fmt: skip
    return min(dated, key=lambda o: (o.since, o.id), default=None)


def _where(d: Draft) -> list[str]:
    s, source = d.view.situation, d.cites.of("answer", "where")
    lines = [
        f"- Affected: {names(s.affected, nothing='nothing that was measured')}.{source}",
        f"- Normal, by the signals of their requests: {_normal(s.checked)}.{source}",
    ]
    if s.strained:
        lines.append(f"- Abnormal inside, with no symptom at its requests: {names(s.strained)}.{source}")
    if s.unmeasured:
        lines.append(f"- Not measured (known, but no signal of their requests): {names(s.unmeasured)}.{source}")
    return lines


def _normal(checked: tuple[Checked, ...]) -> str:
    """Parts by what of their requests is normal, the best examined first."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[EntityRef]] = {}
    for part in checked:
        groups.setdefault((part.normal, part.otherwise), []).append(part.entity)
    said = []
    for (signals, otherwise), parts in sorted(groups.items(), key=lambda item: (-len(item[0][0]), item[0])):
        also = f"; changed all the same: {', '.join(otherwise)}" if otherwise else ""
        said.append(f"{names(parts)} ({', '.join(signals)}{also})")
    return "; ".join(said) or "none, as far as was measured"


def timeline(d: Draft) -> list[str]:
    rows = [m for m in moments(d.cites.events, d.board) if m.track == "system"]
    lines = ["## Timeline (UTC)", "", "| time | what | event |", "|---|---|---|"]
    lines += [
        f"| {to_datetime(m.ns):%Y-%m-%d %H:%M:%S}{doubt(m.uncertainty_ns)} | {plain(m.text)} | [#{m.seq}] |"
        for m in rows
    ]
    return lines


def ending(d: Draft) -> list[str]:
    """Whether it was over when the data ended. Where that cannot be seen, people are asked."""
    lines = ["## The end", ""]
    states: dict[bool, dict[tuple[str, str], str]] = {False: {}, True: {}}
    for fact in d.view.situation.symptoms:
        o = fact.observation
        over = is_over(o)
        if over is not None and (o.sign, o.entity.key) not in states[over]:
            said = f"{code(o.sign)} at {name(o.entity)}{d.cites.of('observation', o.id)}"
            states[over][(o.sign, o.entity.key)] = said
    at = date_time(d.view.now_ns)
    for over, words in ((False, "still abnormal"), (True, "at least half of the way back to the usual level")):
        if states[over]:
            listed = list(states[over].values())
            more = f" and {len(listed) - MOST_ENDINGS} more" if len(listed) > MOST_ENDINGS else ""
            lines.append(f"- When the data ended ({at}), {words}: {', '.join(listed[:MOST_ENDINGS])}{more}.")
    lines += _rechecks(d)
    if not (states[True] or states[False]):
        lines.append("- Question: was it over when the data ended? No symptom has samples that show it.")
    return lines + [f"- Question: {question}" for question in ENDING]


def _rechecks(d: Draft) -> list[str]:
    """What was measured again later; of many times, the first and the latest ones."""
    told = d.view.rechecks
    shown = told if len(told) <= MOST_RECHECKS else (told[0], *told[1 - MOST_RECHECKS :])
    return [
        f"- Measured again at {date_time(one.at_ns)}: {sentence(one.said)}{d.cites.of('recheck', str(one.at_ns))}"
        for one in shown
    ]


def is_over(o: Observation) -> bool | None:
    """Whether the last samples are nearer to the usual level than to the worst; None when that cannot be seen."""
    if o.spark is None or o.spark.split is None:
        return None
    before = [v for v in o.spark.values[: o.spark.split] if v is not None]
    since = [v for v in o.spark.values[o.spark.split :] if v is not None]
    if not before or len(since) < _FEWEST:
        return None
    usual = median(before)
    worst = max((v - usual for v in since), key=abs)
    last = median(since[-max(_FEWEST, round(len(since) * _TAIL)) :]) - usual
    return None if worst == 0 else last / worst < _BACK
