"""Prices: a contract before the table, cached tokens for less, local models for nothing, the unknown as unknown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.domain.advice import Usage
from compass.llm.prices import PriceList, cost_usd
from compass.llm.provider import providers
from compass.llm.settings import Price

MILLION = Usage(input=1_000_000, output=1_000_000)
CONTRACT = {
    "openai:gpt-5-mini": Price(input=1.0, output=3.0, cached=0.5),
    "compatible:own": Price(input=2.0, output=4.0),
}


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-5-mini"), ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-pro"),
        ("azure", "gpt-5-mini"), ("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ],
)  # fmt: skip
def test_the_table_knows_the_models_of_the_clouds(provider: str, model: str) -> None:
    cost = cost_usd(provider, model, MILLION, {})
    assert cost is not None
    assert 0.1 < cost < 500


def test_a_contract_comes_before_the_table() -> None:
    assert cost_usd("openai", "gpt-5-mini", MILLION, CONTRACT) == pytest.approx(4.0)
    half = Usage(input=1_000_000, output=0, cached=500_000)
    assert cost_usd("openai", "gpt-5-mini", half, CONTRACT) == pytest.approx(0.75)
    assert cost_usd("compatible", "own", half, CONTRACT) == pytest.approx(2.0)


def test_what_runs_at_home_costs_nothing_and_what_nobody_knows_is_unknown() -> None:
    assert cost_usd("ollama", "qwen3:8b", MILLION, {}) == 0.0
    assert cost_usd("compatible", "something", MILLION, {}) is None
    assert cost_usd("openai", "a model of tomorrow", MILLION, {}) is None
    assert PriceList(own=CONTRACT).cost_usd("compatible", "own", MILLION) == pytest.approx(6.0)


def test_what_a_vendor_charges_for_keeping_a_prompt_is_counted() -> None:
    """Anthropic: a quarter more than for input (https://platform.claude.com/docs/en/about-claude/pricing)."""
    kept, plain = (
        cost_usd("anthropic", "claude-sonnet-4-5", usage, {})
        for usage in (Usage(input=1_000_000, written=100_000), Usage(input=1_000_000))
    )
    assert kept is not None
    assert plain is not None
    assert kept == pytest.approx(plain * 1.025)
    own = {"openai:gpt-5-mini": Price(input=1.0, output=3.0, cached=0.5, written=1.5)}
    usage = Usage(input=1_000_000, cached=200_000, written=400_000)
    assert cost_usd("openai", "gpt-5-mini", usage, own) == pytest.approx(0.4 + 0.1 + 0.6)


tokens = st.integers(0, 10**7)


@given(tokens, tokens, tokens)
def test_caching_never_makes_a_call_dearer(fresh: int, output: int, cached: int) -> None:
    with_cache = Usage(input=fresh + cached, output=output, cached=cached)
    without = Usage(input=fresh + cached, output=output)
    for own in (CONTRACT, {}):
        dear, cheap = (cost_usd("openai", "gpt-5-mini", usage, own) for usage in (without, with_cache))
        assert dear is not None
        assert cheap is not None
        assert 0 <= cheap <= dear + 1e-9


ROOT = Path(__file__).parents[2]
CLOUDS = "|".join(one.id for one in providers() if one.fast)
EXAMPLE = re.compile(rf"\b({CLOUDS}):([a-z][\w.-]*\d(?:[\w.-]*\w)?)")
"""A model of a cloud as it stands in an example; its name holds a version."""


def examples() -> set[tuple[str, str]]:
    files = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.py")]
    return {found for file in files for found in EXAMPLE.findall(file.read_text(encoding="utf-8"))}


def test_what_is_given_as_an_example_and_to_begin_with_is_on_the_price_list() -> None:
    """So an example that has aged fails here when the price library is renewed."""
    named = examples()
    assert len(named) >= 3, "examples are found at all"
    named |= {(one.id, model) for one in providers() for model in (one.fast, one.deep) if model}
    assert not [f"{provider}:{model}" for provider, model in named if cost_usd(provider, model, MILLION, {}) is None]


def test_examples_are_the_models_to_begin_with() -> None:
    offered = {(one.id, model) for one in providers() for model in (one.fast, one.deep)}
    answering = {(provider, model) for provider, model in examples() if "embedding" not in model}
    assert answering <= offered
