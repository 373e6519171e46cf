"""The safest first relief of an account: undo what set it off where that is likely, else what its mechanism says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection

from compass.domain.entity import EntityKind
from compass.domain.hypothesis import NO_CHANGE, TriggerOption
from compass.domain.incident import Change
from compass.domain.mechanism import Mitigation

LIKELY = 0.5  # share within the account from which undoing the change is the first thing to think of
ROLLED_OUT = frozenset({"deploy", "release", "rollout"})
_UNDO = re.compile(r"(?:undo|revert|return|restore|roll\b.{0,300}?\bback)\b", re.IGNORECASE)
_UNDO_COMMAND = re.compile(r"\b(?:undo|rollback)\b")
_WORKLOADS = frozenset({EntityKind.SERVICE, EntityKind.WORKLOAD})


def relief(
    mitigation: Mitigation | None, option: TriggerOption | None, change: Change | None, *,
    ruled_out: Collection[str] = (), recorded: bool = True,
) -> Mitigation | None:  # fmt: skip
    """Undoing the trigger comes first: it restores a state that worked. COMPASS shows the command and never runs it.

    `ruled_out` are changes that were refuted for this or a more probable account: undoing them is no relief.
    `recorded`: changes are on record, so that "no change" is a finding and undoing one has nothing to rest on.
    """
    backed = (
        option is not None and change is not None and option.change != NO_CHANGE and not option.refuted
        and option.change not in ruled_out
    )  # fmt: skip
    if not (backed and option is not None and change is not None and option.weight >= LIKELY):
        return _without_undo(mitigation) if mitigation and recorded and not backed else mitigation
    target = f" of {change.entity}" if change.entity else ""
    return Mitigation(
        text=f"Undo {change.kind} {change.id}{target}: it restores what worked before.",
        command=_command(change),
        risk="undoes everything else in it; check for migrations that the earlier version cannot read",
        recovery=mitigation.recovery if mitigation else "the signals above return to their baseline",
    )


def _without_undo(mitigation: Mitigation) -> Mitigation | None:
    """What is left of a relief when there is no change to undo."""
    if not _UNDO_COMMAND.search(mitigation.command):
        return mitigation
    if _UNDO.match(mitigation.text) and "otherwise" not in mitigation.text:
        return None
    return Mitigation(text=mitigation.text, recovery=mitigation.recovery)


def _command(change: Change) -> str:
    entity = change.entity
    if entity is None or change.kind not in ROLLED_OUT or entity.kind not in _WORKLOADS:
        return ""
    name = "".join(character for character in entity.name if character.isprintable())
    where = f" -n {shlex.quote(entity.namespace)}" if entity.namespace else ""
    return f"kubectl rollout undo deployment/{shlex.quote(name)}{where}"
