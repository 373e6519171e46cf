"""Who works on an investigation, and what it may spend (`domain/limits`, where the chronicle keeps it)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compass.domain.limits import Limits
from compass.domain.mechanism import Mechanism
from compass.ports.disproof import Disproof
from compass.ports.specialist import Specialist
from compass.ports.tools import Ask

__all__ = ["Crew", "Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who works and with what: specialists, the catalogue by id, strategies by id. `memory`: the team's past incidents
    are asked, once, after screening. `asks`: what the team's own tools are asked, once, when the first accounts stand;
    `documents`: the team's documents are read then."""

    specialists: Sequence[Specialist]
    mechanisms: Mapping[str, Mechanism]
    strategies: Mapping[str, Disproof] = field(default_factory=dict)
    memory: bool = False
    documents: bool = False
    asks: Sequence[Ask] = ()
