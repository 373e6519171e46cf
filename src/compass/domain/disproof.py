"""Attempts to refute: what is expected is written down before the data is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from compass.domain.entity import EntityRef
from compass.domain.observation import Observation, Quality


class Outcome(StrEnum):
    """What became of an attempt. AMBIGUOUS (a human judges) and NO_DATA (a gap) move no probability."""

    REFUTED = "refuted"
    SURVIVED = "survived"
    AMBIGUOUS = "ambiguous"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanArguments:
    """Arguments of a plan; every strategy reads the ones it names. All are values, never query text."""

    entity: EntityRef
    peers: tuple[EntityRef, ...] = ()
    signs: tuple[str, ...] = ()
    change: str | None = None
    threshold: float | None = None
    observations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DisproofPlan:
    """One way to refute one hypothesis. `expectation` is what must be seen if the theory holds, in one sentence.

    `deep` plans run only when a person asks (`compass test N`) or after a direction was chosen.
    `cost` is in work units (1 = one bounded query); `power` in [0, 1] is how often it refutes a wrong theory.
    """

    id: str
    hypothesis: str
    strategy: str
    arguments: PlanArguments
    expectation: str
    cost: float = 1.0
    power: float = 0.5
    deep: bool = False
    predicts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisproofAttempt:
    """The outcome of a plan. `decisive` only with DIRECT quality: it cuts the account at this hypothesis. `explained`:
    refuted, and what speaks for it has another reason: another theory would bring it about, or it came afterwards.

    `found` is what was seen, in one sentence with numbers; `observations` are new facts the attempt made
    (they join the chronicle), `observed` the ids of all it rests on.
    """

    plan: str
    hypothesis: str
    strategy: str
    outcome: Outcome
    found: str
    observed: tuple[str, ...] = ()
    observations: tuple[Observation, ...] = ()
    quality: Quality = Quality.DIRECT
    decisive: bool = False
    explained: bool = False
    trigger: str | None = None  # set when what was refuted/survived is a trigger option, not the hypothesis
