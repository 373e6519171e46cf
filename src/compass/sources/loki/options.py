"""What a team can set for a Loki, and how much is read of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from compass.ports.errors import ConfigurationError
from compass.sources.live.options import ServerOptions

EXACT = 20
"""A recording is made once and kept: it may be so many times as large as what an investigation reads."""


class LokiOptions(ServerOptions, kw_only=True):
    """`selector`: LogQL matchers that bound everything that is asked, e.g. `{namespace="shop"}`; without it one label
    that the streams have is chosen. `lines` and `megabytes` (not compressed) bound what is pulled, `lines_per_query`
    one answer (the server's max_entries_limit_per_query), `range_hours` the window, `scan_gb` what a query searches."""

    selector: str = ""
    lines: int = 60_000
    megabytes: float = 12.0
    lines_per_query: int = 5_000
    scan_gb: float = 1.0
    range_hours: float = 24.0


_PROBE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The caps in force. `pulls` is how many requests may fetch lines."""

    lines: int
    size: float
    per_query: int
    scan: float
    range_ns: int
    pulls: int

    def share(self, size: float | None) -> float:
        """The share of `size` bytes that may be searched."""
        return min(1.0, self.scan / size) if size else 1.0

    def probe(self, size: float | None) -> float:
        """The share of `size` bytes that is searched first, to see how long it takes."""
        return min(1.0, self.scan * _PROBE / size) if size else 1.0

    def beside(self, glances: bool) -> Bounds:
        """The bounds of what is searched, where short looks at the rest take some of them."""
        if not glances:
            return self
        return replace(self, lines=self.lines // 2, size=self.size / 2, pulls=max(1, self.pulls // 2))

    def without(self, share: float) -> Bounds:
        """The bounds of the rest, where one pull may fetch `share` of it all."""
        left = 1.0 - share
        return replace(self, lines=round(self.lines * left), size=self.size * left, pulls=max(1, self.pulls - 1))


def bounds_of(options: LokiOptions, *, exact: bool) -> Bounds:
    """The caps for an investigation, or for a recording that is kept."""
    more = EXACT if exact else 1
    return Bounds(
        lines=options.lines * more, size=options.megabytes * 1e6 * more, per_query=options.lines_per_query,
        scan=options.scan_gb * 1e9 * more, range_ns=round(options.range_hours * 3600e9), pulls=7 * more,
    )  # fmt: skip


def checked(options: LokiOptions, where: str) -> LokiOptions:
    """The options. Raises ConfigurationError for a selector that bounds nothing and for caps that are none."""
    text = options.selector.strip()
    if text and (not text.startswith("{") or not text.endswith("}") or not text[1:-1].strip()):
        raise ConfigurationError(
            f"{text!r} is no LogQL selector that bounds anything", where=f"compass.toml: {where}.selector",
            hint='for example {namespace="shop"}',
        )  # fmt: skip
    for name in ("lines", "megabytes", "lines_per_query", "scan_gb", "range_hours"):
        if not getattr(options, name) > 0:
            raise ConfigurationError("it has to be more than 0", where=f"compass.toml: {where}.{name}")
    return options
