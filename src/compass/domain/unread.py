"""Series whose names the signal catalogue does not know: nothing is concluded from them, but what moved is named.

An engineer looks there next, and a language model may be asked what they mean (`domain.advised.ProposedFact`).
"""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.entity import EntityRef
from compass.domain.ids import id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadSeries:
    """All series of one unknown name, of which `moved` left their normal range after the onset; the rest is of the one
    that moved most.

    `type` (counter, gauge ...) and `help` are what the server says, "" where it says nothing; `unit` is what the words
    of the name say (UCUM). `labels` are keys, no values. `usual` and `value` are the levels before and since the onset,
    per second for what counts. `score` in robust standard deviations.
    """

    name: str
    type: str
    unit: str
    help: str
    labels: tuple[str, ...]
    series: int
    moved: int
    entity: EntityRef
    up: bool
    usual: float
    value: float
    score: float

    @property
    def id(self) -> str:
        """By name and metadata, whatever the incident: what was once read of it is found again by this."""
        return series_id(self.name, self.type, self.unit, self.help)

    @property
    def words(self) -> str:
        """The name and how it moved, in a few words."""
        return f"{self.name} {self.usual:.3g} → {self.value:.3g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What is not understood, in numbers: `series` of `names` unknown names, of which `moved` names moved. `most` are
    those that moved most, the first of them most."""

    names: int
    series: int
    moved: int
    most: tuple[UnreadSeries, ...] = ()

    def by_id(self) -> dict[str, UnreadSeries]:
        return {one.id: one for one in self.most}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadCounted:
    """A payload of the chronicle: what nobody can read, and what of it moved, for people and a model to look at."""

    unread: Unread


def series_id(name: str, type_: str, unit: str, help_: str) -> str:
    """The id of a name with its metadata."""
    return id_of("s", name, type_, unit, help_)
