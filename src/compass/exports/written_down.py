"""What of the team's own knowledge bore on the incident: what was set aside by it, what it knew, what was announced."""

from __future__ import annotations

from compass.domain.time import Instant
from compass.exports.draft import Draft
from compass.exports.prose import clock, code, name, plain, sentence
from compass.projections.team.shown import one_each


def criticals(d: Draft) -> list[str]:
    """Errors that the team wants to see whatever else is said: the first facts of the draft."""
    return [
        f"- Critical error, as the team calls it ({', '.join(map(plain, one.names))}): {sentence(one.text)}"
        f"{d.cites.of('observation', one.observation.id)}"
        for one in one_each(d.view.critical)
    ]


def written_down(d: Draft) -> list[str]:
    """No section where the investigation was told nothing."""
    team = d.view.team
    if team is None:
        return []
    cited, ids = d.cites.of("teambriefed"), {label: key for key, label in d.board.observation_labels.items()}
    version = f"version {team.version}" if team.version else "a version that was never applied"
    lines = ["## What the team had written down", "", f"- The investigation went by {version}.{cited}"]
    lines += [
        f"- {one.label} is set aside as {one.what} {code(one.name)} ({code(one.written)}): {sentence(one.text)}"
        f"{d.cites.of('observation', ids.get(one.label, ''))}{cited}"
        for one in team.aside
    ]
    for known in team.known:
        helps = f" Its workaround: {sentence(known.workaround)}" if known.workaround else ""
        lines.append(f"- Known before ({code(known.written)}), and seen in {', '.join(known.labels)}: "
                     f"{sentence(known.says)}{helps}{cited}")  # fmt: skip
    for one in team.work:
        start, end = (clock(Instant(ns=ns)) for ns in (one.start_ns, one.end_ns))
        lines.append(f"- Announced work ({code(one.written)}), {start} to {end}: {sentence(one.says)}{cited}")
    lines += [
        f"- Stated by the team, and not seen in telemetry: {name(one.caller)} depends on {name(one.callee)}.{cited}"
        for one in team.stated
    ]
    if len(lines) == 3:
        lines.append(f"- Nothing in it was about this incident.{cited}")
    return [*lines, "- Question: what should be written down, changed or taken out after this?"]
