"""What a language model proposed and read, as a person is shown it: always as the model's, never as the engine's."""

from __future__ import annotations

from collections.abc import Mapping

from compass.domain.board import Board
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.proposed import BY_MODEL, Standing, by_model, data_needed, proposals, standing_of
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


def model_of(hypothesis: Hypothesis) -> str:
    """The model that proposed a theory, "" where none did."""
    return hypothesis.proposed_by.removeprefix(BY_MODEL) if by_model(hypothesis) else ""


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
        label=hypothesis.label, by=model_of(hypothesis), mechanism=hypothesis.mechanism, entity=hypothesis.entity,
        claim=fill(mechanism.claim) if mechanism else f"{hypothesis.mechanism} at {hypothesis.entity}",
        standing=standing.value, said=SAID[standing], reasoning=argument.reasoning if argument else "",
        would_disprove=argument.would_disprove if argument else "", cites=tuple(label for label in labels if label),
        needs=needs, attempts=attempts,
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
