"""`compass llm list|use|test`: what is there, what is chosen, whether it answers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from compass.domain.advice import Usage
from compass.domain.failure import ExitCode
from compass.entrypoints.choosing import keep_choice
from compass.entrypoints.cli import session
from compass.entrypoints.cli.answers import address_of, reference_of
from compass.entrypoints.cli.render.costs import BILLED
from compass.entrypoints.cli.render.models import check_lines, list_lines
from compass.entrypoints.cli.render.output import console, meanwhile, page, say, show, show_json
from compass.entrypoints.live import config
from compass.entrypoints.models import language_model, llm_settings
from compass.entrypoints.written import usual_target
from compass.llm.prices import PriceList
from compass.llm.provider import DEFAULTS_AGE, Provider, provider_of, providers
from compass.llm.settings import LlmSettings, split
from compass.ports.errors import BadInputError
from compass.ports.language_model import ModelHealth

MILLION = 1_000_000
NONE_CHOSEN = "no model is chosen: that is normal, nothing needs one; compass llm list; compass llm use PROVIDER:MODEL"
WRONG_SET = frozenset({"no_key", "wrong_key", "no_model"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One provider. `detected` empty: nothing of it was found here. `fast` and `deep` are what to begin with."""

    id: str
    title: str
    detected: str
    missing: str
    models: tuple[str, ...]
    fast: str
    deep: str
    names: str
    local: bool
    retired: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One chosen model. `role`: fast | deep | fallback | the specialist's name. Prices are USD per million tokens of
    input and output; None: not known."""

    role: str
    model: str
    input_usd: float | None
    output_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What `compass llm list` shows."""

    chosen: tuple[Use, ...]
    providers: tuple[Listed, ...]
    note: str
    billed: str = BILLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What `compass llm test` shows. No `checks`: no model is chosen."""

    checks: tuple[ModelHealth, ...]
    exit_code: int
    billed: str = BILLED


def run_list(*, as_json: bool) -> int:
    """What is there and what is chosen."""
    settings = llm_settings(config())
    found = Models(
        chosen=uses_of(settings), providers=tuple(_listed(one) for one in providers()),
        note=f"Models to begin with are {DEFAULTS_AGE}.",
    )  # fmt: skip
    if as_json:
        show_json(found)
    else:
        out = console()
        show(out, list_lines(found, page(out)))
    return int(ExitCode.DONE)


def _listed(one: Provider) -> Listed:
    found = one.detect(os.environ)
    return Listed(
        id=one.id, title=one.title, detected=found.how if found else "", missing=found.missing if found else "",
        models=found.models if found else (), fast=one.fast, deep=one.deep, names=one.names, local=one.local,
        retired=one.retired,
    )  # fmt: skip


def uses_of(settings: LlmSettings) -> tuple[Use, ...]:
    """The chosen models, each with what it is for and what it costs."""
    named = [("fast", settings.fast), ("deep", settings.deep or settings.fast)]
    named += [("fallback", name) for name in settings.fallback]
    named += sorted(settings.agents.items())
    prices = PriceList(own=settings.prices)
    return tuple(
        Use(
            role=role, model=name, input_usd=prices.cost_usd(*split(name), Usage(input=MILLION)),
            output_usd=prices.cost_usd(*split(name), Usage(output=MILLION)),
        )
        for role, name in named
        if name
    )  # fmt: skip


def run_use(name: str, *, role: str | None, fallback: bool, url: str | None, key: str | None) -> int:
    """Write the choice. Raises BadInputError or ConfigurationError, and then nothing was changed."""
    provider, _ = provider_of(name)
    if provider.retired:
        raise BadInputError(provider.retired, where=provider.id)
    if fallback and role is not None:
        raise BadInputError("a fallback is for both roles", where="--fallback", hint="leave out --role")
    target = usual_target(os.environ, Path.cwd())
    settings = llm_settings(config())
    changes = changes_of(settings, name, role, fallback=fallback)
    access: dict[str, object] = {}
    if url is not None:
        access["url"] = address_of(url, "--url")
    if key is not None:
        access["key"] = reference_of(key, os.environ, "--key")
    session.run(lambda: keep_choice(target, changes, provider.id, access))
    for one in uses_of(llm_settings(config())):
        say(f"{one.role:<9} {one.model}")
    say(f"written: {target}")
    say(f"next: compass llm test (one tiny real call). {BILLED}")
    return int(ExitCode.DONE)


def changes_of(settings: LlmSettings, name: str, role: str | None, *, fallback: bool) -> dict[str, object]:
    """What has to be set in `[llm]`. Raises BadInputError where the first model is only a second."""
    if fallback or role == "deep":
        if not settings.fast:
            raise BadInputError("no model is chosen yet", where="llm use", hint=f"compass llm use {name}")
        kept = [one for one in settings.fallback if one != name]
        return {"fallback": [*kept, name]} if fallback else {"deep": name}
    if role is None and settings.deep:
        return {"fast": name, "deep": name}
    return {"fast": name}


def run_test(*, as_json: bool) -> int:
    """One tiny real call a model. Exit code 2 where something has to be set otherwise, 1 where it may pass; 0 without a
    model, which is normal."""
    if llm_settings(config()).fast:
        with meanwhile("asking one word of each ..."):
            tested = session.run(check_models)
    else:
        tested = Tested(checks=(), exit_code=int(ExitCode.DONE))
    if as_json:
        show_json(tested)
    else:
        show(console(), check_lines(tested.checks) if tested.checks else [Text(NONE_CHOSEN)])
    return tested.exit_code


async def check_models() -> Tested:
    """Ask the chosen models. Nothing that a provider does is raised."""
    chosen = config()
    model = language_model(chosen, llm_settings(chosen))
    assert model is not None
    try:
        checks = await model.check()
    finally:
        await model.aclose()
    failed = {one.failure.value for one in checks if one.failure is not None}
    code = ExitCode.DONE if not failed else ExitCode.USAGE if failed & WRONG_SET else ExitCode.FAILED
    return Tested(checks=checks, exit_code=int(code))
