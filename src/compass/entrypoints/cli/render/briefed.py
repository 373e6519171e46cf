"""Lines about what the team wrote down: what must be seen stands first, what was set aside at the end."""

from __future__ import annotations

from rich.text import Text

from compass.entrypoints.cli.render.page import LABEL, Page, labelled
from compass.entrypoints.cli.render.words import clock_time
from compass.projections.team.shown import AsideLine, one_each
from compass.projections.view import View


def critical(view: View, page: Page) -> list[Text]:
    """Critical errors, one line each on a small screen; nothing where none was seen. They are never left out."""
    able = view.critical if page.full or page.uncut else one_each(view.critical)
    shown = able[: page.most(2, 99)]
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


def known(view: View, page: Page) -> list[Text]:
    """Issues that the team knows: what was done about them before stands beside them."""
    lines = view.team.known if view.team is not None else ()
    found: list[Text] = []
    for one in lines[: page.most(1, 99)]:
        seen = ", ".join(one.labels[:2]) + (", …" if len(one.labels) > 2 else "")
        here = f"; {one.here}" if one.here else ""
        head = f"{one.name}: {one.says}"
        found.append(labelled("" if found else "KNOWN", page.fit(f"{head} ({seen}{here}; {one.written})"), "yellow"))
        helps = " · ".join(text for text in (one.workaround, one.link) if text)
        found += [labelled("", page.fit(f"workaround: {helps}"))] if helps else []
    return found


def work(view: View, page: Page) -> list[Text]:
    """Work that was announced for this time. It suppresses nothing."""
    lines = view.team.work if view.team is not None else ()
    found: list[Text] = []
    for one in lines[: page.most(1, 99)]:
        order = ", after the onset" if one.after_onset else ""
        start, end = (clock_time(ns)[:5] for ns in (one.start_ns, one.end_ns))
        said = f"announced for {start} to {end} UTC{order}: {one.says} ({one.written})"
        found.append(labelled("" if found else "WORK", page.fit(said), "yellow"))
    return found


def call(view: View, page: Page) -> list[Text]:
    """Whom to call, and how; COMPASS calls nobody."""
    lines = view.team.whom if view.team is not None else ()
    return [
        labelled("" if number else "CALL", page.fit(f"{one.who}: {one.how}{f' ({one.why})' if one.why else ''}"))
        for number, one in enumerate(lines[: page.most(1, 99)])
    ]


def stated(view: View, page: Page) -> list[Text]:
    """Dependencies that only the team states, where there is room for them."""
    lines = view.team.stated if view.team is not None and (page.full or page.uncut) else ()
    said = ", ".join(f"{one.caller} → {one.callee}" for one in lines)
    return [labelled("", page.fit(f"stated by the team, not seen in telemetry: {said}"))] if said else []
