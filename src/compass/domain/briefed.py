"""What an investigation was told of the team's own knowledge, and what that set aside."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.observation import Observation
from compass.domain.team import FalseAlarm, NormalBehaviour, TeamKnowledge


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamBriefed:
    """The team's knowledge as it was applied when the investigation began: all that it goes by, whatever is applied
    later. Redacted and bounded; `left_out` says what had no room."""

    knowledge: TeamKnowledge
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Discounted:
    """A fact that the team calls normal, or a false alarm: kept and shown, and no symptom or evidence of anything."""

    observation: Observation
    entry: NormalBehaviour | FalseAlarm
