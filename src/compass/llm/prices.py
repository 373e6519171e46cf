"""What a call costs: the team's own figures first, then the price table of genai-prices, which works offline.

A price that nobody knows is None and never zero: a call of unknown price is counted and shown as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compass.domain.advice import Usage
from compass.llm.settings import Price

PER = 1_000_000
"""Prices are per million tokens."""
LOCAL = frozenset({"ollama", "scripted"})
"""Providers that run on the team's own machine: nothing is billed."""
NAMED_ELSEWHERE: Mapping[str, str] = {"bedrock": "aws", "copilot": "github-copilot"}
"""Provider ids under which the price table knows ours, where they differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """USD per million tokens by "provider:model" in front of what the table says."""

    own: Mapping[str, Price]

    def cost_usd(self, provider: str, model: str, usage: Usage) -> float | None:
        """What `usage` costs in USD; None where no price is known."""
        return cost_usd(provider, model, usage, self.own)


def cost_usd(provider: str, model: str, usage: Usage, overrides: Mapping[str, Price]) -> float | None:
    """What `usage` costs in USD; None where no price is known.

    `overrides` are prices by "provider:model". Tokens that came from the provider's cache, or went into it, are part of
    `usage.input` and are charged at the prices of that (at the price of input where none is given).
    """
    own = overrides.get(f"{provider}:{model}")
    if own is not None:
        cached = own.input if own.cached is None else own.cached
        written = own.input if own.written is None else own.written
        fresh = max(0, usage.input - usage.cached - usage.written)
        kept = usage.cached * cached + usage.written * written
        return (fresh * own.input + kept + usage.output * own.output) / PER
    if provider in LOCAL:
        return 0.0
    return _listed(provider, model, usage)


def _listed(provider: str, model: str, usage: Usage) -> float | None:
    import genai_prices

    cached = min(usage.cached, usage.input)
    counted = genai_prices.Usage(
        input_tokens=usage.input, output_tokens=usage.output, cache_read_tokens=cached,
        cache_write_tokens=min(usage.written, usage.input - cached),
    )  # fmt: skip
    named = NAMED_ELSEWHERE.get(provider, provider)
    try:
        return float(genai_prices.calc_price(counted, model, provider_id=named).total_price)
    except LookupError:  # a provider or a model that the table does not have
        return None
