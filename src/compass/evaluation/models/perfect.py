"""The perfect model: it knows what happened, and says so as far as the prompt lets it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from compass.domain import advice as said
from compass.domain.advice import Task
from compass.evaluation.models.page import MECHANISMS, TEMPLATES, Page, Sighting
from compass.evaluation.models.told import Told

MOST, SIGNS = 4, 4
PREFERRED = 5


@dataclass(frozen=True, slots=True)
class Perfect:
    """The true mechanism at the true place, or, where its vocabulary lacks that, a new one of the signs seen there.

    Log templates it leaves alone: no label says what they mean.
    """

    told: Told

    def reply(self, task: Task, page: Page) -> object:
        """The truth, the plans on it, the changes that did it; of names that they are not known."""
        if task is Task.PROPOSE:
            return said.SuggestedTheories(theories=tuple(self._theories(page))[:MOST])
        if task is Task.CHOOSE:
            true = {label for label, part in page.theories.items() if self.told.is_true(part)}
            plans = sorted(page.plans, key=lambda plan: page.plans[plan] not in true)
            return said.ChosenTests(plans=tuple(plans[:PREFERRED]), because="the likeliest theory first")
        if task is Task.CHANGES:
            return said.ReadChanges(changes=tuple(self._changes(page)))
        if task is Task.CLASSIFY:
            names = tuple(said.ReadName(id=key, why="not known") for key in page.ids(TEMPLATES))
            return said.ReadNames(names=names)
        return said.REPLY_OF[task]()

    def _theories(self, page: Page) -> Iterable[said.SuggestedTheory]:
        known = [m for m in self.told.mechanisms if m in page.ids(MECHANISMS)]
        abnormal = [s for s in page.sightings if s.strength > 0]
        for part in page.parts.values():
            if not self.told.is_true(part) or not abnormal:
                continue
            here = [s for s in abnormal if s.at == part.id or _inside(page, s.at, part.id)]
            cites = tuple(s.id for s in here or abnormal[:1])[:MOST]
            for mechanism in known:
                yield said.SuggestedTheory(
                    entity=part.id, mechanism=mechanism, reasoning="it fits what was seen first",
                    would_disprove="no sign of it there", cites=cites,
                )  # fmt: skip
            if not known and here:
                yield said.SuggestedTheory(
                    entity=part.id, stated=new_mechanism(here), reasoning="what was seen there began there",
                    would_disprove="that it was there before", cites=cites,
                )  # fmt: skip

    def _changes(self, page: Page) -> Iterable[said.ReadChange]:
        places = [place.name for place in self.told.accepted]
        for fact in page.changes:
            could = any(name in fact.text for name in places)
            yield said.ReadChange(change=fact.id, could=could, why="it touches this part" if could else "elsewhere")


def new_mechanism(here: list[Sighting]) -> said.StatedMechanism:
    """The strongest sign required, the next expected."""
    signs = list(dict.fromkeys(s.sign for s in here))
    return said.StatedMechanism(
        claim="something here began to work otherwise", requires=tuple(signs[:1]), expects=tuple(signs[1:SIGNS])
    )


def _inside(page: Page, part: str, outer: str) -> bool:
    """Whether a part lies within another."""
    parts, seen = page.parts, set[str]()
    while part in parts and part not in seen:
        seen.add(part)
        part = parts[part].within
        if part == outer:
            return True
    return False
