"""A team's documents as lines: what changed, what there is, what was found."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from compass.analysis.passages import below_heading
from compass.domain.documents import DocumentsChange, FoundPassage, KeptDocument
from compass.entrypoints.cli.render.page import Page
from compass.projections.documents import place_words

_SIGNS = (("added", "+", "green"), ("changed", "~", "yellow"), ("removed", "-", "red"))
EXCERPT = 3


def change_lines(change: DocumentsChange) -> list[Text]:
    counts = [(what, len(getattr(change, what))) for what in ("added", "changed", "removed", "unchanged")]
    lines = [Text(f"documents: {', '.join(f'{number} {what}' for what, number in counts)}")]
    for what, sign, style in _SIGNS:
        lines += [Text(f"  {sign} {name}", style=style) for name in getattr(change, what)]
    return lines + [Text(f"  note: {note}", style="dim") for note in change.notes]


def kept_lines(kept: Sequence[KeptDocument], page: Page) -> list[Text]:
    """A line a document: name, passages, when it last changed, for whom. A last one where passages wait for a vector,
    without which they are found by words alone."""
    if not kept:
        return [Text("no documents yet: compass knowledge documents add FOLDER")]
    width = min(48, max(len(one.head.name) for one in kept))
    lines = [Text(f"{'name':<{width}}  passages  changed     for", style="dim")]
    for one in kept:
        changed = f"{one.head.changed_at:%Y-%m-%d}" if one.head.changed_at is not None else "–"
        scope = one.head.scope
        parts = (*scope.services, *scope.mechanisms, *((f"of {scope.team}",) if scope.team else ()))
        before = f"{one.head.name:<{width}}  {one.passages:>8}  {changed:<10}  "
        line = Text(before)
        lines.append(line.append(page.fit(f"{', '.join(parts) or 'everything'}: {one.head.title}", len(before))))
    missing = sum(one.passages - one.embedded for one in kept)
    if missing:
        lines.append(Text(f"{missing} passages wait for their vector: compass knowledge reembed", style="yellow"))
    return lines


def found_lines(found: Sequence[FoundPassage], searched: int, page: Page) -> list[Text]:
    """Each passage with its place, the share of the words wanted that it holds, its cosine where vectors were compared,
    and its first EXCERPT lines below its heading. `searched`: passages that were looked through."""
    if not found:
        return [Text(f"nothing found among {searched} passages")]
    lines: list[Text] = []
    for one in found:
        passage = one.passage
        where = place_words(
            one.head.name, passage.heading, passage.first_line, passage.last_line, one.head.title
        )  # fmt: skip
        alike = f", {one.cosine:.2f} alike" if one.cosine is not None else ""
        lines.append(Text(page.fit(where, 0), style="bold"))
        lines.append(Text(f"  says {one.said:.0%} of it{alike}", style="dim"))
        text = [line for line in below_heading(passage) if line.strip()]
        shown = text if page.full or page.uncut else text[:EXCERPT]
        lines += [Text(f"  {line if page.full or page.uncut else page.fit(line, 2)}") for line in shown]
    return lines
