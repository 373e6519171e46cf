"""What the first to suffer have in common.

Trouble travels from a callee to its callers, so the *fronts* of an incident, the things in trouble none of whose
callees is in trouble, are where it seems to begin. Several fronts at one time are rarely several causes: if all of
them call one thing that is calm by its own account, the way to that thing, or its not being there at all, explains
them together. Nothing of this shows in its own measurements: what is measured inside ends where the packets do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from compass.analysis.graph import ServiceGraph
from compass.domain.entity import EntityRef

MIN_FRONTS = 2
MIN_SHARE = 0.5
"""Fewer than half of its measured callers in trouble speak against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """`callee` is called by all `fronts`; `share` of its measured callers are in trouble, typically with `score`."""

    callee: EntityRef
    fronts: tuple[EntityRef, ...]
    share: float
    score: float


def shared_callees(
    troubled: Mapping[EntityRef, float], measured: Collection[EntityRef], graph: ServiceGraph
) -> tuple[Shared, ...]:
    """Things not in trouble themselves that every front calls, strongest first.

    `troubled` gives the score of each thing in trouble, `measured` everything that was judged either way.
    """
    fronts = [e for e in sorted(troubled, key=lambda e: e.key) if not any(c in troubled for c in graph.callees(e))]
    if len(fronts) < MIN_FRONTS:
        return ()
    common = set(graph.callees(fronts[0])).intersection(*(graph.callees(front) for front in fronts[1:]))
    found = []
    for callee in sorted(common - set(troubled), key=lambda e: e.key):
        callers = [c for c in graph.callers(callee) if c in measured or c in troubled]
        share = sum(c in troubled for c in callers) / len(callers)
        if share > MIN_SHARE:
            scores = sorted(troubled[front] for front in fronts)
            found.append(
                Shared(callee=callee, fronts=tuple(fronts), share=share, score=scores[len(scores) // 2] * share)
            )
    return tuple(sorted(found, key=lambda s: (-s.score, s.callee.key)))
