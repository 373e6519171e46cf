"""How much a result says: P(outcome | family, strategy) against P(outcome | background), as a data file.

The file (`likelihoods.yaml`) says itself how it was fitted. Figures of a family are partially pooled with those of
the strategy over all families: (cases x own + pooling x general) / (cases + pooling), the posterior mean of a
beta-binomial model (Gelman et al., Bayesian Data Analysis, ch. 5). A family with no cases has the general figure.
"""

from __future__ import annotations

import hashlib
import math
from importlib.resources import files

import msgspec

from compass.domain.disproof import Outcome
from compass.domain.observation import QUALITY_WEIGHT, Quality

TABLE_FILE, ASSUMED_FILE = "likelihoods.yaml", "assumed.yaml"


class Fitted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the figures were obtained, on which incidents, when."""

    how: str
    on: str
    at: str = ""


class Prior(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prior masses. `entity_capacity` is in lead units (see `posterior.prior_masses`).

    `unseen` is P(what a mechanism requires is not seen | it is at work), for all that no theory was stated for.
    """

    no_incident: float
    not_listed: float
    entity_capacity: float
    lead_power: float = 1.0
    unlisted_share: float = 0.2
    unseen: float = 1.0

    def __post_init__(self) -> None:
        _probability(self.no_incident, "prior.no_incident")
        _probability(self.not_listed, "prior.not_listed")
        _probability(self.unlisted_share, "prior.unlisted_share")
        if not 0 < self.unseen <= 1:
            raise ValueError("prior.unseen lies above 0 and at most at 1")
        if self.no_incident + self.not_listed >= 1:
            raise ValueError("prior.no_incident + prior.not_listed must leave room for mechanisms (sum below 1)")
        if not (self.entity_capacity > 0 and math.isfinite(self.entity_capacity) and self.lead_power >= 0):
            raise ValueError("prior.entity_capacity must be positive and prior.lead_power at least 0")


