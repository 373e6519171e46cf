"""The mediocre model: now and then right, mostly plausible and wrong, at times without an idea."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass

from compass.domain import advice as said
from compass.domain.advice import Task
from compass.evaluation.models.page import KINDS, MEANINGS, MECHANISMS, SERIES, TEMPLATES, Page
from compass.evaluation.models.perfect import Perfect, new_mechanism
from compass.evaluation.models.told import Told

RIGHT, WRONG = 0.3, 0.6
"""Shares of its replies; the rest is empty. The truth is seen through the first alone."""
MOST = 3


@dataclass(frozen=True, slots=True)
class Mediocre:
    """Seeded by the incident and by what it is asked: the same prompt has the same reply."""

    told: Told
    seed: str

    def reply(self, task: Task, page: Page) -> object:
        """The perfect reply with probability RIGHT, one drawn from what the prompt offers with WRONG, else an empty
        one."""
        draw = random.Random(zlib.crc32(f"{self.seed}/{task}/{page.sections}".encode()))  # noqa: S311  # to be repeated, not to be secret
        turn = draw.random()
        if turn < RIGHT:
            return Perfect(self.told).reply(task, page)
        if turn >= RIGHT + WRONG:
            return said.REPLY_OF[task]()
        if task is Task.PROPOSE:
            return said.SuggestedTheories(theories=tuple(_guesses(page, draw)))
        if task is Task.CHOOSE:
            plans = list(page.plans)
            return said.ChosenTests(plans=tuple(draw.sample(plans, min(MOST, len(plans)))), because="it might tell")
        if task is Task.CHANGES:
            read = (
                said.ReadChange(change=fact.id, could=draw.random() < 0.5, why="by its title") for fact in page.changes
            )
            return said.ReadChanges(changes=tuple(read))
        if task is Task.CLASSIFY:
            names = tuple(
                said.ReadName(id=key, meaning=draw.choice(page.ids(meanings)), why="it reads like it")
                for asked, meanings in ((TEMPLATES, MEANINGS), (SERIES, KINDS))
                for key in page.ids(asked)
            )
            return said.ReadNames(names=names)
        return said.REPLY_OF[task]()


def _guesses(page: Page, draw: random.Random) -> list[said.SuggestedTheory]:
    """Mechanisms drawn at random where something was seen; one in four is a new one."""
    seen = [s for s in page.sightings if s.strength > 0 and s.at in page.parts]
    known = page.ids(MECHANISMS)
    guesses = []
    for sighting in draw.sample(seen, min(len(seen), draw.randint(1, MOST))):
        new = not known or draw.random() < 0.25
        guesses.append(said.SuggestedTheory(
            entity=sighting.at, mechanism="" if new else draw.choice(known),
            stated=new_mechanism([s for s in seen if s.at == sighting.at]) if new else None,
            reasoning="it looks like it", would_disprove="that it was always so", cites=(sighting.id,),
        ))  # fmt: skip
    return guesses
