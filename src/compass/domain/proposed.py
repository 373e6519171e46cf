"""What a language model or a person proposed, kept apart from what the evidence engine states
(DESIGN §1, §9).

Two ledgers. The engine's: theories that the catalogue raised, attempts on them, and every fact but those that only an
attempt on a proposal brought. It is exactly what it would be without any proposal. The other holds the proposals. A
proposal enters the probability when it has survived a fresh direct attempt, and until then is a named part of "not on
this list": however many are stated, and however sure their author is, nothing is gained by that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, Outcome
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Observation, Quality, Verdict
from compass.domain.sign import SIGNS, matches

BY_MODEL = "model "
"""How `Hypothesis.proposed_by` begins for what a language model proposed; the model's name follows."""
BY_HUMAN = "human"
"""The same for what a person proposed; a name may follow a colon."""
BY_MEMORY = "knowledge:"
"""The same for what a similar past incident proposed; the number of that incident follows."""
BY_TEAM = "team:"
"""The same for what an issue that the team knows proposed; the id of that entry follows."""
STATED = "stated"
"""The family of mechanisms that were stated for one investigation. It has no cell of its own in the table of
outcomes, so what attempts on them say is what the strategy says over all families."""
_PARTS = {
    "log": "logs", "trace": "traces", "k8s": "kubernetes", "probe": "probes", "change": "changes", "release": "changes",
}  # fmt: skip


class Standing(StrEnum):
    """Where a proposal is. Only one that STANDS has a probability of its own."""

    WAITING = "waiting"  # nothing was attempted yet
    OPEN = "open"  # attempted and not refuted; nothing that it predicts was newly seen
    STANDS = "stands"  # a fresh direct attempt to refute it was survived
    REFUTED = "refuted"
    UNTESTABLE = "untestable"  # nothing that is connected shows anything it predicts


def by_model(hypothesis: Hypothesis) -> bool:
    return hypothesis.proposed_by.startswith(BY_MODEL)


def by_human(hypothesis: Hypothesis) -> bool:
    return hypothesis.proposed_by.startswith(BY_HUMAN)


def is_proposal(hypothesis: Hypothesis) -> bool:
    """Whether a model or a person proposed it and the engine has not come to it itself: both have read the board, so
    it stands in the second ledger."""
    return hypothesis.proposed_by.startswith((BY_MODEL, BY_HUMAN))


def brought(hypothesis: Hypothesis) -> bool:
    """Whether a past incident or the team's own files brought it, which have not read this board: nothing measured
    here had raised it."""
    return hypothesis.proposed_by.startswith((BY_MEMORY, BY_TEAM))


def is_stated(mechanism: str) -> bool:
    """Whether a mechanism's id is that of one stated for a single investigation."""
    return mechanism.startswith(f"{STATED}.")


def proposals(board: Board) -> tuple[Hypothesis, ...]:
    """Theories that were proposed and that the engine has not come to itself, in the order they came."""
    return tuple(h for h in board.hypotheses.values() if is_proposal(h))


def engine_part(board: Board) -> Board:
    """The board as the engine would have it without any proposal; the same value where nothing was proposed."""
    proposed = {h.id for h in proposals(board)}
    if not proposed:
        return board
    attempts = {key: a for key, a in board.attempts.items() if a.hypothesis not in proposed}
    hidden = {o.id for a in board.attempts.values() if a.hypothesis in proposed for o in a.observations}
    hidden -= {o.id for a in attempts.values() for o in a.observations}
    accounts = tuple(a for a in board.accounts if a.head not in proposed)
    heads, posterior = {a.id for a in accounts}, board.posterior
    if posterior is not None:
        kept = {key: belief for key, belief in posterior.accounts.items() if key in heads}
        posterior = replace(posterior, accounts=kept)
    return replace(
        board,
        hypotheses={key: h for key, h in board.hypotheses.items() if key not in proposed},
        observations={key: o for key, o in board.observations.items() if key not in hidden},
        plans={key: p for key, p in board.plans.items() if p.hypothesis not in proposed},
        attempts=attempts, accounts=accounts, posterior=posterior,
    )  # fmt: skip


