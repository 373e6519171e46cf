"""What the pattern of signs around each hypothesis says for and against it, as evidence for the posterior.

Not measured moves nothing. The observation that suggested a theory is in its own group and is never counted a
second time as fresh support.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from compass.analysis.trouble import Trouble, troubles_of
from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.ids import id_of
from compass.domain.mechanism import Mechanism, Relation
from compass.domain.observation import Observation
from compass.domain.posterior import Evidence
from compass.mechanisms.loader import Catalogue
from compass.mechanisms.match import Match, PatternMatch, SignIndex, combined_strength, evaluate, index
from compass.mechanisms.symptoms import Closeness, Suffering, closeness_of, suffering_of

MAX_RESTS_ON = 12
NEGLIGIBLE = 1e-6
DEPTH_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternWeights:
    """Log units that a pattern of full weight and strength is worth. `missing` and `forbidden` are negative.

    Field names are those of the `patterns` section of the likelihood table. `required`: a required sign that was not
    what suggested the theory, seen (for) or looked for and normal (against). `commonness` in [0, 1) is the share of
    a suggestion that is lost when the sign is seen at every service: a sign that everybody shows places nothing.
    """

    suggestion: float = 4.0
    required: float = 3.0
    expected: float = 1.5
    missing: float = -0.8
    forbidden: float = -2.0
    coverage: float = 1.0
    closeness: float = 0.5
    commonness: float = 0.5

    def __post_init__(self) -> None:
        supporting = (self.suggestion, self.required, self.expected, self.coverage, self.closeness)
        if max(self.missing, self.forbidden) > 0 or min(supporting) < 0:
            raise ValueError("missing and forbidden are at most 0, the other weights at least 0")
        if not 0 <= self.commonness < 1:
            raise ValueError("commonness lies in [0, 1)")


def pattern_evidence(
    board: Board,
    catalogue: Catalogue,
    weights: PatternWeights | None = None,
    signs: SignIndex | None = None,
) -> tuple[Evidence, ...]:
    """Evidence for every hypothesis on the board whose mechanism the catalogue knows, in order of hypothesis id."""
    weights = weights or PatternWeights()
    signs = signs or index(board)
    closeness = closeness_of(board, signs.neighbours)
    suffering: dict[frozenset[Trouble], Suffering] = {}
    commonness = _commonness(signs)
    found: list[Evidence] = []
    for hypothesis in sorted(board.hypotheses.values(), key=lambda h: h.id):
        mechanism = catalogue.get(hypothesis.mechanism)
        if mechanism is not None:
            match = evaluate(mechanism, hypothesis.entity, signs)
            found += _of_match(hypothesis, match, weights, commonness)
        found += _closeness(hypothesis, closeness, weights)
        kinds = troubles_of(mechanism)
        if kinds not in suffering:
            suffering[kinds] = suffering_of(signs, kinds)
        down = mechanism is not None and loads_callees(mechanism)
        found += _coverage(hypothesis, suffering[kinds], kinds, signs, weights, down)
    return tuple(found)


def _of_match(
    hypothesis: Hypothesis, match: Match, weights: PatternWeights, commonness: dict[str, float]
) -> Iterable[Evidence]:
    known = {
        (o.sign, o.entity) for required in match.requires for o in required.matched if o.id in hypothesis.suggested_by
    }
    for number, required in enumerate(match.requires):
        suggesting = tuple(o for o in required.matched if o.id in hypothesis.suggested_by)
        # An attempt that measures the suggesting sign again sees the same thing again: no fresh support (DESIGN §4).
        later = tuple(
            o for o in required.matched if o.id not in hypothesis.suggested_by and (o.sign, o.entity) not in known
        )
        if suggesting:
            rarity = 1.0 - weights.commonness * min(commonness[o.sign] for o in suggesting)
            value = weights.suggestion * required.pattern.weight * combined_strength(suggesting) * rarity
            yield _evidence(hypothesis, "suggestion", number, suggesting, value, "suggested by")
        if later:  # fresh support; the suggestion stays what it was
            value = weights.required * required.pattern.weight * combined_strength(later)
            yield _evidence(hypothesis, "required", number, later, value, "also seen, as it requires")
        if required.contradicted:
            value = -weights.required * required.pattern.weight * required.measured
            yield _evidence(hypothesis, "missing", number, required.normal, value, "requires, but is normal")
    for number, expected in enumerate(match.expects):
        fresh = tuple(o for o in expected.matched if o.id not in hypothesis.suggested_by)
        if fresh:
            value = weights.expected * expected.pattern.weight * combined_strength(fresh)
            yield _evidence(hypothesis, "expected", number, fresh, value, "expected and seen")
        elif expected.contradicted:
            value = weights.missing * expected.pattern.weight * expected.measured
            place = number + len(match.requires)
            yield _evidence(hypothesis, "missing", place, expected.normal, value, _missing(expected))
    for number, forbidden in enumerate(match.forbids):
        against = tuple(o for o in forbidden.matched if o.id not in hypothesis.suggested_by)
        if against:
            value = weights.forbidden * forbidden.pattern.weight * combined_strength(against)
            yield _evidence(hypothesis, "forbidden", number, against, value, "speaks against it")


def _missing(expected: PatternMatch) -> str:
    return f"expected {' or '.join(expected.pattern.signs[:3])}, but it is normal"


def _evidence(
    hypothesis: Hypothesis, kind: str, number: int, observations: tuple[Observation, ...], value: float, phrase: str
) -> Evidence:
    """One item; its group is the series of the strongest observation, so that shared records count once."""
    first = observations[0]
    rest = f" (and {len(observations) - 1} more)" if len(observations) > 1 else ""
    return Evidence(
        id=id_of("v", hypothesis.id, kind, str(number)), group=first.series, kind=kind,
        log_likelihood={hypothesis.id: round(value, 6)}, because=f"{phrase}: {first.text}{rest}",
        rests_on=tuple(o.id for o in observations[:MAX_RESTS_ON]),
    )  # fmt: skip


def _closeness(hypothesis: Hypothesis, closeness: Closeness, weights: PatternWeights) -> Iterable[Evidence]:
    value = closeness.of(hypothesis.entity)
    if abs(value) < NEGLIGIBLE or not closeness.paged:
        return
    paged = ", ".join(str(e) for e in closeness.paged[:3])
    if hypothesis.entity in closeness.paged:
        because = f"{hypothesis.entity} is what was paged for"
    elif value > 0:
        because = f"{paged} depends on {hypothesis.entity} or runs on it"
    else:
        because = f"{paged} is not known to depend on {hypothesis.entity}"
    yield Evidence(
        id=id_of("v", hypothesis.id, "closeness", ""), group=f"closeness|{hypothesis.entity.key}", kind="coverage",
        log_likelihood={hypothesis.id: round(weights.closeness * value, 6)}, because=because,
    )  # fmt: skip


def _coverage(
    hypothesis: Hypothesis, suffering: Suffering, kinds: frozenset[Trouble], signs: SignIndex, weights: PatternWeights,
    down: bool,
) -> Iterable[Evidence]:  # fmt: skip
    """`down`: the mechanism also does harm to what the entity calls, however deep."""
    around = signs.neighbours
    number = around.numbers.get(hypothesis.entity)
    if number is None:
        return
    tops = frozenset(around.top(m) for m in around.members[number]) if around.is_host[number] else {around.top(number)}
    harmed = frozenset(around.distances(tops, Relation.CALLEE)) if down else frozenset(tops)
    answer = suffering.explained(harmed)
    if answer is None or not _has_edges(hypothesis.entity, signs):
        return
    share, explained = answer
    # What lies below everything could explain everything, whatever it is: reaching little speaks against a theory
    # more than reaching all speaks for it.
    gain = 2.0 * share - 1.0
    gain *= DEPTH_SHARE if gain > 0 else 1.0
    reached = "runs on it or depends on it" + (" or on what it calls" if down else "")
    yield Evidence(
        id=id_of("v", hypothesis.id, "coverage", ""), group=f"coverage|{hypothesis.entity.key}", kind="coverage",
        log_likelihood={hypothesis.id: round(weights.coverage * gain, 6)},
        because=f"{share:.0%} of what {_suffers(kinds)} is {hypothesis.entity}, {reached}",
        rests_on=tuple(o.id for o in explained[:MAX_RESTS_ON]),
    )  # fmt: skip


def loads_callees(mechanism: Mechanism) -> bool:
    """Whether the mechanism sends more work downwards, so that what the entity calls suffers from it."""
    return any(pattern.at is Relation.CALLEE and "traffic.up" in pattern.signs for pattern in mechanism.expects)


def _suffers(kinds: frozenset[Trouble]) -> str:
    if kinds == frozenset(Trouble):
        return "suffers"
    return "is slow" if Trouble.SLOW in kinds else "fails"


def _has_edges(entity: EntityRef, signs: SignIndex) -> bool:
    """Whether the entity's place is known at all: without one its coverage is unknown, not small."""
    around = signs.neighbours
    number = around.numbers[entity]
    if around.is_host[number]:
        return bool(around.members[number])
    return bool(around.reach(Relation.CALLER, number) or around.reach(Relation.CALLEE, number))


def _commonness(signs: SignIndex) -> dict[str, float]:
    """Share of the known tops at which each sign is abnormal; 0 for fewer than four tops, which say too little."""
    around = signs.neighbours
    tops = {around.top(i) for i in range(len(around.entities)) if not around.is_host[i]}
    if len(tops) < 4:
        return dict.fromkeys(signs.by_sign, 0.0)
    shares: dict[str, float] = {}
    for sign, observations in signs.by_sign.items():
        seen = {around.top(around.numbers[o.entity]) for o in observations} & tops
        shares[sign] = max(0, len(seen) - 1) / len(tops)
    return shares
