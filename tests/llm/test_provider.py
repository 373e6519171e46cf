"""Providers are found by their files, import nothing before use, and refuse settings that they would ignore."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from compass.domain.advice import LlmFailure
from compass.llm import providers as folder
from compass.llm.failures import UnusableModelError
from compass.llm.provider import Key, Provider, opener, provider_of, providers
from compass.llm.settings import LlmSettings, ProviderSettings
from compass.ports.errors import ConfigurationError
from compass.redaction.secret import Secrets

ALL = providers()
HEAVY = "pydantic_ai openai anthropic boto3 botocore google.genai httpx2"


@pytest.mark.parametrize("provider", ALL, ids=lambda one: one.id)
def test_each_is_a_file_with_a_test_and_says_what_it_reads(provider: Provider) -> None:
    (home,) = folder.__path__
    assert (Path(home) / f"{provider.id}.py").is_file()
    assert (Path(__file__).parent / "providers" / f"test_{provider.id}.py").is_file()
    assert set(provider.reads) <= set(ProviderSettings.__struct_fields__)
    assert "timeout_s" in provider.reads
    assert all(name.isupper() for name in provider.variables)
    assert bool(provider.fast) == bool(provider.deep)
    assert provider.title
    if provider.key is Key.NEEDED and not provider.retired:
        assert provider.variables


@pytest.mark.parametrize("provider", [one for one in ALL if not one.retired], ids=lambda one: one.id)
def test_a_setting_that_it_would_ignore_is_an_error(provider: Provider) -> None:
    for name in set(ProviderSettings.__struct_fields__) - set(provider.reads):
        with pytest.raises(ConfigurationError, match=f"has no {name}"):
            provider.model("m", ProviderSettings(**{name: "x"}), Secrets({}, Path()))
    with pytest.raises(ConfigurationError, match="is no timeout"):
        provider.model("m", ProviderSettings(timeout_s=0.0), Secrets({}, Path()))


def test_to_find_them_nothing_of_a_vendor_is_imported() -> None:
    code = (
        "import sys; from compass.llm.provider import providers; "
        "[one.detect({'OPENAI_API_KEY': 'x'}) for one in providers() if one.id != 'ollama']; "
        f"print([name for name in {HEAVY.split()!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_one_is_an_error_that_names_what_there_is() -> None:
    with pytest.raises(UnusableModelError, match=r"no provider 'opanai'.*anthropic.*compatible:MODEL") as caught:
        provider_of("opanai:gpt")
    assert caught.value.failure is LlmFailure.NO_MODEL


def test_models_are_opened_with_the_settings_of_their_provider(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("canary-0123456789")
    settings = LlmSettings(
        fast="compatible:m",
        providers={"compatible": ProviderSettings(key="file:key", url="https://llm.example/v1")},
    )
    model = opener(settings, Secrets({}, tmp_path))("compatible:m:with-colon")
    assert (model.model_name, model.base_url) == ("m:with-colon", "https://llm.example/v1/")
