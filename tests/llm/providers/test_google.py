"""Gemini by Google's API with a key, and on Google Cloud with Google's own credentials; both with the types of
Google's own library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compass.llm.provider import providers
from compass.llm.settings import ProviderSettings
from compass.ports.errors import ConfigurationError
from compass.redaction.secret import Secrets
from tests.llm.providers.conformance import CANARY, WORD, Conforms, Vendor, answering, ask, opened
from tests.llm.providers.schemas import answer_of
from tests.support.loopback import Asked, loopback

Json = dict[str, Any]
MODEL = "gemini-3.5-flash-lite"
PARTS = {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings", "cachedContent"}


def check(_: Asked, body: Json) -> None:
    """https://ai.google.dev/api/generate-content: the parts of a request, each of its type, which forbids others."""
    from google.genai import types

    assert set(body) <= PARTS
    for content in (*body["contents"], body["systemInstruction"]):
        types.Content.model_validate(content)
    for tool in body.get("tools", []):
        types.Tool.model_validate(tool)
    types.ToolConfig.model_validate(body.get("toolConfig", {}))
    types.GenerationConfig.model_validate(body["generationConfig"])


def answer(part: Json) -> Json:
    from google.genai import types

    return answer_of(types.GenerateContentResponse, {
        "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 21, "candidatesTokenCount": 5, "totalTokenCount": 26},
        "modelVersion": MODEL, "responseId": "r1",
    })  # fmt: skip


VENDOR = Vendor(
    id="google", model=MODEL, path=f"/v1beta/models/{MODEL}:generateContent", check=check,
    text=lambda: answer({"text": f"the word is {WORD}"}),
    tool=lambda: answer({"functionCall": {"name": "reply", "args": {"word": WORD}}}), shown=("x-goog-api-key", CANARY),
    refused={"error": {"code": 401, "message": f"API key {CANARY} not valid", "status": "UNAUTHENTICATED"}},
)  # fmt: skip


class TestGoogle(Conforms):
    vendor = VENDOR

    def test_it_is_a_key_or_a_project(self) -> None:
        with pytest.raises(ConfigurationError, match="a project and a key"):
            opened(VENDOR, "https://llm.example", project="ours")
        with pytest.raises(ConfigurationError, match="a key, or a project"):
            opened(VENDOR, "https://llm.example", keyed=False)


def account(folder: Path, token_url: str) -> Path:
    """A service account's file, as Google Cloud gives them, with a key that opens nothing."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    made = rsa.generate_private_key(65537, 2048)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    file = folder / "account.json"
    file.write_text(json.dumps({
        "type": "service_account", "project_id": "ours", "private_key_id": "k1", "private_key": pem,
        "client_email": "compass@ours.example", "client_id": "1", "token_uri": token_url,
    }))  # fmt: skip
    return file


async def test_on_google_cloud_it_is_a_project_and_googles_own_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The token is fetched with the service account, then shown to the region's address."""
    from tests.support.loopback import Answer

    token = json.dumps({"access_token": CANARY, "expires_in": 3600, "token_type": "Bearer"}).encode()
    path = f"/v1beta1/projects/ours/locations/europe-west4/publishers/google/models/{MODEL}:generateContent"
    vendor = Vendor(**{**{name: getattr(VENDOR, name) for name in VENDOR.__dataclass_fields__}, "path": path})
    async with loopback(lambda _: Answer(body=token)) as tokens, answering(vendor) as server:
        file = account(tmp_path, f"{tokens.url}/token")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        model = opened(vendor, server.url, keyed=False, project="ours", region="europe-west4")
        assert (await ask(model)).text == f"the word is {WORD}"
    assert tokens.paths == ["/token"]
    assert server.asked[0].headers["authorization"] == f"Bearer {CANARY}"


def test_a_service_account_is_detected() -> None:
    google = next(one for one in providers() if one.id == "google")
    found = google.detect({"GOOGLE_APPLICATION_CREDENTIALS": "/a.json", "GOOGLE_CLOUD_PROJECT": "ours"})
    assert found is not None
    assert google.detect({"GOOGLE_CLOUD_PROJECT": "ours"}) is None
    with pytest.raises(ConfigurationError):
        google.model(MODEL, ProviderSettings(), Secrets({}, Path()))
