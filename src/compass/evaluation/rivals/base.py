"""What a rival is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from compass.domain.entity import EntityRef
from compass.domain.incident import Incident
from compass.ports.telemetry import Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One incident as a rival sees it: more than COMPASS gets wherever the truth states an onset.

    `onset_ns` is the labelled onset where there is one, else the time of the page; `seed` is stable for a case.
    """

    telemetry: Telemetry
    incident: Incident
    onset_ns: int
    seed: int

    @property
    def labelled(self) -> bool:
        """Whether `onset_ns` says more than the page does."""
        return self.onset_ns != self.incident.detected_ns


class Rival(Protocol):
    """A method of another kind. `id` names it on the command line; `summary` is one line with the method's source."""

    id: str
    summary: str

    async def rank(self, scene: Scene) -> tuple[EntityRef, ...]:
        """Services (nodes where series belong to nodes), best first and distinct; empty with nothing to say.

        Deterministic for one scene. A source that is absent or lost counts as empty, as it does for COMPASS.
        """
        ...
