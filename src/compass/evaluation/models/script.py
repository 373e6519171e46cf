"""One incident's scripted model: which sort, what it is told, and how it joins an investigation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from compass.domain.advice import Task
from compass.domain.mechanism import Mechanism
from compass.evaluation.models.hostile import Hostile
from compass.evaluation.models.mediocre import Mediocre
from compass.evaluation.models.page import Page
from compass.evaluation.models.perfect import Perfect
from compass.evaluation.models.told import Told
from compass.investigation.advising import advisers
from compass.investigation.runner import Means
from compass.llm.client import Client
from compass.llm.render import render
from compass.llm.settings import LlmSettings, split
from compass.llm.tokens import tokens_of
from compass.redaction import Masker

if TYPE_CHECKING:
    from compass.llm.scripted import Seen

PRELOAD = ("compass.llm.wire", "compass.llm.scripted", "compass.evaluation.models.script")
"""What a worker process with such a model needs besides."""
_KEY = b"evaluation"  # the same placeholders in every run: a prompt is what the mediocre model draws its reply by


class Sort(StrEnum):
    PERFECT = "perfect"
    MEDIOCRE = "mediocre"
    HOSTILE = "hostile"


class Player(Protocol):
    def reply(self, task: Task, page: Page) -> object:
        """The typed reply, or the text that the model writes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """`told` goes to the player alone. `every_call`: the model is asked everything after every round and nothing is
    reused, to measure what routing, caching and early stop save."""

    sort: Sort
    case: str
    told: Told = field(repr=False)
    every_call: bool = False

    def join(self, means: Means) -> Means:
        """The same means with this model in them."""
        player = self._player(means.crew.mechanisms)
        settings = LlmSettings(fast=f"scripted:{self.sort}", deep=f"scripted:{self.sort}-deep")
        client = Client(
            settings, partial(_open, player), Masker(key=_KEY), means.clock, render=render, tokens_of=tokens_of,
            reuse=not self.every_call,
        )  # fmt: skip
        limits = replace(means.limits, advise_always=self.every_call)
        return replace(means, model=client, advisers=advisers(always=self.every_call), limits=limits)

    def _player(self, mechanisms: Mapping[str, Mechanism]) -> Player:
        if self.sort is Sort.PERFECT:
            return Perfect(self.told)
        if self.sort is Sort.MEDIOCRE:
            return Mediocre(self.told, self.case)
        return Hostile(self.told, mechanisms)


def _open(player: Player, name: str) -> Any:
    """The pydantic-ai model, which only `compass.llm` knows by its type."""
    from compass.llm.scripted import scripted

    return scripted(split(name)[1], partial(_play, player))


def _play(player: Player, seen: Seen) -> object:
    return "ready" if seen.task is None else player.reply(seen.task, Page.of(seen.system, seen.user))
