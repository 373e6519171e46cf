"""What lines say: surprising events, changed paths, rates, and the meaning of error text."""

from __future__ import annotations

import numpy as np

from compass.agents.screens.logs import LogScreen, LogStudy, is_error, log_anomaly, log_normal, until
from compass.analysis.log_meaning import whom
from compass.analysis.log_rates import RateFinding, minutes_of, rates
from compass.analysis.same_subject import Said, SameSubject, same_subject
from compass.analysis.spans import Bools, Ints
from compass.analysis.splits import Split
from compass.analysis.trace_errors import share_score
from compass.analysis.transitions import PathChange, path_changes
from compass.analysis.visits import SurpriseFinding, surprise
from compass.domain.entity import EntityRef
from compass.domain.observation import Observation, Quality
from compass.redaction import bound, redact

CLEAR_SURPRISE, _HALF_SURPRISE = 3.0, 12.0
CLEAR_PATH, _HALF_PATH = 1.0, 5.0
CLEAR_RATE, _HALF_RATE = 6.0, 20.0
CLEAR_ERRORS, _HALF_ERRORS = 3.0, 6.0
CLEAR_SUBJECT, _HALF_SUBJECT = 4.0, 6.0
MIN_ERRORS = 3
_HALF_MEANING = 3.0  # about ten lines more than expected give 0.5
_SIGN = {"novel": "log.novel", "surge": "log.surge", "gone": "log.gone"}


def _template(study: LogStudy, event: int, limit: int = 160) -> str:
    return bound(redact(study.templates.texts[event]), limit)


def _rows(study: LogStudy, group: int, event: int) -> Ints:
    return np.flatnonzero((study.lines.group == group) & (study.lines.event == event))


def judge_surprise(study: LogStudy, agent: str) -> list[Observation]:
    """log.novel or log.surge from visits of requests; nothing where lines carry no trace ids."""
    best: dict[int, tuple[SurpriseFinding, Split]] = {}
    events = study.events
    for split in study.splits if events is not None else ():
        assert events is not None
        for finding in surprise(events, split.before(events.times_ns), split.now(events.times_ns)):
            if finding.group not in best or finding.score > best[finding.group][0].score:
                best[finding.group] = (finding, split)
    found = []
    for seen, split in best.values():
        if seen.score < CLEAR_SURPRISE:
            continue
        entity, row = study.table.entities[seen.group], int(study.event_rows[seen.example])
        text = (
            f"{entity} wrote in {seen.visits} of {seen.of_visits} visits what it wrote in {seen.visits_before} of "
            f"{seen.of_before} {until(study, split)}, and first in {seen.credited} requests: {study.example(row)}"
        )
        observation = log_anomaly(
            study, agent, "log.novel" if seen.visits_before == 0 else "log.surge", entity, split, text,
            score=seen.score, half=_HALF_SURPRISE, value=seen.visits / max(seen.of_visits, 1),
            baseline=seen.visits_before / max(seen.of_before, 1), samples=(seen.of_visits, seen.of_before),
            method="credited surprise, nats", first_ns=seen.first_ns, rows=_rows(study, seen.group, seen.event),
            peer=_points_at(study, row, entity), statements=study.statements(row),
        )  # fmt: skip
        found.append(observation)
    return found


def judge_paths(study: LogStudy, agent: str) -> list[Observation]:
    """log.path_changed: what follows an event within a visit."""
    best: dict[int, tuple[PathChange, Split]] = {}
    events = study.events
    for split in study.splits if events is not None else ():
        assert events is not None
        for change in path_changes(events, split.before(events.times_ns), split.now(events.times_ns)):
            if change.group not in best or change.score > best[change.group][0].score:
                best[change.group] = (change, split)
    found = []
    for change, split in best.values():
        if change.score < CLEAR_PATH:
            continue
        entity = study.table.entities[change.group]
        after = "writes no more" if change.follower < 0 else f"goes on with “{_template(study, change.follower, 110)}”"
        instead = f" instead of “{_template(study, change.usual, 110)}”" if change.usual >= 0 else ""
        text = (
            f"{entity}, after “{_template(study, change.event, 110)}”, {after}{instead} in {change.now} of "
            f"{change.of_now} cases; in {change.before} of {change.of_before} {until(study, split)}"
        )
        observation = log_anomaly(
            study, agent, "log.path_changed", entity, split, text, score=change.score, half=_HALF_PATH,
            value=change.now / max(change.of_now, 1), baseline=change.before / max(change.of_before, 1),
            samples=(change.of_now, change.of_before), method="credited surprise, nats", first_ns=change.first_ns,
        )  # fmt: skip
        found.append(observation)
    return found


