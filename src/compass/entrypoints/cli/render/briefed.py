"""Lines about what the team wrote down: what must be seen stands first, what was set aside at the end."""

from __future__ import annotations

from rich.text import Text

from compass.entrypoints.cli.render.page import LABEL, Page, labelled
from compass.projections.team.shown import AsideLine
from compass.projections.view import View


def critical(view: View, page: Page) -> list[Text]:
    """Critical errors, one line each on a small screen; nothing where none was seen. They are never left out."""
    shown = view.critical[: page.most(2, 99)]
    lines = []
    for number, one in enumerate(shown):
        line = labelled("CRITICAL" if number == 0 else "", Text(f"{one.label} ", style="dim"))
        line.append(page.fit(one.text, LABEL + len(one.label) + 1), style="bold red")
        lines.append(line)
        if page.full or page.uncut:
            lines += [labelled("", f"  {', '.join(one.names)}: {'; '.join(one.means) or 'no meaning is written down'}")]
    if len(view.critical) > len(shown):
        lines[-1].append(f" (+{len(view.critical) - len(shown)})", style="dim")
    return lines


def aside(view: View, page: Page) -> list[Text]:
    """What the team calls normal or a false alarm: named, so that nobody wonders where it went."""
    lines = view.team.aside if view.team is not None else ()
    if not lines:
        return []
    shown = lines[: page.most(1, 99)]
    said = [labelled("ASIDE" if number == 0 else "", page.fit(_aside(one))) for number, one in enumerate(shown)]
    if len(lines) > len(shown):
        more = f" (+{len(lines) - len(shown)})"
        said[-1] = labelled("ASIDE", page.fit(_aside(shown[-1]), LABEL + len(more))).append(more, style="dim")
    return said


def _aside(one: AsideLine) -> str:
    return f"{one.label} set aside as {one.what} {one.name} ({one.written}): {one.text}"


def aside_block(view: View, page: Page) -> list[Text]:
    """All of it with the reasons, for a page of evidence."""
    lines = view.team.aside if view.team is not None else ()
    if not lines:
        return []
    found = [Text(f"set aside: team knowledge ({len(lines)}); compass investigate --no-team counts it", style="bold")]
    for one in lines:
        found.append(labelled(f"  {one.label}", page.fit(one.text)))
        why = f": {one.why}" if one.why else ""
        found.append(labelled("", Text(page.fit(f"{one.what} {one.name} ({one.written}){why}"), style="dim")))
    return found


def set_aside(view: View, label: str, page: Page) -> list[Text]:
    """That one fact was set aside, and by what; nothing where it counts."""
    lines = view.team.aside if view.team is not None else ()
    return [
        labelled(
            "", Text(page.fit(f"set aside: {one.what} {one.name} ({one.written}); it counts for nothing"), "yellow")
        )
        for one in lines
        if one.label == label
    ]
