"""Theories and the causal accounts they make up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from compass.domain.entity import EntityRef
from compass.domain.time import Instant

NO_CHANGE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """A mechanism said to strike one entity from about one time.

    `id` is derived from (mechanism, entity); `label` (H1, H2 ...) is given once and never changes.
    `suggested_by` are the observations that raised it: they are never fresh support (DESIGN §4).
    `lead` in [0, 1] is the strength of what suggested it, used for P(entity | mechanism) only.
    """

    id: str
    label: str
    mechanism: str
    entity: EntityRef
    onset: Instant
    proposed_by: str
    suggested_by: frozenset[str]
    lead: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """`effect` is explained by `cause` within an account; `because` says how in one phrase."""

    cause: str
    effect: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerOption:
    """A change that may have set the head off, or none (`change` = NO_CHANGE). Weights of one account sum to 1."""

    change: str
    weight: float
    because: str = ""
    refuted: str | None = None  # why this change cannot be the trigger, when that was shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Hypotheses that explain one another, identified by the head that started it."""

    id: str
    head: str
    links: tuple[Link, ...]
    triggers: tuple[TriggerOption, ...]

    @property
    def members(self) -> frozenset[str]:
        """Ids of every hypothesis in the account, the head included."""
        return frozenset({self.head, *(link.effect for link in self.links), *(link.cause for link in self.links)})

    def reached(self, cut: Callable[[str], bool]) -> list[str]:
        """What the head explains over links that `cut` does not hold of the effect of; sorted, without the head."""
        effects: dict[str, list[str]] = {}
        for link in self.links:
            effects.setdefault(link.cause, []).append(link.effect)
        seen, waiting = {self.head}, [self.head]
        while waiting:
            for effect in effects.get(waiting.pop(), []):
                if effect not in seen and not cut(effect):
                    seen.add(effect)
                    waiting.append(effect)
        return sorted(seen - {self.head})
