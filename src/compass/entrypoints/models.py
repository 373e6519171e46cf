"""From `[llm]` of compass.toml to the model that an investigation hears, inside its budget. None chosen is normal."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from compass.domain.advice import ModelCall
from compass.domain.incident import Severity
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.config import Config
from compass.entrypoints.live import config
from compass.investigation.runner import Means
from compass.llm.settings import LlmSettings, read_settings
from compass.ports.chronicle import Chronicle
from compass.ports.errors import ConfigurationError, StorageError
from compass.ports.language_model import LanguageModel
from compass.ports.replies import KeptReply, Replies
from compass.redaction import redact

WHERE = "compass.toml"
PLACEHOLDERS = "key of placeholders"


def llm_settings(chosen: Config) -> LlmSettings:
    """What the team chose. Raises ConfigurationError for what is wrong in it."""
    return read_settings(chosen.llm, str(chosen.path or WHERE))


def language_model(
    chosen: Config, settings: LlmSettings, *, earlier: Sequence[ModelCall] = (),
    environment: Mapping[str, str] | None = None, kept: Replies | None = None, key: bytes = b"",
) -> LanguageModel | None:  # fmt: skip
    """The chosen models, not asked anything yet; nothing of a vendor is imported before the first question.

    `earlier` are the investigation's calls so far: what they answered is not asked again. `kept` are the replies that
    the team keeps for ever, `key` what makes placeholders the same in every process.
    """
    if not settings.fast:
        return None
    from compass.llm.client import Client
    from compass.llm.prices import PriceList
    from compass.llm.provider import opener
    from compass.llm.render import render
    from compass.llm.tokens import tokens_of
    from compass.redaction.masking import Masker
    from compass.redaction.secret import Secrets

    found = Secrets(os.environ if environment is None else environment, chosen.base)
    masker = Masker(settings.redaction.names, settings.redaction.addresses, key=key)
    return Client(
        settings, opener(settings, found), masker, SystemClock(), render=render, tokens_of=tokens_of, kept=kept,
        prices=PriceList(own=settings.prices).cost_usd, earlier=earlier,
    )  # fmt: skip


async def advised(
    prepared: Means, chronicle: Chronicle, severity: Severity | None, *, calls: Sequence[ModelCall] = (),
    spent: float = 0.0, use: bool = True,
) -> Means:  # fmt: skip
    """`prepared` with the chosen model and its budget. `calls` and `spent` are those of the investigation so far.

    Where `[llm]` is wrong the investigation goes on without a model, and records why.
    """
    if not use:
        return prepared
    chosen = config()
    try:
        settings = llm_settings(chosen)
    except ConfigurationError as error:
        return replace(prepared, model_wrong=not_usable(error))
    if not settings.fast:
        return prepared
    key = await placeholder_key(chronicle.replies)
    model = language_model(chosen, settings, earlier=calls, kept=chronicle.replies, key=key)
    if model is None:
        return prepared
    from compass.entrypoints.money import budget_usd, estimator_of, limits_of
    from compass.investigation.advising import advisers
    from compass.investigation.advising.hear import Money
    from compass.investigation.purse import Metered, purse_of

    limits = await limits_of(settings.budget, severity, chronicle, datetime.now(UTC))
    return replace(
        prepared, model=Metered(inner=model, purse=purse_of(limits, spent)), advisers=advisers(),
        budget_usd=budget_usd(settings.budget, severity), kept=chronicle.replies,
        money=Money(estimator=await estimator_of(settings, prepared.limits.rounds, chronicle)),
    )  # fmt: skip


def not_usable(error: ConfigurationError) -> str:
    """What is wrong in `[llm]`, where, and what to do, for whoever goes on without a model."""
    # It may quote what was written there, and a key is written there by mistake.
    return f"{redact(str(error))}; put it right, then: compass llm test"


async def placeholder_key(replies: Replies) -> bytes:
    """A secret of the team, kept beside the replies it keeps: equal things have equal placeholders in every process and
    on every machine, so that a question is known again after a crash and in the next incident."""
    await replies.keep(PLACEHOLDERS, KeptReply(text=secrets.token_hex(32), model=""))
    found = await replies.find(PLACEHOLDERS)
    if found is None:
        raise StorageError("a secret that was just kept is not there", where="replies of models")
    return bytes.fromhex(found.text)
