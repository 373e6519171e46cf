"""Lines of the first screen beside the accounts: what a model proposed, what nobody can read, the past, own tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from compass.entrypoints.cli.render.page import LABEL, Page, labelled
from compass.projections.documents import short_place, source_words
from compass.projections.past import NEVER_SOLVED
from compass.projections.view import DocumentLine, PastLine, View


def proposed(view: View, page: Page) -> list[Text]:
    """One line of what became of what was proposed; nothing where nothing was."""
    if not view.proposals:
        return []
    counted = Counter(one.standing for one in view.proposals)
    words = {
        "stands": "stand by their tests", "refuted": "refuted", "untestable": "untestable here",
        "open": "not refuted, with nothing new seen for them", "waiting": "not tested",
    }  # fmt: skip
    told = ", ".join(f"{counted[key]} {word}" for key, word in words.items() if counted[key])
    makers = ", ".join(dict.fromkeys(one.by for one in view.proposals))
    whose = "MODEL" if any(one.author == "model" for one in view.proposals) else "YOURS"
    return [labelled(whose, page.fit(f"{makers} proposed {len(view.proposals)}: {told}"), "magenta")]


def ordered(view: View, page: Page) -> list[Text]:
    """What people ordered that still holds, and what COMPASS asks them."""
    o, said = view.orders, list[str]()
    said += ["paused"] if o.paused else []
    said += [f"looking only at {', '.join(o.only)}"] if o.only else []
    said += [f"leaving out {', '.join(o.left_out)}"] if o.left_out else []
    said += [f"escalated to {', '.join(dict.fromkeys(o.escalated))}"] if o.escalated else []
    lines = [labelled("YOU", page.fit("; ".join(said)), "bold green")] if said else []
    waiting = [one for one in view.requests if not one.answered]
    for one in waiting[: page.most(1, 4)]:
        lines.append(labelled("ASKS", page.fit(f"{one.label} about {one.theory}: {one.question}")))
        if one.command and (page.uncut or page.full):
            lines.append(labelled("", Text(page.fit(one.command), style="bold")))
    return lines


def unread(view: View, page: Page) -> list[Text]:
    """Where to look next by hand: what moved and nobody can read."""
    if view.unread is None or not view.unread.moved:
        return []
    named = [one.name for one in view.unread.most][: page.most(3, 3)]
    more = ", …" if len(named) < view.unread.moved else ""
    counted = f"{view.unread.moved} of {view.unread.names} unknown series names moved"
    return [labelled("NOT READ", page.fit(f"{counted}: {', '.join(named)}{more}"), "yellow")]


PATTERNS = {
    "validated": "a validated pattern", "rejected": "marked as no pattern, proposes nothing",
    "pruned": "pruned, proposes nothing",
}  # fmt: skip
"""What people say of a pattern, by the word of `PatternVerdict`."""


def past(view: View, page: Page) -> list[Text]:
    """Incidents like this one: which, how alike and in what, what it turned out to be, and what became of that here."""
    if view.past_lost:
        return [labelled("SIMILAR", page.fit(f"earlier incidents could not be asked: {view.past_lost}"), "yellow")]
    lines = []
    for number, one in enumerate(_worth_a_line(view.past, page.most(2, 3))):
        label = "SIMILAR" if number == 0 else ""
        said = f"; {PATTERNS[one.pattern]}" if one.pattern else ""
        head = f"#{one.number} ({one.similarity:.0%} alike, {one.on}{said}): {one.was}"
        lines.append(labelled(label, page.fit(f"{head}{f'; {one.here}' if one.here else ''}")))
        if page.uncut or page.full:
            lines += [labelled("", page.fit(f"  both: {', '.join(one.because)}"))] if one.because else []
            lines += [labelled("", page.fit(f"  resolved by: {one.fix}"))] if one.fix else []
    return lines


def documents(view: View, page: Page) -> list[Text]:
    """What the team wrote about this: where it stands, each with the label to read it by; one line a document."""
    by_name: dict[str, list[DocumentLine]] = {}
    for one in view.documents:
        by_name.setdefault(one.document, []).append(one)
    shown = list(by_name.values())[: page.most(2, 6)]
    more = f" (+{len(by_name) - len(shown)})" if len(by_name) > len(shown) else ""
    lines: list[Text] = []
    for passages in shown:
        first = passages[0]
        about = ", ".join(dict.fromkeys(label for one in passages for label in one.about))
        who = f"{', '.join(one.label for one in passages)} {f'for {about} ' if about else ''}"
        line = labelled("WRITTEN" if not lines else "", Text(who, style="dim"))
        kind = "" if first.kind == "document" else f"{first.kind}: "
        whole = page.uncut or page.full
        source = source_words(first) if whole else first.age
        source = f", {source}" if source else ""
        room = page.width - LABEL - len(who) - len(kind) - len(more)
        place = first.place if whole else short_place(first, room - len(source))
        said = f"{kind}{place}{source if whole or len(place + source) <= room else ''}"
        lines.append(line.append(page.fit(said, LABEL + len(who) + len(more))))
    if more:
        lines[-1].append(more, style="dim")
    return lines


def _worth_a_line(past: Sequence[PastLine], most: int | None) -> Sequence[PastLine]:
    """The most similar, and instead of the last of them one that was never solved, where none is among them: whoever
    finds this one's cause may have found that one's. `most` None: all."""
    shown = past[:most]
    if most is None or any(one.was == NEVER_SOLVED for one in shown):
        return shown
    unsolved = next((one for one in past if one.was == NEVER_SOLVED), None)
    return shown if unsolved is None else (*shown[: most - 1], unsolved)


def told_lines(view: View, page: Page) -> list[Text]:
    """What the team's own tools say, each with the label to read it whole by; no evidence, and marked as theirs."""
    shown = view.told[: page.most(1, 6)]
    more = f" (+{len(view.told) - len(shown)})" if len(view.told) > len(shown) else ""
    lines: list[Text] = []
    for one in shown:
        about = f" of {one.entity.name}" if one.entity is not None else ""
        who = f"{one.label} {one.source} says{about}: " if page.most(1, 0) == 1 else f"{one.label} {one.asked} says: "
        line = labelled("TOOLS" if not lines else "", Text(who, style="dim"))
        lines.append(line.append(page.fit(one.text or "nothing", LABEL + len(who) + len(more))))
    if more:
        lines[-1].append(more, style="dim")
    return lines
