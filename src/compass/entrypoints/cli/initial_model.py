"""The last question of `compass init`: a language model? None is the usual answer, and nothing needs one."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from compass.domain.failure import ExitCode
from compass.entrypoints.choosing import keep_choice
from compass.entrypoints.cli import session
from compass.entrypoints.cli.answers import address_of
from compass.entrypoints.cli.render.costs import BILLED
from compass.entrypoints.cli.render.models import check_lines
from compass.entrypoints.cli.render.output import console, meanwhile, say, show
from compass.entrypoints.config import Config
from compass.entrypoints.models import language_model
from compass.llm.provider import Detected, Provider, provider_of, providers
from compass.llm.settings import LlmSettings, ProviderSettings
from compass.ports.errors import BadInputError, ConfigurationError
from compass.ports.language_model import ModelHealth

Ask = Callable[[str, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the options said. `name` is "provider:model", `none`: do not ask; `keep`: also one that does not answer."""

    name: str = ""
    url: str = ""
    none: bool = False
    keep: bool = False


def choose_model(choice: Choice, target: Path, ask: Ask | None) -> ExitCode:
    """Choose a model and keep it in `target`. `ask` None: only what the options say."""
    if choice.none:
        return ExitCode.DONE
    if choice.name:
        return _kept(choice, target)
    found = detected()
    if ask is None or not found:
        return ExitCode.DONE
    say("A language model is not needed; it widens the search. What leaves, and for what: docs/llm.md")
    for provider, told in found:
        more = f"; missing: {told.missing}" if told.missing else ""
        say(f"  {provider.id}: {told.how}{more}  {_first(provider, told)}")
    while True:
        name = ask(f"Language model, PROVIDER:MODEL (Enter: none). {BILLED}", "")
        if not name or name == "-":
            return ExitCode.DONE
        try:
            if _kept(Choice(name=name), target) is ExitCode.DONE:
                return ExitCode.DONE
        except (BadInputError, ConfigurationError) as error:
            say(str(error))


def detected() -> list[tuple[Provider, Detected]]:
    """What can be used from here: variables that are set, and what answers on this machine."""
    found = [(one, one.detect(os.environ)) for one in providers()]
    return [(one, told) for one, told in found if told is not None]


def _first(provider: Provider, told: Detected) -> str:
    if told.models:
        return f"such as {provider.id}:{told.models[0]}"
    return f"such as {provider.id}:{provider.fast}" if provider.fast else f"models: {provider.names}"


def _kept(choice: Choice, target: Path) -> ExitCode:
    """One tiny real call, then the choice is written. One that fails is not kept, unless that was said."""
    provider, _ = provider_of(choice.name)
    if provider.retired:
        raise BadInputError(provider.retired, where="--model")
    access = ProviderSettings(url=address_of(choice.url, "--model-url") if choice.url else "")
    settings = LlmSettings(fast=choice.name, providers={provider.id: access})
    with meanwhile(f"asking {choice.name} for one word ..."):
        checks = session.run(lambda: _checked(settings, target))
    show(console(), check_lines(checks[:1]))
    if not checks[0].ok and not choice.keep:
        say("the model was not kept; --keep keeps it all the same, compass llm use chooses one later")
        return ExitCode.FAILED
    changes = {"fast": choice.name}
    session.run(lambda: keep_choice(target, changes, provider.id, {"url": access.url} if access.url else {}))
    return ExitCode.DONE


async def _checked(settings: LlmSettings, target: Path) -> tuple[ModelHealth, ...]:
    model = language_model(Config(path=target), settings)
    assert model is not None
    try:
        return await model.check()
    finally:
        await model.aclose()
