"""Exemplars: single measurements that a series keeps, with the trace in which each was made."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from compass.domain.time import NS_PER_S
from compass.sources.live.feed import TraceFound
from compass.sources.mimir.api import FoundExemplar, FoundExemplars

_LABEL = re.compile(r"[_.\-]")  # trace_id, traceID, trace.id: a team's own choice
_ID = re.compile(r"[0-9A-Za-z_:.\-]{1,128}")
_TOLD = ("__name__", "le", "job", "instance")


def traces_of(found: Sequence[FoundExemplars]) -> Sequence[TraceFound]:
    """Those that name a trace. An exemplar without one, or with a value that is none, leads nowhere."""
    traces = []
    for series in found:
        about = ", ".join(
            f"{name}={value}" for name, value in sorted(series.series_labels.items()) if name not in _TOLD
        )
        for one in series.exemplars:
            trace, value = _trace(one), _number(one.value)
            if trace and value is not None:
                at_ns = round(one.timestamp * 1000) * (NS_PER_S // 1000)
                traces.append(TraceFound(trace_id=trace, value=value, at_ns=at_ns, about=about))
    return traces


def _trace(one: FoundExemplar) -> str:
    for name, value in sorted(one.labels.items()):
        if _LABEL.sub("", name).lower() == "traceid" and _ID.fullmatch(value):
            return value
    return ""


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
