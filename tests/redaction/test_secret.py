"""Secrets are named in settings, looked up, and never shown."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from compass.ports.errors import ConfigurationError
from compass.redaction.secret import MASK, Secret, Secrets, masked


def test_a_secret_is_not_printed_nor_written() -> None:
    secret = Secret("canary-value")
    assert "canary" not in f"{secret} {secret!r} {[secret]} {secret:>20}"
    assert secret.reveal() == "canary-value"
    for write in (pickle.dumps, json.dumps):
        with pytest.raises(TypeError):
            write(secret)
    assert masked("Bearer canary-value was sent", [secret]) == f"Bearer {MASK} was sent"
    assert masked("an ox", [Secret("ox")]) == "an ox"


def test_a_secret_is_found_where_its_reference_says(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("canary-file\n", encoding="utf-8")
    secrets = Secrets({"TOKEN": " canary-env "}, tmp_path)
    assert secrets.get("env:TOKEN", "x").reveal() == "canary-env"
    assert secrets.get("file:token", "x").reveal() == "canary-file"


@pytest.mark.parametrize("reference", ["canary-value-0123", "env:", "env:NOT_SET", "file:not-there", "other:canary"])
def test_what_names_no_secret_is_refused_and_never_repeated_where_it_may_be_one(reference: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Secrets({}, Path("/nowhere")).get(reference, "llm.providers.openai.key")
    assert "canary" not in str(caught.value)