def judge_rates(study: LogStudy, agent: str) -> list[Observation]:
    """log.novel, log.surge and log.gone from rates, for lines without trace ids; NORMAL for services without any."""
    if study.events is not None or not study.comparable:
        return []
    split = study.given
    before, now = split.before(study.table.times_ns), split.now(study.table.times_ns)
    found, struck = [], set()
    for rate in rates(study.lines, before, now):
        if rate.score < CLEAR_RATE or study.templates.continuation[rate.event]:
            continue
        struck.add(rate.group)
        found.append(_of_rate(study, agent, rate, split))
    for group in np.unique(study.lines.group):
        mine = study.lines.group == group
        samples = (int((mine & now).sum()), int((mine & before).sum()))
        if int(group) not in struck:
            entity = study.table.entities[int(group)]
            text = f"{entity} writes what it wrote before ({samples[0]} lines)"
            found += log_normal(study, agent, ("log.novel", "log.surge", "log.gone"), entity, text, samples)
    return found


def _of_rate(study: LogStudy, agent: str, rate: RateFinding, split: Split) -> Observation:
    entity = study.table.entities[rate.group]
    expected = f"where {rate.expected:.0f} were expected"
    said = {"novel": "never seen before", "surge": expected, "gone": expected}[rate.what]
    example = study.example(rate.example)
    text = f"{entity} wrote {rate.now:.0f} lines {said} ({rate.before:.0f} {until(study, split)}): {example}"
    return log_anomaly(
        study, agent, _SIGN[rate.what], entity, split, text, score=rate.score, half=_HALF_RATE, value=rate.now,
        baseline=rate.expected, samples=(int(rate.now), int(rate.before)), method="Poisson rate per minute and work",
        first_ns=rate.first_ns if rate.what != "gone" else None, rows=_rows(study, rate.group, rate.event),
        peer=_points_at(study, rate.example, entity), statements=study.statements(rate.example),
    )  # fmt: skip


def judge_errors(study: LogStudy, agent: str) -> list[Observation]:
    """log.errors_up per service: error lines per visit where lines carry trace ids, per minute otherwise."""
    found: list[Observation] = []
    wrong = is_error(study)
    split_best: dict[int, tuple[float, float, float, tuple[int, int], Split]] = {}
    for split in study.splits if study.events is not None else (study.given,) * study.comparable:
        before, now = split.before(study.table.times_ns), split.now(study.table.times_ns)
        for group in np.unique(study.lines.group[wrong & now]):
            score, value, usual, samples = _error_share(study, int(group), wrong, before, now)
            if int(group) not in split_best or score > split_best[int(group)][0]:
                split_best[int(group)] = (score, value, usual, samples, split)
    for group, (score, value, usual, samples, split) in sorted(split_best.items()):
        rows = np.flatnonzero(wrong & (study.lines.group == group) & split.now(study.table.times_ns))
        if score < CLEAR_ERRORS or rows.size < MIN_ERRORS:
            continue
        entity = study.table.entities[group]
        top = int(np.bincount(study.lines.event[rows]).argmax())
        row = int(rows[study.lines.event[rows] == top][0])
        unit = "visits" if study.events is not None else "minutes"
        text = (
            f"{entity}: {rows.size} error lines, {value:.3g} per {unit[:-1]} against {usual:.3g} "
            f"{until(study, split)}; mostly {study.example(row)}"
        )
        observation = log_anomaly(
            study, agent, "log.errors_up", entity, split, text, score=score, half=_HALF_ERRORS, value=value,
            baseline=usual, samples=samples, method=f"error lines per {unit[:-1]}", rows=np.flatnonzero(
                wrong & (study.lines.group == group)
            ), first_ns=int(study.table.times_ns[rows[0]]), peer=_points_at(study, row, entity),
        )  # fmt: skip
        found.append(observation)
    return found + _no_errors(study, agent, wrong)


