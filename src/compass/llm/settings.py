"""`[llm]` of compass.toml: which models, how they are reached, what they may cost, what never leaves.

```toml
[llm]
fast = "openai:gpt-6-luna"            # provider:model
deep = "openai:gpt-6.1-sol"           # left out: fast does it all
fallback = ["ollama:qwen3:8b"]        # asked in turn when a model fails

[llm.agents]                          # another model for one specialist
change = "anthropic:claude-sonnet-5-5"

[llm.providers.openai]                # all of it optional
key = "env:OPENAI_API_KEY"            # by reference, never the key itself
url = "https://llm.internal.example/v1"
region = "eu-central-1"
api_version = "2025-04-01-preview"

[llm.budget]                          # USD
investigation = 5.0
month = 200.0
team_month = 1000.0
[llm.budget.severity]                 # instead of `investigation`, by severity: sev1 ... sev4
sev1 = 20.0

[llm.prices."openai:gpt-6-luna"]      # USD per million tokens, where a contract or a local model differs
input = 0.25
output = 2.0
cached = 0.025                        # read from the provider's prompt cache; `written`: put into it

[llm.redaction]
names = ["Acme Bank"]
addresses = true
```
"""

from __future__ import annotations

import msgspec

from compass.domain.incident import Severity
from compass.ports.errors import ConfigurationError

DEFAULT_BUDGET_USD = 5.0
MODEL_HINT = 'provider:model, such as "openai:gpt-6-luna"; compass llm list'


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one provider is reached. `key` is a reference (`env:`, `file:`, `keyring:`); empty: the provider's usual
    environment variable. `timeout_s` is for one call. Which fields a provider reads is in its file."""

    key: str = ""
    url: str = ""
    region: str = ""
    api_version: str = ""
    project: str = ""
    ca: str = ""
    timeout_s: float = 60.0


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """USD. `severity` overrides `investigation` for one severity; None: no such limit. `month` is for every team in the
    same database, `team_month` for one."""

    investigation: float = DEFAULT_BUDGET_USD
    month: float | None = None
    team_month: float | None = None
    severity: dict[str, float] = {}


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """USD per million tokens. `cached` and `written`: read from, and put into, a prompt cache; None: as input."""

    input: float
    output: float
    cached: float | None = None
    written: float | None = None


class Redaction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is replaced besides secrets and e-mail addresses, which always are."""

    names: tuple[str, ...] = ()
    addresses: bool = True


class LlmSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`fast` empty: no model is chosen, which is normal. `context` is how many tokens a prompt may have at most."""

    fast: str = ""
    deep: str = ""
    fallback: tuple[str, ...] = ()
    agents: dict[str, str] = {}
    providers: dict[str, ProviderSettings] = {}
    budget: Budget = Budget()
    prices: dict[str, Price] = {}
    redaction: Redaction = Redaction()
    context: int = 6_000
    concurrency: int = 4


def read_settings(table: object, where: str) -> LlmSettings:
    """Raises ConfigurationError naming the field that is wrong, with an example."""
    try:
        settings = msgspec.convert(table, type=LlmSettings, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            str(error), where=f"{where}: llm", hint=f'fast = "openai:gpt-6-luna" ({MODEL_HINT})'
        ) from error
    unknown = sorted(set(settings.budget.severity) - {severity.value for severity in Severity})
    if unknown:
        raise ConfigurationError(
            f"unknown severity {unknown[0]!r}", where=f"{where}: llm.budget.severity", hint="sev1, sev2, sev3, sev4"
        )
    named = [settings.fast, settings.deep, *settings.fallback, *settings.agents.values()]
    for name in named:
        if name:
            split(name, where)
    if not settings.fast and any(named):
        raise ConfigurationError(
            "deep, fallback or agents are set, fast is not", where=f"{where}: llm", hint=MODEL_HINT
        )
    return settings


def split(name: str, where: str = "llm") -> tuple[str, str]:
    """Provider and model of "provider:model" (a model's name may hold colons). Raises ConfigurationError."""
    provider, colon, model = name.partition(":")
    if not (colon and provider and model):
        raise ConfigurationError(f"{name!r} names no provider and model", where=where, hint=MODEL_HINT)
    return provider, model
