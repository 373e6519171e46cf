"""A question and its answer: who answers, each sentence with its facts, and what those facts are."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.text import Text

from compass.entrypoints.cli.render.costs import BILLED, money
from compass.entrypoints.cli.render.page import Page, labelled
from compass.investigation.asking.evidence import BY_EVIDENCE

if TYPE_CHECKING:
    from compass.entrypoints.cli.asking import AnswerView, SaidLine

_STYLE = {"theory": "bold", "abnormal": "red", "normal": "green", "not measured": "yellow"}
_SIDE = {
    "theory": "theory", "abnormal": "for", "normal": "normal", "change": "change", "tool": "tools",
    "document": "written", "not measured": "unseen", "part": "where", "course": "",
}  # fmt: skip


def answer_lines(answer: AnswerView, page: Page) -> list[Text]:
    """The whole screen. Sentences are wrapped and never cut: they are what was asked for."""
    lines = [Text(page.fit(f"#{answer.number}  {answer.question}", 0), style="bold"), Text(_by(answer), style="dim")]
    by_label = {source.label: source for source in answer.sources}
    before = ""
    for said in answer.sentences:
        # The evidence alone is told side by side; a model's sentences stand as they are.
        first = by_label.get(said.cites[0]) if answer.by == BY_EVIDENCE and said.cites else None
        side = _SIDE[first.side] if first is not None else ""
        lines += _sentence(said, side if side != before else "", _STYLE.get(first.side, "") if first else "", page)
        before = side
    if answer.by != BY_EVIDENCE and answer.sources:
        lines.append(Text("the facts it names", style="bold"))
        lines += [labelled(f"  {source.label}", page.fit(source.text)) for source in answer.sources]
    for note in _notes(answer):
        lines += [labelled("note" if at == 0 else "", text, "yellow") for at, text in enumerate(_wrapped(note, page))]
    return lines


def _by(answer: AnswerView) -> str:
    if answer.by == BY_EVIDENCE and not answer.calls:
        return "from the evidence alone: no language model answered"
    price = "price not known" if answer.usd is None else money(answer.usd)
    who = f"in the words of {answer.by}" if answer.by != BY_EVIDENCE else "from the evidence alone"
    calls = f"{answer.calls} call{'s' * (answer.calls != 1)} to a language model"
    return f"{who}; {calls}, {price}. {BILLED}"


def _sentence(said: SaidLine, side: str, style: str, page: Page) -> Iterator[Text]:
    labels = f" [{', '.join(said.cites)}]" if said.cites else ""
    for at, text in enumerate(_wrapped(said.text + labels, page)):
        yield labelled(side if at == 0 else "", text, style)


def _wrapped(text: str, page: Page) -> list[str]:
    return [text] if page.uncut else wrap(text, max(30, page.width - 10)) or [""]


def _notes(answer: AnswerView) -> list[str]:
    notes = list(answer.notes)
    if answer.dropped:
        many = f"{answer.dropped} sentences or parts" if answer.dropped > 1 else "One sentence or part"
        notes.insert(0, f"{many} of what the model wrote not shown: they do not rest on facts that it was given.")
    if answer.tested:
        notes.append(f"tested for this answer: {', '.join(answer.tested)}")
    return notes
