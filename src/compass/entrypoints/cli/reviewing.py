"""Go back to decisions when there is time: what was known, why it was reasonable then, what came of it. Blameless."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from compass.domain.board import Board
from compass.domain.chronicle import NewEvent
from compass.domain.commanded import POLICY, DecisionMade, DecisionReviewed
from compass.domain.commands import command
from compass.domain.mechanism import Mechanism
from compass.entrypoints.cli import session
from compass.entrypoints.cli.asked import line_of
from compass.entrypoints.cli.render.output import tell
from compass.investigation.advising.words import said
from compass.ports.errors import BadInputError, NotFoundError
from compass.projections.outcomes import outcome_of

ASKED = "What made this reasonable with what was known then? (Enter leaves it open) "
SURE = "How sure were you, 0 to 1? (Enter: not said) "
BECAME = "What came of it? (Enter: not known yet) "


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionLine:
    """A decision with all that was added to it. `number` is its place, `at` when in ISO 8601 (UTC), `who` decided.

    `posterior` and `cost_usd` are as they stood then, `elapsed_s` is since the opening. `outcome` is what people wrote
    of it later, `turned_out` what follows from what they said the incident was. `open`: a person's, without a reason
    or without either of the two.
    """

    number: int
    key: str
    seq: int
    at: str
    by: str
    who: str
    decision: str
    kind: str
    options: tuple[str, ...]
    favoured: str
    favoured_because: str
    chosen: str
    agreement: str
    reason: str
    confidence: float | None
    outcome: str
    turned_out: str
    took_s: float | None
    posterior: Mapping[str, float]
    cost_usd: float
    elapsed_s: float | None
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    reason: str = ""
    confidence: float | None = None
    outcome: str = ""

    @property
    def empty(self) -> bool:
        return not (self.reason or self.outcome) and self.confidence is None


def decision_lines(board: Board, mechanisms: Mapping[str, Mechanism]) -> tuple[DecisionLine, ...]:
    """Every decision in order, the latest word of each addition."""
    return tuple(_line(n, one, outcome_of(one, board, mechanisms)) for n, one in enumerate(board.made, start=1))


def _line(number: int, one: DecisionMade, turned_out: str) -> DecisionLine:
    record, decided = one.decided.record, one.decided
    reasons = [r.reason for r in one.reviews if r.reason]
    sure = [r.confidence for r in one.reviews if r.confidence is not None]
    outcomes = [r.outcome for r in one.reviews if r.outcome]
    own = record.reason if record is not None else ""
    reason = reasons[-1] if reasons else own
    return DecisionLine(
        number=number, key=one.key, seq=one.seq, at=one.at.isoformat(timespec="seconds") if one.at else "",
        who=decided.by, by="policy" if decided.by.startswith(POLICY) else "person",
        decision=decided.decision, kind=record.kind.value if record else "other",
        options=record.options if record else (), favoured=record.favoured if record else "",
        favoured_because=record.favoured_because if record else "", chosen=record.chosen if record else "",
        agreement=record.agreement.value if record else "", reason=reason,
        confidence=sure[-1] if sure else record.confidence if record else None,
        outcome=outcomes[-1] if outcomes else "", turned_out=turned_out, took_s=record.took_s if record else None,
        posterior=record.posterior if record else {}, cost_usd=record.cost_usd if record else 0.0,
        elapsed_s=one.elapsed_s,
        open=not decided.by.startswith(POLICY) and not (reason and (outcomes or turned_out)),
    )  # fmt: skip


def add(reference: str | None, number: int, addition: Addition) -> DecisionLine:
    """Add to one decision. Raises NotFoundError for a number that is not there, BadInputError for nothing to add."""
    if addition.empty:
        raise BadInputError("there is nothing to add", where="review", hint="--reason, --confidence or --outcome")
    chosen = session.settings()

    async def work() -> DecisionLine:
        """The decision's line with the review in it. One event with a key of its own: every review of a decision
        stays."""
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            made = loaded.board.made
            if not 0 < number <= len(made):
                raise NotFoundError(
                    f"there is no decision {number}", hint=f"there are 1 to {len(made)}: {command('review', loaded.of)}"
                )
            review = DecisionReviewed(
                decided=made[number - 1].key, by="human", reason=said(addition.reason),
                confidence=addition.confidence, outcome=said(addition.outcome),
            )  # fmt: skip
            event = NewEvent(key=f"review/{uuid4().hex[:12]}", payload=review, actor="human")
            await chronicle.append(loaded.id, None, [event])
            after = await session.load(chronicle, chosen, str(loaded.id))
            return decision_lines(after.board, session.mechanisms_for(chosen, after.board))[number - 1]

    return session.run(work)


def ask(line: DecisionLine) -> Addition:
    """Short questions on the terminal about what is not known yet, each of which may stay open."""
    tell(f"\n{line.number}. {line.decision}")
    for option in line.options:
        tell(f"     was shown: {option}")
    if line.favoured:
        tell(f"     COMPASS favoured: {line.favoured} ({line.favoured_because})")
    if line.turned_out:
        tell(f"     what people said since: {line.turned_out}")
    reason = "" if line.reason else _read(ASKED)
    sure = "" if line.confidence is not None else _read(SURE)
    outcome = "" if line.outcome else _read(BECAME)
    return Addition(reason=reason, confidence=_share(sure), outcome=outcome)


def _read(question: str) -> str:
    return line_of(f"   {question}", left="of this decision nothing was recorded")


def _share(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0.0 <= value <= 1.0 else None
