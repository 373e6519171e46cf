"""The team's knowledge for one investigation: its own mechanisms and metric rules put where those that ship are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.mechanism import Mechanism
from compass.domain.team import TeamKnowledge
from compass.entrypoints.settings import Settings
from compass.entrypoints.team import applied_knowledge
from compass.mechanisms.loader import Catalogue, extended, load_catalogue
from compass.mechanisms.parse import Where
from compass.ports.chronicle import Chronicle
from compass.ports.errors import BadInputError
from compass.projections.team.reach import in_force
from compass.projections.team.words import where
from compass.signals.catalogue import RawRule, parse_rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an investigation is told. `lost`: why it cannot be told all, in words; it goes on without that."""

    knowledge: TeamKnowledge | None = None
    lost: tuple[str, ...] = ()


NOTHING = Told()


async def told(chronicle: Chronicle, *, use: bool = True) -> Told:
    """What was applied and holds now; nothing where a person wants to do without. Never fails."""
    if not use:
        return NOTHING
    applied = await applied_knowledge(chronicle)
    return Told(knowledge=applied.knowledge, lost=(applied.lost,) if applied.lost else ())


def catalogue_with(chosen: Settings, team: TeamKnowledge | None, now_ns: int) -> tuple[Catalogue, tuple[str, ...]]:
    """The catalogue with the team's own mechanisms over it, and what of them is wrong: it was right when it was
    applied, and what ships may have changed since."""
    catalogue, wrong = load_catalogue(chosen.mechanisms), []
    for entry in team.mechanisms if team is not None else ():
        if in_force(entry, now_ns):
            try:
                catalogue = extended(catalogue, [(Where(file=where(entry)), entry.mechanism)])
            except BadInputError as error:
                wrong.append(f"mechanism {entry.id} is left out: {error}")
    return catalogue, tuple(wrong)


def mechanisms_with(chosen: Settings, team: TeamKnowledge | None, now_ns: int) -> dict[str, Mechanism]:
    """The same by id."""
    return {one.id: one for one in catalogue_with(chosen, team, now_ns)[0].mechanisms}


def mechanisms_for(chosen: Settings, board: Board) -> dict[str, Mechanism]:
    """The mechanisms that an investigation has, by what it was told when it began."""
    return mechanisms_with(chosen, board.team, board.incident.now_ns if board.incident is not None else 0)


def rules_with(
    own: Sequence[RawRule], team: TeamKnowledge | None, now_ns: int
) -> tuple[tuple[RawRule, ...], tuple[str, ...]]:  # fmt: skip
    """What metrics mean: the rules of compass.toml first, which are this machine's, then the team's; and what of the
    team's is wrong."""
    rules, wrong = [*own], []
    for entry in team.metrics if team is not None else ():
        if in_force(entry, now_ns):
            try:
                parse_rule(entry.rule)
            except ValueError as error:
                wrong.append(f"metric rule {entry.id} is left out: {error} ({where(entry)})")
            else:
                rules.append(entry.rule)
    return tuple(rules), tuple(wrong)