class Groups(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Evidence that shares records: strongest fully, `share_of_rest` of the others; what explained effects add.

    `explained_share` is what remains of the support of a theory once it has another reason.
    """

    share_of_rest: float
    link_share: float
    link_cap: float
    explained_share: float = 0.3

    def __post_init__(self) -> None:
        shares = (self.share_of_rest, self.link_share, self.explained_share)
        if not (all(0 <= share <= 1 for share in shares) and self.link_cap >= 0):
            raise ValueError("groups: shares lie in [0, 1] and link_cap is at least 0")


class Patterns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Log units a pattern of full weight and strength is worth; `missing` and `forbidden` are negative."""

    suggestion: float
    required: float
    expected: float
    missing: float
    forbidden: float
    coverage: float
    closeness: float

    def __post_init__(self) -> None:
        if max(self.missing, self.forbidden) > 0 or min(self.suggestion, self.required, self.expected) < 0:
            raise ValueError("patterns: missing and forbidden are at most 0, suggestion, required, expected at least 0")


class Sources(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sign of each sort of telemetry is worth against what its strength says: strengths of a log line, a trace
    and a metric are measured on scales of their own, and only counting tells how they compare."""

    metrics: float = 1.0
    logs: float = 1.0
    traces: float = 1.0
    state: float = 1.0
    changes: float = 1.0

    def __post_init__(self) -> None:
        if not all(
            math.isfinite(f) and f > 0 for f in (self.metrics, self.logs, self.traces, self.state, self.changes)
        ):
            raise ValueError("sources: every factor is positive")


SOURCES = Sources.__struct_fields__
_SOURCE_OF = {
    "log": "logs", "trace": "traces", "k8s": "state", "probe": "state", "change": "changes", "release": "changes",
}  # fmt: skip


def source_of(sign: str) -> str:
    """The sort of telemetry a sign comes from: one of SOURCES; metrics unless its area says otherwise."""
    return _SOURCE_OF.get(sign.split(".", 1)[0], "metrics")


class IncidentWeights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What anomalies (or their complete absence) say about "no incident here"."""

    anomaly: float
    elsewhere: float
    normal: float
    minimum_normal: int = 2


class Triggers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Weights of the nested choice of trigger. `relation`: self, host, namespace, callee, unknown."""

    lookback_s: float
    half_life_s: float
    no_change: float
    relation: dict[str, float]
    kind_fits: float
    kind_differs: float
    kind_unstated: float
    meaning: float
    survived: float
    most: int = 8

    def __post_init__(self) -> None:
        if min(self.lookback_s, self.half_life_s, self.no_change) <= 0:
            raise ValueError("triggers: lookback_s, half_life_s and no_change are positive")


class Outcomes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """P(refuted) and P(survived); the rest of 1 is ambiguous or no data."""

    refuted: float
    survived: float

    def __post_init__(self) -> None:
        if not (0 < self.refuted < 1 and 0 < self.survived < 1 and self.refuted + self.survived <= 1):
            raise ValueError("refuted and survived lie strictly between 0 and 1 and sum to at most 1")

    def of(self, outcome: Outcome) -> float:
        return self.refuted if outcome is Outcome.REFUTED else self.survived


class Cell(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One strategy: outcomes when the theory is true, and when it is not. Fitted cells are not tempered by quality."""

    holds: Outcomes
    background: Outcomes
    fitted: bool = False

    def __post_init__(self) -> None:
        _ordered(self.holds, self.background)


class FamilyCell(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What differs for one family, and the number of incidents it rests on."""

    holds: Outcomes
    cases: float = 0.0
    fitted: bool = False


class LikelihoodTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. `sha256` is that of its text."""

    version: int
    fitted: Fitted
    prior: Prior
    groups: Groups
    patterns: Patterns
    incident: IncidentWeights
    triggers: Triggers
    default: Cell
    strategies: dict[str, Cell]
    families: dict[str, dict[str, FamilyCell]] = {}
    sources: Sources = Sources()
    pooling: float = 10.0
    temper: float = 1.0
    decisive_floor: float = -7.0
    sha256: str = ""

    def __post_init__(self) -> None:
        if self.decisive_floor >= 0 or self.temper <= 0 or self.pooling < 0:
            raise ValueError("decisive_floor is negative, temper positive, pooling at least 0")
        for family, cells in self.families.items():
            for strategy, own in cells.items():
                if not math.isfinite(own.cases) or own.cases < 0:
                    raise ValueError(f"families.{family}.{strategy}.cases must be at least 0")
                _ordered(own.holds, self.strategies.get(strategy, self.default).background)

    def probability(self, family: str, strategy: str, outcome: Outcome) -> float:
        """P(outcome | a theory of this family is true), partially pooled."""
        cell = self.strategies.get(strategy, self.default)
        own = self.families.get(family, {}).get(strategy)
        general = cell.holds.of(outcome)
        if own is None or own.cases + self.pooling <= 0:
            return general if own is None else own.holds.of(outcome)
        return (own.cases * own.holds.of(outcome) + self.pooling * general) / (own.cases + self.pooling)

    def background(self, strategy: str, outcome: Outcome) -> float:
        """P(outcome | background): what the strategy says of a theory that is not true."""
        return self.strategies.get(strategy, self.default).background.of(outcome)

    def outcome(
        self, family: str, strategy: str, outcome: Outcome, quality: Quality = Quality.DIRECT, *,
        decisive: bool = False, predicted: float | None = None,
    ) -> float:  # fmt: skip
        """log P(outcome | theory) − log P(outcome | background), tempered by quality where the cell is not fitted.

        AMBIGUOUS and NO_DATA give 0. A decisive refutation of direct quality gives `decisive_floor`. `predicted`
        replaces P(outcome | theory) where a plan states its own. Never positive for a refutation, never negative
        for a survival.
        """
        if outcome not in (Outcome.REFUTED, Outcome.SURVIVED):
            return 0.0
        if decisive and outcome is Outcome.REFUTED and quality is Quality.DIRECT:
            return self.decisive_floor
        stated = predicted is not None and 0 < predicted < 1
        chance = predicted if stated and predicted is not None else self.probability(family, strategy, outcome)
        ratio = math.log(chance / self.background(strategy, outcome))
        if not self.is_fitted(family, strategy):
            ratio *= QUALITY_WEIGHT[quality]
        return max(self.decisive_floor, min(0.0, ratio)) if outcome is Outcome.REFUTED else max(0.0, ratio)

    def is_fitted(self, family: str, strategy: str) -> bool:
        own = self.families.get(family, {}).get(strategy)
        return own.fitted if own is not None else self.strategies.get(strategy, self.default).fitted

    def pattern(
        self, kind: str, weight: float = 1.0, strength: float = 1.0, quality: Quality = Quality.DIRECT
    ) -> float:
        """Log units of a pattern of `kind` (suggestion, required, expected, missing, forbidden, coverage, closeness).

        `weight` and `strength` are in [0, 1] and clipped to it. Raises KeyError for another kind.
        """
        if kind not in Patterns.__struct_fields__:
            raise KeyError(kind)
        scale = float(getattr(self.patterns, kind))
        return scale * _clip(weight) * _clip(strength) * QUALITY_WEIGHT[quality]


def parse_table(text: str) -> LikelihoodTable:
    """The table in a YAML text. Raises ValueError saying what is wrong and where."""
    try:
        table = msgspec.yaml.decode(text.encode(), type=LikelihoodTable)
    except msgspec.DecodeError as error:  # ValidationError is one of them
        raise ValueError(f"likelihood table: {error}") from error
    return msgspec.structs.replace(table, sha256=hashlib.sha256(text.encode()).hexdigest())


def load_table() -> LikelihoodTable:
    """The table that ships with the package."""
    return parse_table(files("compass.analysis").joinpath(TABLE_FILE).read_text(encoding="utf-8"))


def load_assumed() -> LikelihoodTable:
    """The figures set by hand that a fit begins with: beginning with a fitted table would count its incidents twice."""
    return parse_table(files("compass.analysis").joinpath(ASSUMED_FILE).read_text(encoding="utf-8"))


def _probability(value: float, name: str) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie strictly between 0 and 1, not {value}")


def _ordered(holds: Outcomes, background: Outcomes) -> None:
    # Otherwise a refutation would support a theory, or surviving an attempt speak against it.
    if holds.refuted > background.refuted or holds.survived < background.survived:
        raise ValueError("a true theory is refuted at most as often as the background and survives at least as often")


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value)) if math.isfinite(value) else 0.0
