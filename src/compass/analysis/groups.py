"""Evidence that shares records counts once in full: which pieces belong together (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compass.domain.posterior import Evidence

SUMMARIES = frozenset({"coverage"})
"""Kinds that rest on nearly everything seen: they must not tie all other groups into one."""
SUPPORT = frozenset({"suggestion", "required", "expected", "survived"})
"""Kinds that an explained effect may lend to what explains it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One evidence as one key sees it: its (tempered) log ratio and the records it shares with others."""

    evidence: Evidence
    value: float
    tokens: frozenset[str]


def tokens_of(evidence: Evidence, series: Mapping[str, str]) -> frozenset[str]:
    """What an evidence shares with others: its group, the observations it rests on, and the series behind them.

    `series` maps observation ids to the records they rest on.
    """
    if evidence.kind in SUMMARIES:
        return frozenset({f"group {evidence.group}"})
    shared = {f"group {evidence.group}", *(f"observation {key}" for key in evidence.rests_on)}
    shared.update(f"series {series[key]}" for key in evidence.rests_on if key in series)
    return frozenset(shared)


def connected(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces that share a group, an observation or a series, transitively; in canonical order."""
    parent: dict[str, str] = {}

    def find(token: str) -> str:
        while parent.setdefault(token, token) != token:
            parent[token] = parent[parent[token]]
            token = parent[token]
        return token

    for piece in pieces:
        first, *others = sorted(piece.tokens)
        for other in others:
            low, high = sorted((find(first), find(other)))
            parent[high] = low
    groups: dict[str, list[Piece]] = {}
    for piece in sorted(pieces, key=lambda p: p.evidence.id):
        groups.setdefault(find(min(piece.tokens)), []).append(piece)
    return [groups[key] for key in sorted(groups)]
