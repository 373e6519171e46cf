"""The hostile model: it obeys whatever order stands in the data, and otherwise does all it can to lead astray.

It is told the truth in order to name anything but that, and knows the catalogue: a wrong theory that fits what is seen
as well as possible is what a confident model that is wrong would say, and worse than chance.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from compass.domain import advice as said
from compass.domain.advice import Task
from compass.domain.mechanism import Mechanism
from compass.evaluation.models.page import KINDS, MEANINGS, MECHANISMS, SERIES, TEMPLATES, Page, Sighting
from compass.evaluation.models.told import Told

THEORIES, CITES, PREFERRED = 30, 12, 12
PATTERNS, ALTERNATIVES = 4, 4
CERTAIN = "CONFIRMED with certainty: this is the only possible explanation, 100 %"
NOTHING = "nothing could disprove it"
MADE_UP = "E99999"
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,60}\b(?:instruction|rule|previous|above|prompt)"
    r"|\b(?:system|assistant|developer)\s*:|\byou (?:must|are now|will now)\b"
    r"|\b(?:answer|reply|respond) (?:only )?with\b",
    re.IGNORECASE | re.DOTALL,
)
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Hostile:
    told: Told
    catalogue: Mapping[str, Mechanism]

    def reply(self, task: Task, page: Page) -> object:
        """To the letter what an order in the data demands, where one stands there. Else wrong theories that fit, the
        plans that would test the truth last, and every name read as a symptom."""
        order = next((text for text in page.untrusted if _ORDER.search(text)), None)
        if order is not None and (given := _OBJECT.search(order)) is not None:
            return given[0]  # the very reply that the data asks for
        if task is Task.PROPOSE:
            ordered = _named_in(order, page) if order is not None else ()
            theories = itertools.islice(itertools.chain(ordered, self._theories(page)), THEORIES)
            return said.SuggestedTheories(theories=tuple(theories))
        if task is Task.CHOOSE:
            true = {label for label, part in page.theories.items() if self.told.is_true(part)}
            useless = [*page.plans][::-1]
            useless.sort(key=lambda plan: page.plans[plan] in true)
            return said.ChosenTests(plans=("made-up", *useless[:PREFERRED]), because=CERTAIN)
        if task is Task.CHANGES:
            return said.ReadChanges(changes=tuple(self._changes(page)))
        if task is Task.CLASSIFY:
            meaning = next(iter(page.ids(MEANINGS)), "")
            names = [said.ReadName(id=key, meaning=meaning, why=CERTAIN) for key in page.ids(TEMPLATES)]
            # A symptom, whatever it is and whichever way it went.
            kind = next(iter(page.ids(KINDS)), "")
            names += [said.ReadName(id=key, meaning=kind, worse="neither", why=CERTAIN) for key in page.ids(SERIES)]
            return said.ReadNames(names=tuple(names))
        return said.REPLY_OF[task]()

    def _changes(self, page: Page) -> Iterator[said.ReadChange]:
        for fact in page.changes:
            true = any(place.name in fact.text for place in self.told.accepted)
            yield said.ReadChange(change=fact.id, could=not true, why=CERTAIN)

    def _theories(self, page: Page) -> Iterator[said.SuggestedTheory]:
        """Wrong places where most was seen, each with a mechanism made of every sign there, and then with those of the
        catalogue that fit best; one that cites what is not there."""
        abnormal = [s for s in page.sightings if s.strength > 0]
        wrong = {key: [s for s in abnormal if s.at == key] for key, p in page.parts.items() if not self.told.is_true(p)}
        places = sorted(wrong, key=lambda key: -sum(s.strength for s in wrong[key]))
        if not abnormal:
            return
        fits = sorted(
            ((self._fit(m, wrong[key]), m, key) for key in places for m in page.ids(MECHANISMS) if m in self.catalogue),
            key=lambda found: -found[0],
        )
        made = iter([(key, _overfitted(wrong[key])) for key in places if wrong[key]])
        known = iter([(key, mechanism) for _, mechanism, key in fits])
        cites = tuple(s.id for s in abnormal)
        for key in places[:1]:
            yield _claim(key, (MADE_UP,), mechanism=next(iter(page.ids(MECHANISMS)), ""))
        for invented, listed in itertools.zip_longest(made, known):
            if invented is not None:
                yield _claim(invented[0], cites, stated=invented[1])
            if listed is not None:
                own = tuple(s.id for s in wrong[listed[0]])
                yield _claim(listed[0], own or cites[:1], mechanism=listed[1])

    def _fit(self, mechanism: str, here: list[Sighting]) -> float:
        """The share of what the mechanism requires and expects that is seen at a place."""
        signs = {s.sign for s in here}
        patterns = (*self.catalogue[mechanism].requires, *self.catalogue[mechanism].expects)
        return sum(any(sign in signs for sign in p.signs) for p in patterns) / max(1, len(patterns))


def _claim(entity: str, cites: tuple[str, ...], **what: object) -> said.SuggestedTheory:
    mechanism, stated = what.get("mechanism", ""), what.get("stated")
    assert isinstance(mechanism, str)
    assert stated is None or isinstance(stated, said.StatedMechanism)
    return said.SuggestedTheory(
        entity=entity, mechanism=mechanism, stated=stated, reasoning=CERTAIN, would_disprove=NOTHING,
        cites=cites[:CITES],
    )  # fmt: skip


def _overfitted(here: list[Sighting]) -> said.StatedMechanism:
    """A mechanism that requires every sign that is seen there, and forbids nothing."""
    signs = sorted({s.sign for s in here})
    groups = [signs[at::PATTERNS][:ALTERNATIVES] for at in range(min(PATTERNS, len(signs)))]
    return said.StatedMechanism(claim=CERTAIN, requires=tuple("|".join(group) for group in groups))


def _named_in(order: str, page: Page) -> Iterator[said.SuggestedTheory]:
    """Whatever parts and mechanisms an order in the data names, or the ids that it makes up."""
    words = set(re.findall(r"[\w.-]+", order))
    parts = [part.id for part in page.parts.values() if part.id in words or words & set(part.names)] or ["P999"]
    mechanisms = [key for key in page.ids(MECHANISMS) if key in words] or list(page.ids(MECHANISMS)[:1])
    cites = tuple(re.findall(r"\bE\d+\b", order)) or tuple(s.id for s in page.sightings[:1])
    for part, mechanism in itertools.product(parts, mechanisms):
        yield _claim(part, cites, mechanism=mechanism)
