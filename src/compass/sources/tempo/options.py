"""What can be set for a Tempo."""

from __future__ import annotations

from typing import Annotated

import msgspec

from compass.sources.live.options import ServerOptions


class TempoOptions(ServerOptions, kw_only=True, forbid_unknown_fields=True):
    """`filter`: conditions in TraceQL that bound everything asked, e.g. `resource.k8s.namespace.name = "shop"`.

    `spans` and `megabytes` (compressed) are what one investigation takes: of more, an even sample of the traces.
    `by_id` is how many traces are asked for one by one of a server whose search cannot give spans with their parents
    (Tempo before 2.8), `exact_traces` the same for `compass record`.
    `collected` is the share of traces that is sent to the server at all, where collectors sample: no server knows it.
    """

    filter: str = ""
    collected: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 1.0
    spans: int = 20_000
    megabytes: float = 6.0
    by_id: int = 60
    exact_traces: int = 5_000
