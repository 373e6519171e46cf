"""Prose of the draft by a language model: what it is given, and what of its reply may stand in the report. Pure.

Its facts are the draft's own lines, each with the events it cites; a sentence that does not rest on lines of its own
section is dropped. The facts stay where they are: prose is put in front of them and is marked as the model's.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from compass.domain.advice import Prose, Sentence, Task
from compass.exports.causes import normal_work
from compass.exports.draft import Draft
from compass.exports.journey import interaction, journey
from compass.exports.overview import overview
from compass.exports.prose import plain, sentence
from compass.exports.wording import objections
from compass.ports.language_model import Item, Question, Section
from compass.projections.cited import check

MOST_FACTS = 14  # of one section: the draft puts the weightiest first
MOST_SENTENCES = 6  # of one paragraph
_CITED = re.compile(r"\s?(?<!\\)\[#\d+\]")
_ESCAPED = re.compile(r"\\([\\\[\]*|~_#>+.)-])")
_NAME = re.compile(r"(?<=[a-z0-9,;:] )[A-Z][a-z]+|@\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of the draft as a fact: `id` (F7) is what a model may cite, `sources` are its events (` [#4] [#9]`)."""

    id: str
    section: str
    text: str
    sources: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProse:
    """What a model wrote and may stand, by section; sentences cite ids of `facts`. `dropped` counts what may not.
    `failed`: why there is none, in words. `usd` None: the price is not known."""

    by: str
    paragraphs: Mapping[str, tuple[Sentence, ...]] = field(default_factory=dict)
    facts: Mapping[str, Told] = field(default_factory=dict)
    dropped: int = 0
    usd: float | None = 0.0
    failed: str = ""

    def before(self, section: str) -> list[str]:
        """The paragraph of a section as lines of Markdown; nothing where there is none."""
        said = self.paragraphs.get(section, ())
        if not said:
            return []
        words = " ".join(f"{sentence(one.text)}{self._sources(one)}" for one in said)
        return [f"> *In the words of a language model, {plain(self.by)}, from the facts below:* {words}", ""]

    def cost(self, source: str) -> list[str]:
        """What it cost, what was left out, or why there is none. `source` names the event of the call."""
        if self.failed:
            return [f"- Prose was asked of a language model and there is none: {sentence(self.failed)}{source}"]
        count = sum(len(said) for said in self.paragraphs.values())
        sentences = f"{count} sentence{'s' * (count != 1)}"
        price = "at a price that is not known" if self.usd is None else f"for {self.usd:.4f} USD"
        return [
            f"- Prose by {plain(self.by)}: {sentences} {price} (tokens are billed to your own key); "
            f"{self.dropped} were dropped, as they do not rest on the facts that it was given.{source}"
        ]

    def _sources(self, one: Sentence) -> str:
        every = (source for cite in one.cites for source in self.facts[cite].sources.split())
        return "".join(f" {source}" for source in dict.fromkeys(every))


SECTIONS: Mapping[str, tuple[Callable[[Draft], list[str]], str]] = {
    "overview": (overview, "what happened, where it was noticed, and how the investigation ended"),
    "how the work normally goes": (normal_work, "what the measured signals usually are"),
    "hypothesis journey": (journey, "which theories were held, and what became of the attempts to refute them"),
    "how the causes interacted": (interaction, "how the parts of the system acted together"),
}
"""The sections that a model may write a paragraph for: the draft's own, and what belongs into each."""


def facts_of(d: Draft, learning: Callable[[Draft], list[str]]) -> tuple[Told, ...]:
    """Lines of the draft that cite an event. Questions to people are no facts."""
    found: list[Told] = []
    for name, lines in (*((name, make(d)) for name, (make, _) in SECTIONS.items()), (LEARNING, learning(d))):
        own = [line for line in lines if _CITED.search(line) and "Question:" not in line]
        for line in own[:MOST_FACTS]:
            sources = "".join(dict.fromkeys(f" {s.strip()}" for s in _CITED.findall(line)))
            found.append(Told(id=f"F{len(found) + 1}", section=name, text=_bare(line), sources=sources))
    return tuple(found)


LEARNING = "learning points"
_BELONGS = {LEARNING: "what was measured and tried in all"}


def question_of(facts: Sequence[Told]) -> Question[Prose]:
    """Everything the draft says in its sections. What is in the lines comes from telemetry and is never trusted."""
    names = list(dict.fromkeys(fact.section for fact in facts))
    known = tuple(Item(id=name, text=_what_belongs(name), trusted=True) for name in (*SECTIONS, LEARNING))
    sections = []
    for name in names:
        items = tuple(Item(id=fact.id, text=fact.text) for fact in facts if fact.section == name)
        sections.append(Section(title=name, items=items, keep=3))
    return Question(
        task=Task.PROSE, reply=Prose, sections=tuple(sections), phase="report",
        shared=(Section(title="Sections", items=known, keep=len(known)),),
    )  # fmt: skip


def take(facts: Sequence[Told], value: Prose, by: str, usd: float | None, dropped: int = 0) -> ModelProse:
    """What of a reply may stand: one paragraph a section, each sentence resting on facts of that section. Anything may
    stand in `value`. `dropped`: what was lost when the reply was read."""
    known = frozenset(re.findall(r"[^\W\d_]+", " ".join(fact.text for fact in facts).lower())) | {"compass", "utc"}

    def wrong(text: str) -> Sequence[str]:
        strange = [name for name in _NAME.findall(text) if name.lower() not in known]
        return (*objections(text), *(f"“{name}” is in no fact" for name in strange))

    paragraphs: dict[str, tuple[Sentence, ...]] = {}
    for paragraph in value.paragraphs:
        name = paragraph.section.strip().lower()
        own = {fact.id: fact.text for fact in facts if fact.section == name}
        if not own or name in paragraphs:
            dropped += max(1, len(paragraph.sentences))
            continue
        left = check(paragraph.sentences, own, wrong, MOST_SENTENCES)
        dropped += left.dropped
        if left.sentences:
            paragraphs[name] = left.sentences
    failed = "" if paragraphs else f"nothing that {by} wrote rests on facts that it was given ({dropped} dropped)"
    return ModelProse(
        by=by, paragraphs=paragraphs, facts={fact.id: fact for fact in facts}, dropped=dropped, usd=usd, failed=failed
    )


def _what_belongs(name: str) -> str:
    return SECTIONS[name][1] if name in SECTIONS else _BELONGS[name]


def _bare(line: str) -> str:
    """A line of the draft without Markdown."""
    text = _ESCAPED.sub(r"\1", _CITED.sub("", line).strip().removeprefix("- ").replace("**", ""))
    return html.unescape(text)
