"""Who serves language models: one provider a file in `compass.llm.providers`, found by its PROVIDER.

Nothing of a vendor is imported before a model of it is opened. A key is named in the settings or is the provider's
usual environment variable; its value is handed from `Secrets` to the vendor's client and stands nowhere else.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compass.domain.advice import LlmFailure
from compass.llm import providers as folder
from compass.llm.failures import UnusableModelError
from compass.llm.settings import LlmSettings, ProviderSettings, split
from compass.ports.errors import ConfigurationError
from compass.redaction.address import NAMED, check_address
from compass.redaction.secret import Secret, Secrets

if TYPE_CHECKING:
    from pydantic_ai.models import Model

DEFAULTS_AGE = "as of 2026-11; names of models age: the provider's own list is what counts"
INSTALL = "pip install 'compass-sre[llm]'"


class Key(StrEnum):
    """Whether a provider wants a key."""

    NEEDED = "needed"
    OPTIONAL = "optional"
    NONE = "none"  # it has a way of its own to know who asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What was found on this machine, without any value of it. `models`: what a server of its own offers, if asked."""

    how: str
    models: tuple[str, ...] = ()
    missing: str = ""  # what is needed besides


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """All that a model is opened with. `environment` gives a provider's other usual variables (an address, a region);
    `base` is the folder that paths in the settings are below. What has to be closed after use is put in `closing`."""

    name: str
    settings: ProviderSettings
    key: Secret | None
    environment: Mapping[str, str]
    base: Path
    where: str
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    def found(self, setting: str, *variables: str) -> str:
        """A setting, or else the first of its usual variables that is set, or nothing."""
        return setting or next((value for name in variables if (value := self.environment.get(name, ""))), "")

    def address(self, *variables: str, usual: str = "") -> str:
        """The address to ask. Raises ConfigurationError where there is none, or it holds a secret."""
        url = self.found(self.settings.url, *variables) or usual
        if not url:
            named = f", or {' or '.join(variables)}" if variables else ""
            raise ConfigurationError("it has no address", where=self.where, hint=f'url = "https://..."{named}')
        check_address(url, f"{self.where}.url", query=False)
        return url.rstrip("/")


def _nothing_else(_: Mapping[str, str]) -> Detected | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider.

    `reads`: the fields of ProviderSettings that mean something to it. `variables`: the usual environment variables of
    its key, the first that is set counts. `fast` and `deep`: models to begin with, empty where only the team can know
    their names (`names` says what they are called there). `local`: it runs on machines of one's own and nobody bills
    tokens. `open` makes the model; `look` detects what is not a key. `retired`: it is no more, and what to use instead.
    `embeddings`: the base of the address at which it answers OpenAI's embeddings API; None: it is not asked for any.
    """

    id: str
    title: str
    open: Callable[[Access], Model[Any]]
    reads: tuple[str, ...] = ("key", "url", "ca", "timeout_s")
    key: Key = Key.NEEDED
    variables: tuple[str, ...] = ()
    fast: str = ""
    deep: str = ""
    names: str = "as the provider lists them"
    local: bool = False
    look: Callable[[Mapping[str, str]], Detected | None] = field(default=_nothing_else)
    retired: str = ""
    embeddings: Callable[[Access], str] | None = None

    @property
    def where(self) -> str:
        return f"compass.toml: llm.providers.{self.id}"

    def detect(self, environment: Mapping[str, str]) -> Detected | None:
        """Whether it can be used from here. No key is read, and nothing outside of this machine is asked."""
        if self.retired:
            return None
        for name in self.variables:
            if environment.get(name, "").strip():
                return Detected(how=f"{name} is set")
        return self.look(environment)

    def secret(self, settings: ProviderSettings, secrets: Secrets) -> Secret | None:
        """Its key; None where it needs none. Raises ConfigurationError where one is needed and not to be had."""
        if settings.key:
            return secrets.get(settings.key, f"{self.where}.key")
        for name in self.variables:
            if secrets.environment.get(name, "").strip():
                return secrets.get(f"env:{name}", self.where)
        if self.key is Key.NEEDED:
            usual = f"set {self.variables[0]}, or " if self.variables else ""
            raise ConfigurationError(
                f"{self.title} has no key here", where=self.where, hint=f"{usual}name it there: {NAMED}"
            )
        return None

    def model(self, name: str, settings: ProviderSettings, secrets: Secrets) -> Model[Any]:
        """The model `name`, not asked anything yet. Takes seconds the first time: the vendor's client is imported.

        Raises ConfigurationError for what is missing or wrong, and for libraries that are not installed.
        """
        if self.retired:
            raise UnusableModelError(self.retired, LlmFailure.NO_MODEL, where=self.id)
        self._check(settings)
        key = self.secret(settings, secrets)
        access = Access(
            name=name, settings=settings, key=key, environment=secrets.environment, base=secrets.base, where=self.where
        )
        try:
            from compass.llm.opened import Opened

            return Opened(self.open(access), () if key is None else (key,), access.closing)
        except ImportError as error:
            raise UnusableModelError(
                f"{error.name or error} is not installed", LlmFailure.NO_MODEL, where=self.id, hint=INSTALL
            ) from error

    def _check(self, settings: ProviderSettings) -> None:
        """Settings that would be silently ignored are an error: `region` for a provider that has none."""
        usual = ProviderSettings()
        for name in settings.__struct_fields__:
            if name not in self.reads and getattr(settings, name) != getattr(usual, name):
                raise ConfigurationError(
                    f"{self.title} has no {name}", where=self.where, hint=f"it reads {', '.join(self.reads)}"
                )
        if not 0 < settings.timeout_s < float("inf"):
            raise ConfigurationError(
                f"{settings.timeout_s:g} is no timeout", where=self.where, hint="timeout_s = 60.0, in seconds"
            )


def providers() -> tuple[Provider, ...]:
    """Every provider there is, by id."""
    found = []
    for info in pkgutil.iter_modules(folder.__path__):
        made: Provider | None = getattr(importlib.import_module(f"{folder.__name__}.{info.name}"), "PROVIDER", None)
        if made is not None:
            found.append(made)
    return tuple(sorted(found, key=lambda one: one.id))


def provider_of(name: str) -> tuple[Provider, str]:
    """The provider and the model of "provider:model". Raises ConfigurationError naming what there is."""
    wanted, model = split(name)
    known = {one.id: one for one in providers()}
    if wanted not in known:
        raise UnusableModelError(
            f"there is no provider {wanted!r}", LlmFailure.NO_MODEL, where=f"llm: {name}",
            hint=f"known: {', '.join(known)}; an endpoint that speaks OpenAI's API is compatible:MODEL with its url",
        )  # fmt: skip
    return known[wanted], model


def opener(settings: LlmSettings, secrets: Secrets) -> Callable[[str], Model[Any]]:
    """How the models that `settings` names are opened, by "provider:model"."""

    def open_model(name: str) -> Model[Any]:
        provider, model = provider_of(name)
        return provider.model(model, settings.providers.get(provider.id, ProviderSettings()), secrets)

    return open_model
