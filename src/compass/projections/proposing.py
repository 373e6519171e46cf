"""What a language model, a person or the past proposed, and what a model read, as a person is shown it: always as
theirs, never as the engine's."""

from __future__ import annotations

from collections.abc import Mapping

from compass.domain.board import Board
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.proposed import (
    BY_MODEL,
    BY_TEAM,
    Standing,
    brought,
    by_human,
    by_model,
    data_needed,
    proposals,
    standing_of,
)
from compass.domain.statement_ids import template_id
from compass.projections.filler import Filler
from compass.projections.unread import unread_labels
from compass.projections.view import AttemptLine, NameLine, ProposalLine

SAID = {
    Standing.WAITING: "no attempt was made on it",
    Standing.OPEN: "what was tried did not refute it, and nothing that it predicts was newly seen",
    Standing.STANDS: "stands by its tests",
    Standing.REFUTED: "refuted",
    Standing.UNTESTABLE: "untestable here",
}


def proposer_of(hypothesis: Hypothesis) -> str:
    """A model's name, or "a person"; "" for the engine's own and for what the past brought."""
    if by_human(hypothesis):
        return "a person"
    return hypothesis.proposed_by.removeprefix(BY_MODEL) if by_model(hypothesis) else ""


def author_of(hypothesis: Hypothesis) -> str:
    """model | human | knowledge | team, "" for the engine's own."""
    if hypothesis.proposed_by.startswith(BY_TEAM):
        return "team"
    if brought(hypothesis):
        return "knowledge"
    return "human" if by_human(hypothesis) else "model" if by_model(hypothesis) else ""


def proposal_lines(
    board: Board, mechanisms: Mapping[str, Mechanism], attempts: Mapping[str, tuple[AttemptLine, ...]]
) -> tuple[ProposalLine, ...]:
    """Every proposal, those that stand first, each with what became of it. `attempts`: by hypothesis id."""
    order = list(Standing)
    found = [(order.index(standing_of(h, board)), h) for h in proposals(board)]
    first = order.index(Standing.STANDS)
    found.sort(key=lambda pair: pair[0] != first)
    return tuple(_line(h, board, mechanisms.get(h.mechanism), attempts.get(h.id, ())) for _, h in found)


def _line(
    hypothesis: Hypothesis, board: Board, mechanism: Mechanism | None, attempts: tuple[AttemptLine, ...]
) -> ProposalLine:
    standing, argument = standing_of(hypothesis, board), board.advice.arguments.get(hypothesis.id)
    known = {**board.observation_labels, **unread_labels(board)}
    labels = [known.get(key, "") for key in argument.cites] if argument is not None else []
    needs = data_needed(mechanism, hypothesis, board) if mechanism and standing is Standing.UNTESTABLE else ()
    fill = Filler(hypothesis.entity, None)
    return ProposalLine(
        label=hypothesis.label, by=proposer_of(hypothesis), mechanism=hypothesis.mechanism, entity=hypothesis.entity,
        claim=fill(mechanism.claim) if mechanism else f"{hypothesis.mechanism} at {hypothesis.entity}",
        standing=standing.value, said=SAID[standing], reasoning=argument.reasoning if argument else "",
        would_disprove=argument.would_disprove if argument else "", cites=tuple(label for label in labels if label),
        needs=needs, attempts=attempts, author=author_of(hypothesis), set_aside=board.orders.aside.get(hypothesis.id),
    )  # fmt: skip


def name_lines(board: Board) -> tuple[NameLine, ...]:
    """Log templates that a model read, with the facts that carry them."""
    read = board.advice.names
    if not read:
        return ()
    found: dict[str, NameLine] = {}
    for key, label in board.observation_labels.items():
        for text in board.observations[key].statements if key in board.observations else ():
            one = read.get(template_id(text))
            if one is not None and one.meaning and one.id not in found:
                found[one.id] = NameLine(label=label, template=text, meaning=one.meaning, why=one.why)
    return tuple(found.values())
