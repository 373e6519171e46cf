"""Belief over accounts, and every term that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One scored result. `log_likelihood` maps hypothesis id → log P(result | it) − log P(result | background).

    Evidence of one `group` shares observations or series: the strongest counts fully, the rest in part.
    `kind` is prior | suggestion | required | expected | missing | forbidden | refuted | survived | coverage | trigger.
    `rests_on` are the observation ids. `explained`: a refutation that gives what speaks for this one another reason;
    it then counts in part.
    """

    id: str
    group: str
    kind: str
    log_likelihood: Mapping[str, float]
    because: str
    rests_on: tuple[str, ...] = ()
    link: str | None = None
    explained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One line of "why?": how many log units this moved the account, and the evidence behind it."""

    account: str
    group: str
    log_score: float
    because: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """Probabilities of accounts by id; with `no_incident` and `not_listed` they sum to 1."""

    accounts: Mapping[str, float]
    no_incident: float
    not_listed: float
    terms: tuple[Term, ...]
    engine: str
    table_sha256: str

    def ranked(self) -> tuple[tuple[str, float], ...]:
        """Accounts, most probable first; ties broken by id so that the order never depends on arrival."""
        return tuple(sorted(self.accounts.items(), key=lambda item: (-item[1], item[0])))
