"""A falsifiable theory as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from compass.domain.entity import EntityKind


class Relation(StrEnum):
    """Where a sign is looked for, seen from the entity a mechanism strikes."""

    SELF = "self"  # the entity, or anything contained in it (pod of a service, container of a pod)
    CALLEE = "callee"  # something it depends on, directly
    CALLER = "caller"  # something that depends on it, directly
    HOST = "host"  # what contains or runs it (node of a pod, namespace)
    MEMBER = "member"  # something contained in or running on it (pods on a node)
    PEER = "peer"  # the other end named by the observation itself
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A sign expected at a relation. `signs` are alternatives; `log.*` matches by prefix.

    `weight` in (0, 1] is how characteristic it is for the mechanism.
    """

    signs: tuple[str, ...]
    at: Relation = Relation.SELF
    weight: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitigation:
    """The safest first relief. `command` is shown to be copied, with {entity}, {namespace}; COMPASS never runs it."""

    text: str
    command: str = ""
    risk: str = ""
    recovery: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """`requires`: all must be seen (they instantiate it); `expects`: seen if true; `forbids`: not seen if true.

    `triggers` are change kinds that can set it off ("*" any). `prior` is relative weight among mechanisms.
    `claim` and `check` may use {entity} and {peer}.
    """

    id: str
    claim: str
    family: str
    strikes: frozenset[EntityKind]
    owner: str
    requires: tuple[Pattern, ...]
    expects: tuple[Pattern, ...] = ()
    forbids: tuple[Pattern, ...] = ()
    refuters: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    mitigation: Mitigation = Mitigation(text="")
    triggers: tuple[str, ...] = ()
    prior: float = 1.0


class Origin(StrEnum):
    """Who wrote a mechanism."""

    BUILT_IN = "built_in"
    TEAM = "team"
