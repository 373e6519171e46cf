"""GitHub Models are no more: whoever still names them is told so."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.llm.provider import provider_of
from compass.llm.settings import ProviderSettings
from compass.ports.errors import ConfigurationError
from compass.redaction.secret import Secrets


def test_it_says_what_happened_and_what_to_take() -> None:
    provider, model = provider_of("github:openai/gpt-5-mini")
    assert provider.detect({"GITHUB_TOKEN": "x"}) is None
    with pytest.raises(ConfigurationError, match=r"retired GitHub Models on 2026-07-30.*copilot"):
        provider.model(model, ProviderSettings(), Secrets({"GITHUB_TOKEN": "x"}, Path()))
