"""What a dry run of the team's knowledge found: those that would have ended differently first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from compass.entrypoints.cli.render.page import Page, labelled
from compass.entrypoints.cli.render.words import percent
from compass.investigation.dry_run import Deed, Effect, Ending, Rethought

if TYPE_CHECKING:
    from compass.entrypoints.cli.dry_running import DryRun

STYLE = {Effect.BETTER: "green", Effect.WORSE: "bold red", Effect.SAME: "dim", Effect.UNKNOWN: "dim"}
MOST_DEEDS = 4


def dry_run_lines(found: DryRun, page: Page) -> list[Text]:
    """One block for each that ended differently, a line for those that are surer or less sure, a count of the rest."""
    lines = [Text(page.fit(text, 0), style="bold") for text in _headline(found)]
    different = [one for one in found.incidents if one.different]
    moved = [one for one in found.incidents if one.moved]
    for one in different:
        lines += [Text(""), *_block(one, page)]
    if moved:
        lines += [Text(""), Text("the same ending, with another probability:", style="bold")]
        for one in moved:
            shares = f"{percent(one.before.confidence)} → {percent(one.after.confidence)}"
            said = f"{one.name} {shares} {one.after.said}{_by(one.deeds)}"
            lines.append(Text(page.fit(said, 0), style=STYLE[one.effect] if one.effect is not Effect.SAME else ""))
    rest = len(found.incidents) - len(different) - len(moved)
    if rest:
        touched = sum(bool(one.deeds) for one in found.incidents if not one.different and not one.moved)
        lines += [
            Text(""),
            Text(page.fit(f"as before: {rest} ({touched} of them with something else set aside, stated or shown)", 0)),
        ]
    unjudged = dict.fromkeys(text for one in found.incidents for text in one.unjudged)
    if unjudged:
        lines += [Text(""), Text("what cannot be judged without measuring anew:", style="bold")]
        lines += [Text(page.fit(f"  {text}", 0)) for text in unjudged]
    if found.skipped:
        lines += [
            Text(""),
            *(Text(page.fit(f"left out: {name}: {why}", 0), style="yellow") for name, why in found.skipped),
        ]
    return lines


def _headline(found: DryRun) -> tuple[str, str]:
    looked = f"{found.looked_at} past incident{'s' * (found.looked_at != 1)}, each with {found.knowledge}"
    said = f"{found.different or 'none'} would have ended differently"
    judged = [f"{found.better} better"] * bool(found.better) + [f"{found.worse} worse"] * bool(found.worse)
    return looked, f"{said}; in all, {', '.join(judged)}" if judged else said


def _block(one: Rethought, page: Page) -> list[Text]:
    lines = [Text(page.fit(f"{one.name} {one.title}", 0), style="bold cyan")]
    lines += [labelled("  before", page.fit(_ending(one.before))), labelled("  after", page.fit(_ending(one.after)))]
    for number, deed in enumerate(one.deeds[: page.most(MOST_DEEDS, 99)]):
        lines.append(labelled("" if number else "  because", page.fit(_deed(deed))))
    said = {
        Effect.BETTER: "better", Effect.WORSE: "worse", Effect.SAME: "neither better nor worse",
        Effect.UNKNOWN: "nobody has said what it was (compass resolve)",
    }[one.effect]  # fmt: skip
    lines.append(
        labelled("  that is", page.fit(f"{said}{f': it was {one.was}' if one.was else ''}"), STYLE[one.effect])
    )
    return lines


def _ending(one: Ending) -> str:
    return f"{percent(one.confidence):>6}  {one.said}"


def _deed(deed: Deed) -> str:
    no_more = "no longer: " if deed.took_back else ""
    return f"{no_more}{deed.entry} ({deed.written}) {deed.did}"


def _by(deeds: tuple[Deed, ...]) -> str:
    return f" ({', '.join(dict.fromkeys(deed.entry for deed in deeds[:2]))})" if deeds else ""
