"""Embeddings of a provider: what leaves, what comes back, and every way it can fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx2
import numpy as np
import pytest

from compass.llm.embedding import ProviderEmbedder
from compass.llm.settings import LlmSettings, ProviderSettings, Redaction
from compass.ports.errors import EmbeddingError
from compass.redaction.secret import Secrets

KEY = "sk-verysecretvalue"
Handler = Callable[[httpx2.Request], httpx2.Response]


def embedder(handler: Handler, name: str = "openai:small", dimensions: int = 2, **environment: str) -> ProviderEmbedder:
    settings = LlmSettings(
        providers={"compatible": ProviderSettings(url="http://gateway.example/v1")},
        redaction=Redaction(names=("Acme",)),
    )
    secrets = Secrets({"OPENAI_API_KEY": KEY, **environment}, Path())
    return ProviderEmbedder(name, dimensions, settings, secrets, transport=httpx2.MockTransport(handler))


def answering(*vectors: list[float]) -> Handler:
    def answer(request: httpx2.Request) -> httpx2.Response:
        texts = json.loads(request.content)["input"]
        data = [{"index": n, "embedding": vectors[n % len(vectors)]} for n in range(len(texts))]
        return httpx2.Response(200, json={"data": data[::-1]})

    return answer


def test_vectors_are_units_in_the_order_of_the_texts() -> None:
    found = embedder(answering([3.0, 4.0], [0.0, 2.0])).embed(["a", "b"])
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 1]], atol=1e-6)
    assert embedder(answering([1.0, 0.0])).embed(["x"] * 150).shape == (150, 2)
    assert embedder(answering([1.0, 0.0])).embed([]).shape == (0, 2)


def test_what_leaves_went_through_the_gate() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return answering([1.0, 0.0])(request)

    embedder(answer).embed(["password=hunter2 at 10.0.0.7 of acme, ask bob@example.com"])
    (request,) = seen
    assert str(request.url) == "https://api.openai.com/v1/embeddings"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    body = json.loads(request.content)
    assert body["model"] == "small"
    assert body["input"] == ["password=[redacted:secret] at [ip] of [name], ask [email]"]


def test_the_key_of_openai_goes_to_openai_alone() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return answering([1.0, 0.0])(request)

    embedder(answer, "compatible:m").embed(["a"])
    embedder(answer, "ollama:nomic", OLLAMA_HOST="127.0.0.1:1234").embed(["a"])
    assert [str(one.url) for one in seen] == [
        "http://gateway.example/v1/embeddings",
        "http://127.0.0.1:1234/v1/embeddings",
    ]
    assert not any("authorization" in one.headers for one in seen)


def _refused(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(401, text=f"bad key {KEY}")


def _away(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("no route")


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (_refused, "it answered 401"),
        (_away, "no answer: no route"),
        (lambda _: httpx2.Response(302, headers={"location": "http://elsewhere.example"}), "it answered 302"),
        (lambda _: httpx2.Response(200, text="<html>"), "something else than embeddings"),
        (lambda _: httpx2.Response(200, json={"data": []}), "0 vectors for 1 texts"),
        (answering([1.0, 2.0, 3.0]), "dimensions = 3"),
    ],
)
def test_failures_are_said_without_the_key(handler: Handler, said: str) -> None:
    with pytest.raises(EmbeddingError, match=said) as caught:
        embedder(handler).embed(["a"])
    assert KEY not in str(caught.value)


def test_a_provider_without_embeddings_and_a_missing_key_are_said() -> None:
    with pytest.raises(EmbeddingError, match="is not asked for embeddings"):
        embedder(answering([1.0]), "anthropic:x").embed(["a"])
    with pytest.raises(EmbeddingError, match="has no key here"):
        embedder(answering([1.0]), OPENAI_API_KEY="").embed(["a"])
