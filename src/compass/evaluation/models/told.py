"""What a scripted model is told of the label. Only the model's script gets it: the investigation never does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compass.evaluation.models.page import Part
from compass.evaluation.ranks import COMMIT, is_place
from compass.evaluation.truth import Place, Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`accepted`: the places that count as right, empty where nothing is wrong; `mechanisms`: those that do."""

    accepted: tuple[Place, ...] = ()
    mechanisms: tuple[str, ...] = ()

    def is_true(self, part: Part) -> bool:
        """Whether a part of a prompt is a right place."""
        places = [place for place in self.accepted if place.kind != COMMIT]
        return any(is_place(part.kind, name, "", place) for place in places for name in part.names)


def told_of(truth: Truth, labels: Mapping[str, tuple[str, ...]]) -> Told:
    return Told(accepted=truth.accepted, mechanisms=labels.get(truth.fault_type, ()))
