"""The data sources of a Grafana: which of them is meant."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceRefusedError
from compass.sources.grafana.api import FoundSource
from compass.sources.live.feed import NothingThereError
from compass.sources.mcp.calls import Calls

LIST = "list_datasources"
MOST = 100  # of one answer
MOST_PAGES = 10
# By part: types of data sources that speak Prometheus' API, LogQL and TraceQL.
TYPES: Mapping[str, tuple[str, ...]] = {
    "metrics": (
        "prometheus", "grafana-amazonprometheus-datasource", "grafana-azureprometheus-datasource",
        "victoriametrics-metrics-datasource",
    ),
    "logs": ("loki",),
    "traces": ("tempo",),
}  # fmt: skip
_CALLED = {"metrics": "Prometheus", "logs": "Loki", "traces": "Tempo"}


class _Listed(msgspec.Struct, rename="camel"):
    datasources: list[FoundSource] | None = None
    has_more: bool = False


class DataSources:
    """`chosen`: the team's choice by part, a name or a uid."""

    def __init__(self, calls: Calls, chosen: Mapping[str, str], clock: Clock) -> None:
        self._calls, self._chosen, self._clock = calls, chosen, clock
        self._listing = asyncio.Lock()
        self._found: Sequence[FoundSource] | None = None

    def now_ns(self) -> int:
        return self._clock.now_ns()

    async def uid(self, part: str, *, deadline: Deadline) -> str:
        """Raises SourceRefusedError where there is none, or several and no choice."""
        fitting = [one for one in await self._all(deadline) if one.type in TYPES[part]]
        kind, wanted = _CALLED[part], self._chosen.get(part, "")
        if wanted:
            named = [one for one in fitting if wanted in (one.uid, one.name)]
            if not named:
                raise SourceRefusedError(
                    f"Grafana has no {kind} data source {wanted!r}", where=self._calls.name, hint=_names(fitting)
                )
            return named[0].uid
        if not fitting:
            raise NothingThereError(
                f"Grafana has no {kind} data source", where=self._calls.name,
                hint="may the service account see it (datasources:read)? parts in compass.toml says what is read",
            )  # fmt: skip
        default = [one for one in fitting if one.is_default]
        if len(fitting) > 1 and not default:
            raise SourceRefusedError(
                f"Grafana has {len(fitting)} {kind} data sources", where=self._calls.name,
                hint=f"choose with {part} = ... in compass.toml; {_names(fitting)}",
            )  # fmt: skip
        return (default or fitting)[0].uid

    async def _all(self, deadline: Deadline) -> Sequence[FoundSource]:
        """Asked once: the first who asks does it, others wait for the same."""
        async with self._listing:
            if self._found is None:
                self._found = await self._listed(deadline)
            return self._found

    async def _listed(self, deadline: Deadline) -> Sequence[FoundSource]:
        found: list[FoundSource] = []
        for page in range(MOST_PAGES):
            arguments = {"limit": MOST, "offset": page * MOST}
            listed = (await self._calls.reply(LIST, arguments, deadline=deadline)).json(_Listed)
            found += listed.datasources or []
            if not listed.has_more:
                break
        return found


def _names(sources: Sequence[FoundSource]) -> str:
    return "there are: " + ", ".join(one.name for one in sources[:10]) if sources else "there are none"
