"""Decisions as they were made: what was shown, what COMPASS would have taken and why, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from compass.domain.commanded import Agreement
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.render.words import duration
from compass.entrypoints.cli.reviewing import DecisionLine

AGREEMENT = {
    Agreement.AGREES: "the same was chosen", Agreement.OTHER_ON_LIST: "another of the list was chosen",
    Agreement.NOT_ON_LIST: "something was chosen that was not shown", Agreement.AGAINST: "that was set aside",
    Agreement.NONE_FAVOURED: "",
}  # fmt: skip
MOST_SHARES, MOST_SHOWN = 5, 5


def decision_texts(lines: Sequence[DecisionLine], page: Page) -> list[Text]:
    """Each decision; of a person's all that stood on the table, of a policy's its line."""
    return [text for line in lines for text in _decision(line, page)]


def _decision(line: DecisionLine, page: Page) -> Iterator[Text]:
    person = line.by == "person"
    sure = f" ({line.confidence:.0%} sure)" if line.confidence is not None else ""
    why = line.reason or ("no reason yet" if person else "")
    head = f"{line.number:>3} {line.at[11:19]} {line.by:<6} {line.decision}{f': {why}' if why else ''}{sure}"
    yield Text(head, style="bold green" if person else "")
    if person:
        most = len(line.options) if page.uncut else MOST_SHOWN
        shown = [one for place, one in enumerate(line.options) if place < most or one == line.chosen]
        for number, option in enumerate(shown):
            mark = "chosen" if option == line.chosen else "shown" if number == 0 else ""
            yield _row(mark, option, page)
        if len(shown) < len(line.options):
            yield _row("", f"and {len(line.options) - len(shown)} more (--json has them all)", page)
        if line.favoured:
            agreement = AGREEMENT[Agreement(line.agreement)] if line.agreement else ""
            because = f" ({line.favoured_because})" if line.favoured_because else ""
            yield _row("favoured", f"{line.favoured}{because}{f'; {agreement}' if agreement else ''}", page)
        if line.posterior:
            yield _row("then", _then(line), page)
    if line.turned_out:
        yield _row("since", line.turned_out, page)
    if line.outcome:
        yield _row("outcome", line.outcome, page)


def _then(line: DecisionLine) -> str:
    shares = sorted(line.posterior.items(), key=lambda pair: -pair[1])
    shown = ", ".join(f"{label.replace('_', ' ')} {share:.0%}" for label, share in shares[:MOST_SHARES])
    took = f"; decided in {line.took_s:.0f} s" if line.took_s is not None else ""
    since = f"{duration(line.elapsed_s)} and " if line.elapsed_s is not None else ""
    return f"{shown}; {since}{line.cost_usd:.2f} USD so far{took}"


def _row(label: str, text: str, page: Page) -> Text:
    before = f"{'':>4}{label:<9}"
    return Text(before, style="dim").append(page.fit(text, len(before)))
