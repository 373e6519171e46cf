"""From a theory that a model suggested to one that can be tested, or the reason why it is none. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping

from compass.domain.advice import StatedMechanism
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism, Pattern
from compass.domain.proposed import STATED
from compass.domain.sign import SIGNS
from compass.investigation.advising.words import said
from compass.mechanisms.match import SignIndex, evaluate
from compass.ports.disproof import Disproof

MOST_PATTERNS = 4
MOST_ALTERNATIVES = 4
"""What is so wide that something of it is always seen says nothing."""
CLAIM = 160


def mechanism_of(stated: StatedMechanism, owner: str, strikes: EntityKind) -> Mechanism | None:
    """A mechanism of the words a model used, or None: a sign that does not exist, nothing required, too much allowed,
    or required and forbidden at once.

    Its weight in the catalogue is 0, so that it has a share of the reserve alone (`analysis.posterior.prior_masses`).
    Its id is that of what it says must be seen: the same prediction in other words is the same mechanism. No strategy
    is named as its refuter: whatever can be planned is tried.
    """
    parts = [_patterns(words) for words in (stated.requires, stated.expects, stated.forbids)]
    claim = said(stated.claim, CLAIM).replace("{", "").replace("}", "")
    if not claim or not parts[0] or any(part is None for part in parts):
        return None
    requires, expects, forbids = (part or () for part in parts)
    wanted = {sign for pattern in requires for sign in pattern.signs}
    if wanted & {sign for pattern in forbids for sign in pattern.signs}:
        return None
    text = repr((owner, [[p.signs for p in part] for part in (requires, expects, forbids)]))
    return Mechanism(
        id=f"{STATED}.{hashlib.sha256(text.encode()).hexdigest()[:12]}", claim=claim, family=STATED,
        strikes=frozenset({strikes}), owner=owner, requires=requires, expects=expects, forbids=forbids, prior=0.0,
    )  # fmt: skip


def _patterns(words: Iterable[str]) -> tuple[Pattern, ...] | None:
    """One pattern a word, "a|b" being alternatives, sorted and each once; None where one is not of known signs."""
    found: dict[tuple[str, ...], Pattern] = {}
    for word in words:
        signs = tuple(sorted({part.strip() for part in word.split("|")}))
        if len(signs) > MOST_ALTERNATIVES or not all(sign in SIGNS for sign in signs):
            return None
        found[signs] = Pattern(signs=signs)
        if len(found) > MOST_PATTERNS:
            return None
    return tuple(found[key] for key in sorted(found))


def suggesting(
    mechanism: Mechanism, entity: EntityRef, cites: Iterable[str], shown: Collection[str], signs: SignIndex
) -> frozenset[str]:
    """What the theory was made from: all that it cites, and all that its author was shown and that fits what it
    requires or expects, but nothing that it forbids. All are ids of observations."""
    match = evaluate(mechanism, entity, signs)
    fits = {o.id for part in (*match.requires, *match.expects) for o in part.matched if o.id in shown}
    return frozenset({*fits, *cites} - {o.id for part in match.forbids for o in part.matched})


def predicted(mechanism: Mechanism) -> tuple[str, ...]:
    """The words of signs that a mechanism requires or expects, sorted."""
    return tuple(sorted({word for p in (*mechanism.requires, *mechanism.expects) for word in p.signs}))


def struck(entity: EntityRef, mechanism: Mechanism, board: Board) -> EntityRef | None:
    """The entity, or the nearest thing that contains it, of a kind that the mechanism strikes."""
    seen: set[EntityRef] = set()
    here: EntityRef | None = entity
    while here is not None and here not in seen:
        if here.kind in mechanism.strikes:
            return here
        seen.add(here)
        here = board.containment.get(here)
    return None


def testable(hypothesis: Hypothesis, mechanism: Mechanism, board: Board, strategies: Mapping[str, Disproof]) -> bool:
    """Whether any strategy can plan an attempt on the theory itself (not on what may have set it off)."""
    return any(
        plan.arguments.change is None
        for strategy in strategies.values()
        for plan in strategy.plan(hypothesis, mechanism, board)
    )
