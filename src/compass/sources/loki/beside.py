"""Read rare lines beside a sample, and say which there are."""

from __future__ import annotations

from collections.abc import Sequence

from compass.ports.clock import Deadline
from compass.ports.errors import SourceError, SourceRefusedError
from compass.sources.loki.fetch import Fetch, Pulled
from compass.sources.loki.rare import Rare, shortened, without_flood
from compass.sources.loki.survey import Survey, named

_REQUESTS = 2  # that are answered


async def few(
    fetch: Fetch, found: Survey, rare: Rare | None, deadline: Deadline
) -> tuple[list[Pulled], tuple[str, ...]]:
    """The rare lines, and what to say of them. Where those of some services are too many, the others' are read."""
    pulled: list[Pulled] = []
    asked: list[Rare] = []
    while rare is not None and len(asked) < _REQUESTS:
        try:
            pulled.append(await fetch.first(rare.pull, rare.limit, deadline))
        except SourceError as error:
            shorter = shortened(rare) if isinstance(error, SourceRefusedError) else None
            if shorter is None:
                return pulled, (f"rare log lines were not searched for: {error.what}",)
            rare = shorter
            continue
        asked.append(rare)
        rare = without_flood(found, rare, pulled[-1])
    return pulled, _told(asked, pulled)


def _told(asked: Sequence[Rare], pulled: Sequence[Pulled]) -> tuple[str, ...]:
    """What was read of the lines that a sample would miss, and of which services it was not."""
    if not asked:
        return ()
    notes = []
    last = asked[-1]
    known = f"match none of Loki's {len(last.patterns)} most frequent patterns"
    flood = sorted(asked[0].keys - last.keys)
    if flood:
        notes.append(f"lines of {named(flood)} that {known} are too many: rare ones among them may be missing")
    got = sum(page.lines for page in pulled[-1].pages)
    much = f"one in {last.modulus}" if last.modulus > 1 else "the first" if pulled[-1].cut else "all"
    of = " of other services" if flood else ""
    return (*notes, f"beside a sample of logs {much} of the lines{of} that {known} were read: {got:,}")