def _error_share(
    study: LogStudy, group: int, wrong: Bools, before: Bools, now: Bools
) -> tuple[float, float, float, tuple[int, int]]:
    """(score, errors per unit now, before, (units now, before))."""
    mine = study.lines.group == group
    events = study.events
    if events is not None:
        row, own = study.event_rows, mine[study.event_rows]
        counts = [
            np.unique(events.visit[own & mask[row] & flag]).size
            for mask in (now, before)
            for flag in (wrong[row], np.ones(row.size, dtype=bool))
        ]
        bad, all_now, bad_before, all_before = counts
        score = float(share_score(*(np.array([v]) for v in (bad, all_now, bad_before, all_before)))[0])
        return score, bad / max(all_now, 1), bad_before / max(all_before, 1), (all_now, all_before)
    past, current = minutes_of(study.table.times_ns, before), minutes_of(study.table.times_ns, now)
    n, m = (float(study.table.weight[mine & wrong & mask].sum()) for mask in (now, before))
    expected = m / max(past, 1) * current
    return (n - expected) / float(np.sqrt(max(expected, 1.0))), n / max(current, 1), m / max(past, 1), (current, past)


def _no_errors(study: LogStudy, agent: str, wrong: Bools) -> list[Observation]:
    """Services that state levels and wrote no error since the onset."""
    found: list[Observation] = []
    stated = np.array([level != "" for level in study.templates.levels], dtype=bool)[study.templates.ids]
    before, now = study.given.before(study.table.times_ns), study.given.now(study.table.times_ns)
    for group in np.unique(study.lines.group[stated]):
        mine = study.lines.group == group
        if not (mine & wrong & now).any():
            entity = study.table.entities[int(group)]
            samples = (int((mine & now).sum()), int((mine & before).sum()))
            text = f"no error line of {entity} since the onset ({samples[0]} lines)"
            found += log_normal(study, agent, ("log.errors_up",), entity, text, samples)
    return found


def _points_at(study: LogStudy, row: int, writer: EntityRef) -> EntityRef | None:
    line = str(study.table.line[row])
    if not study.meanings.signs(line, study.templates.levels[int(study.templates.ids[row])]):
        return None
    return whom(study.meanings.named(line), writer, study.known, study.addresses)


def judge_subjects(study: LogStudy, agent: str) -> list[Observation]:
    """log.same_subject: the errors of a service are about one request, message or record that fails again and again."""
    wrong = is_error(study) & ~np.array(study.templates.continuation, dtype=bool)[study.templates.ids]
    said = Said(
        group=study.lines.group, event=study.lines.event, trace=study.table.trace_id, text=study.table.line, wrong=wrong
    )
    best: dict[int, tuple[SameSubject, Split]] = {}
    for split in study.splits:
        for seen in same_subject(said, split.before(study.table.times_ns), split.now(study.table.times_ns)):
            if seen.group not in best or seen.score > best[seen.group][0].score:
                best[seen.group] = (seen, split)
    found = []
    for seen, split in best.values():
        if seen.score < CLEAR_SUBJECT:
            continue
        entity = study.table.entities[seen.group]
        text = (
            f"{entity} fails on the same {seen.what} again and again: {seen.lines} of {seen.of_lines} error lines "
            f"of a kind; of {seen.of_before} lines {until(study, split)} at most {seen.before} had one {seen.what} in "
            f"common: {study.example(seen.example)}"
        )
        observation = log_anomaly(
            study, agent, "log.same_subject", entity, split, text, score=seen.score, half=_HALF_SUBJECT,
            value=seen.lines / seen.of_lines, baseline=seen.before / seen.of_before,
            samples=(seen.of_lines, seen.of_before), method="share of the most frequent subject",
            first_ns=int(study.table.times_ns[seen.example]),
        )  # fmt: skip
        found.append(observation)
    return found