def is_fresh(attempt: DisproofAttempt, hypothesis: Hypothesis, board: Board) -> bool:
    """Whether an attempt saw directly something that the proposal predicts and was not made from.

    What it predicts is a sign, at its own place, that its mechanism requires or expects: an attempt that only clears
    the place (nothing it calls is worse) says nothing for the mechanism. Not made from: neither the same sign at the
    same place nor the same records as anything its author was shown; to measure that again says nothing that was not
    known (DESIGN §4).
    """
    if attempt.trigger is not None or attempt.quality is not Quality.DIRECT:
        return False
    shown = sorted(made_of(hypothesis, board))
    known = [board.observations[key] for key in shown if key in board.observations]
    read = signs_read(hypothesis, board)
    return any(
        o.verdict is Verdict.ANOMALY
        and _predicted(o, hypothesis, board)
        and not _known(o, known, board.containment)
        and o.sign not in read
        for o in attempt.observations
    )


def made_of(hypothesis: Hypothesis, board: Board) -> frozenset[str]:
    """Ids of what a proposal was made from: of all observations and proposed facts that its author was shown."""
    argument = board.advice.arguments.get(hypothesis.id)
    return hypothesis.suggested_by | frozenset(argument.shown if argument is not None else ())


def _predicted(o: Observation, hypothesis: Hypothesis, board: Board) -> bool:
    argument = board.advice.arguments.get(hypothesis.id)
    words = argument.predicts if argument is not None else ()
    here = hypothesis.entity in _chain(o.entity, board.containment)
    return here and any(matches(word, o.sign) for word in words)


def _known(o: Observation, known: list[Observation], containment: Mapping[EntityRef, EntityRef]) -> bool:
    for other in known:
        near = o.entity in _chain(other.entity, containment) or other.entity in _chain(o.entity, containment)
        if (other.sign == o.sign and near) or other.series == o.series:
            return True
    return False


def signs_read(hypothesis: Hypothesis, board: Board) -> frozenset[str]:
    """Signs that its author was shown at its place as a model's reading of unknown series."""
    here = _chain(hypothesis.entity, board.containment)
    facts = [board.advice.facts[key] for key in made_of(hypothesis, board) if key in board.advice.facts]
    return frozenset(
        fact.sign
        for fact in facts
        if fact.entity in here or hypothesis.entity in _chain(fact.entity, board.containment)
    )


def _chain(entity: EntityRef, containment: Mapping[EntityRef, EntityRef]) -> list[EntityRef]:
    """The entity and what contains it."""
    line = [entity]
    while (parent := containment.get(line[-1])) is not None and parent not in line:
        line.append(parent)
    return line


def standing_of(hypothesis: Hypothesis, board: Board) -> Standing:
    """Where a proposal is, by the attempts on itself (not those on its trigger).

    A decisive refutation ends it; short of that, a fresh survival outweighs refutations. It is UNTESTABLE where
    something was attempted, or could not be, and nothing measured so far is of what it predicts.
    """
    own = [a for a in board.attempts.values() if a.hypothesis == hypothesis.id and a.trigger is None]
    refuted = [a for a in own if a.outcome is Outcome.REFUTED]
    if any(a.decisive for a in refuted):
        return Standing.REFUTED
    if any(a.outcome is Outcome.SURVIVED and is_fresh(a, hypothesis, board) for a in own):
        return Standing.STANDS
    if refuted:
        return Standing.REFUTED
    measured = (o for o in board.observations.values() if o.verdict is not Verdict.UNKNOWN)
    if any(_predicted(o, hypothesis, board) for o in measured):
        return Standing.OPEN if own else Standing.WAITING
    argument = board.advice.arguments.get(hypothesis.id)
    return Standing.UNTESTABLE if own or (argument is not None and not argument.testable) else Standing.WAITING


def data_needed(mechanism: Mechanism, hypothesis: Hypothesis, board: Board) -> tuple[str, ...]:
    """What would have to be seen to test a theory, and which part of the telemetry would show it; what is measured
    already is left out."""
    seen = {o.sign for o in board.observations.values() if o.entity == hypothesis.entity}
    wanted = [
        sign for pattern in (*mechanism.requires, *mechanism.expects, *mechanism.forbids) for sign in pattern.signs
        if sign in SIGNS and sign not in seen
    ]  # fmt: skip
    said = [f"{_PARTS.get(sign.split('.')[0], 'metrics')}: {SIGNS[sign]}" for sign in wanted]
    return tuple(dict.fromkeys(said))
