"""What an investigation may spend and when it stops. Work is counted in work units, never in seconds (DESIGN §3)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`work` is for the whole investigation, `work_per_round` for one agent in one round.

    `decided` is the belief at which the leading account needs no further attempt; `soft_deadline_s` is when a round
    goes on without an agent that is late (None: wait, so that the result never depends on speed). `proposals` and
    `proposals_per_round` are the same two bounds for attempts on what a language model proposed: never taken from
    `work`, so that a model's ideas cost the engine's own theories nothing. `advise_always`: the model is heard after
    every round, also when nothing is left to find out: what a measurement compares with. `pause_s` is how long a
    person's pause holds before a recorded policy goes on: nothing waits longer. `gate_s` and `consent_s`: the same for
    the gate between where and why, and for money; `linger_s`: how long a conversation that nobody took part in stays
    open after the end. `advise` False: the model is not heard in this run, on purpose, and is not lost by that.
    """

    work: float = 400.0
    work_per_round: float = 12.0
    proposals: float = 60.0
    proposals_per_round: float = 4.0
    rounds: int = 5
    decided: float = 0.97
    soft_deadline_s: float | None = None
    lease_s: float = 10.0
    advise_always: bool = False
    pause_s: float = 600.0
    gate_s: float = 600.0
    consent_s: float = 60.0
    linger_s: float = 15.0
    advise: bool = True
