"""The safest first relief of an account: undo what set it off where that is likely, else what its mechanism says."""

from __future__ import annotations

import shlex

from compass.domain.entity import EntityKind
from compass.domain.hypothesis import NO_CHANGE, TriggerOption
from compass.domain.incident import Change
from compass.domain.mechanism import Mitigation

LIKELY = 0.5  # share within the account from which undoing the change is the first thing to think of
ROLLED_OUT = frozenset({"deploy", "release", "rollout"})
_WORKLOADS = frozenset({EntityKind.SERVICE, EntityKind.WORKLOAD})


def relief(mitigation: Mitigation | None, option: TriggerOption | None, change: Change | None) -> Mitigation | None:
    """Undoing the trigger comes first: it restores a state that worked. COMPASS shows the command and never runs it."""
    if option is None or change is None or option.change == NO_CHANGE or option.weight < LIKELY or option.refuted:
        return mitigation
    target = f" of {change.entity}" if change.entity else ""
    return Mitigation(
        text=f"Undo {change.kind} {change.id}{target}: it restores what worked before.",
        command=_command(change),
        risk="undoes everything else in it; check for migrations that the earlier version cannot read",
        recovery=mitigation.recovery if mitigation else "the signals above return to their baseline",
    )


def _command(change: Change) -> str:
    entity = change.entity
    if entity is None or change.kind not in ROLLED_OUT or entity.kind not in _WORKLOADS:
        return ""
    name = "".join(character for character in entity.name if character.isprintable())
    where = f" -n {shlex.quote(entity.namespace)}" if entity.namespace else ""
    return f"kubectl rollout undo deployment/{shlex.quote(name)}{where}"