def judge_meaning(study: LogStudy, agent: str) -> list[Observation]:
    """log.timeout, log.dns, …: error text that is new or far more frequent than before, per service and meaning."""
    split = study.given
    before, now = split.before(study.table.times_ns), split.now(study.table.times_ns)
    past, current = (max(minutes_of(study.table.times_ns, mask), 1) for mask in (before, now))
    found = []
    for (sign, group), events in sorted(_meanings(study).items()):
        rows = np.flatnonzero((study.lines.group == group) & np.isin(study.lines.event, events))
        n, m = (float(study.table.weight[rows[mask[rows]]].sum()) for mask in (now, before))
        expected = m / past * current
        if n < 1 or n <= 2 * expected:
            continue
        entity = study.table.entities[group]
        recent = rows[now[rows]]
        top = int(np.bincount(study.lines.event[recent]).argmax())
        row = int(recent[study.lines.event[recent] == top][0])
        alone = not before.any()
        text = (
            f"{entity} wrote {n:.0f} lines that say {sign.removeprefix('log.').replace('_', ' ')}"
            f"{', nothing to compare with' if alone else f', {expected:.0f} expected'}: {study.example(row)}"
        )
        observation = log_anomaly(
            study, agent, sign, entity, split, text, score=float(np.log1p(n - expected)) * (0.6 if alone else 1.0),
            half=_HALF_MEANING, value=n, baseline=expected, samples=(int(n), int(m)), rows=rows, first_ns=int(
                study.table.times_ns[recent[0]]
            ), method="lines against the rate before", peer=_peer_of(study, recent, entity),
            quality=Quality.CORROBORATED if alone else Quality.DIRECT,
        )  # fmt: skip
        found.append(observation)
    return found


def _meanings(study: LogStudy) -> dict[tuple[str, int], list[int]]:
    """(sign, service) → templates with that meaning. Stack frames speak for the exception above them."""
    found: dict[tuple[str, int], list[int]] = {}
    pairs = np.unique(np.stack([study.lines.event, study.lines.group]), axis=1)
    groups: dict[int, list[int]] = {}
    for event, group in pairs.T:
        groups.setdefault(int(event), []).append(int(group))
    for event, of in groups.items():
        line = str(study.table.line[study.templates.examples[event]])
        for sign in study.meanings.signs(line, study.templates.levels[event]):
            if not (study.templates.continuation[event] and sign == "log.exception"):
                for group in of:
                    found.setdefault((sign, group), []).append(event)
    return found


def _peer_of(study: LogStudy, rows: Ints, writer: EntityRef) -> EntityRef | None:
    """Whom most of these lines point at; every template is asked once."""
    votes: dict[EntityRef, float] = {}
    events, first, counts = np.unique(study.lines.event[rows], return_index=True, return_counts=True)
    for k in range(events.size):
        peer = whom(study.meanings.named(str(study.table.line[rows[first[k]]])), writer, study.known, study.addresses)
        if peer is not None:
            votes[peer] = votes.get(peer, 0.0) + float(counts[k])
    return min(votes, key=lambda e: (-votes[e], e)) if votes else None


def unusual_screen(agent: str) -> LogScreen:
    """What services write now and did not before."""
    return LogScreen(
        agent=agent, id="log_unusual", text="looking for lines that are new, far more frequent or gone",
        judges=(judge_surprise, judge_rates, judge_errors, judge_subjects),
        hides="what services wrote about the failure",
    )  # fmt: skip


def path_screen(agent: str) -> LogScreen:
    """Silent failures: the usual next line is missing."""
    return LogScreen(
        agent=agent, id="log_paths", text="following the order of lines within requests", judges=(judge_paths,),
        hides="silent failures: requests that end without an error",
    )  # fmt: skip


def meaning_screen(agent: str, signs: frozenset[str] = frozenset()) -> LogScreen:
    """What error text means; `signs` limits it to those the agent owns."""
    return LogScreen(
        agent=agent, id="log_meaning", text="reading what error lines mean", judges=(judge_meaning,), signs=signs,
        hides="what error text says about the failure",
    )  # fmt: skip
