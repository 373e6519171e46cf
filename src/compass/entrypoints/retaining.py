"""The customer's rules about how long what is kept: raw evidence goes, what was learned stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from compass.entrypoints.carrying import carry_on
from compass.entrypoints.config import Retention
from compass.entrypoints.learning import catch_up
from compass.ports.chronicle import Chronicle
from compass.ports.erasure import RAW_EVIDENCE, Erasable
from compass.ports.errors import ConfigurationError, StaleRunnerError

EVERY = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What the rules say has to go: raw evidence of some, everything of others."""

    evidence: tuple[Erasable, ...]
    everything: tuple[Erasable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What went. `busy` are those that somebody worked on, or on what was reminded of them: they go at the next
    call."""

    evidence: int
    everything: int
    payloads: int
    busy: int


async def due(chronicle: Chronicle, rules: Retention, now: datetime) -> Due:
    """Raises ConfigurationError where there are no rules."""
    if rules.evidence_days is None and rules.everything_days is None:
        raise ConfigurationError(
            "there are no rules: everything is kept", where="compass.toml: retention",
            hint="[retention] with evidence_days = 90, or everything_days = 730",
        )  # fmt: skip
    everything: tuple[Erasable, ...] = ()
    if rules.everything_days is not None:
        everything = await chronicle.erasure.erasable(now - timedelta(days=rules.everything_days))
    gone = {one.investigation for one in everything}
    evidence: tuple[Erasable, ...] = ()
    if rules.evidence_days is not None:
        evidence = await chronicle.erasure.erasable(now - timedelta(days=rules.evidence_days), RAW_EVIDENCE)
    return Due(evidence=tuple(one for one in evidence if one.investigation not in gone), everything=everything)


async def apply(chronicle: Chronicle, wanted: Due) -> Applied:
    """Learn what was not learned yet, then erase: one investigation a transaction, so that it may be stopped."""
    await catch_up(chronicle, at_once=EVERY)
    await carry_on(chronicle, {one.investigation for one in wanted.everything})
    evidence = everything = payloads = busy = 0
    for one in wanted.everything:
        try:
            payloads += await chronicle.erasure.forget(one.investigation)
            everything += 1
        except StaleRunnerError:
            busy += 1
    for one in wanted.evidence:
        try:
            payloads += await chronicle.erasure.erase(one.investigation, RAW_EVIDENCE)
            evidence += 1
        except StaleRunnerError:
            busy += 1
    return Applied(evidence=evidence, everything=everything, payloads=payloads, busy=busy)
