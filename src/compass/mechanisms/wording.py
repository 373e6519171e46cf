"""Fills the placeholders of a mechanism's texts for one entity. Names come from telemetry and are untrusted."""

from __future__ import annotations

import shlex

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.mechanism import Mechanism

UNKNOWN_PEER = "the other end"
_MAX_NAME = 120


def _plain(name: str) -> str:
    """A name without control characters, bounded: it is shown on a terminal."""
    return "".join(c for c in name if c.isprintable())[:_MAX_NAME]


def fill(text: str, entity: EntityRef, peer: EntityRef | None = None) -> str:
    """`text` with {entity} and {peer} replaced. Replaced literally: a name with braces in it is only text."""
    other = _plain(str(peer)) if peer is not None else UNKNOWN_PEER
    parts = text.split("{entity}")
    return _plain(str(entity)).join(part.replace("{peer}", other) for part in parts)


def claim_of(mechanism: Mechanism, entity: EntityRef, peer: EntityRef | None = None) -> str:
    """The claim as one sentence about `entity`."""
    return fill(mechanism.claim, entity, peer)


def command_of(mechanism: Mechanism, entity: EntityRef) -> str:
    """The mitigation's command, to be copied by a person; every name is quoted for a POSIX shell.

    Empty when the mechanism has none, or when it needs a namespace and none is known.
    """
    command = mechanism.mitigation.command
    namespace = entity.name if entity.kind is EntityKind.NAMESPACE else entity.namespace
    if "{namespace}" in command and not namespace:
        return ""
    quoted = shlex.quote(_plain(entity.name))
    parts = command.split("{entity}")
    return quoted.join(part.replace("{namespace}", shlex.quote(_plain(namespace))) for part in parts)
