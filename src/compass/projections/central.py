"""The central fact of an account: what its likeliest trigger changed, in numbers (a pool's limit 10 → 1)."""

from __future__ import annotations

from compass.domain.board import Board
from compass.domain.hypothesis import NO_CHANGE, Account
from compass.domain.observation import Observation, Verdict
from compass.projections.situation import owner_of

DIFF = frozenset({"change.pool_shrunk", "change.limit_lowered", "change.scale_down"})
LIMIT_FELL = frozenset({"pool.limit_down"})
MOST = 3


def central(board: Board, account: Account) -> tuple[Observation, ...]:
    """What the diff of the likeliest trigger lowered, then limits that fell where the account begins."""
    option = max(account.triggers, key=lambda o: (o.weight, o.change), default=None)
    trigger = option.change if option is not None and option.change != NO_CHANGE and not option.refuted else None
    head = board.hypotheses.get(account.head)
    place = owner_of(board, head.entity) if head is not None else None
    best: dict[tuple[str, str], Observation] = {}
    for o in sorted(board.observations.values(), key=lambda o: (o.agent not in board.specialists, -o.strength, o.id)):
        of_diff = o.sign in DIFF and trigger is not None and o.change == trigger
        fell = o.sign in LIMIT_FELL and owner_of(board, o.entity) == place
        if o.verdict is Verdict.ANOMALY and (of_diff or fell):
            best.setdefault((o.sign, o.entity.key), o)
    return tuple(sorted(best.values(), key=lambda o: (o.sign not in DIFF, -o.strength, o.id))[:MOST])


def leading(board: Board) -> Account | None:
    """The most probable account, when one was weighed."""
    ranked = board.posterior.ranked() if board.posterior is not None else ()
    by_id = {account.id: account for account in board.accounts}
    return next((by_id[key] for key, _ in ranked if key in by_id), None)
