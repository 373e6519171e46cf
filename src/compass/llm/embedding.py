"""Embeddings from a provider that speaks OpenAI's API (https://platform.openai.com/docs/api-reference/embeddings).

Chosen by `[knowledge] embedding = "provider:model"`; without it nothing leaves. Texts go through the gate, and the
placeholders lose what tells equal things apart: the words of a signature are compared, not whose they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from compass.llm.http import CONNECT_S, trusted
from compass.llm.provider import Access, Provider, provider_of
from compass.llm.settings import LlmSettings, ProviderSettings
from compass.ports.errors import ConfigurationError, EmbeddingError
from compass.redaction import Masker, bound, redact
from compass.redaction.secret import Secret, Secrets, masked

if TYPE_CHECKING:
    import httpx2

    from compass.ports.knowledge import Vectors

_BATCH = 64
_MOST_CHARS = 8_000
_KEYED = re.compile(r"\[(ip|email|name):[a-z0-9]+\]")
_NUMBERED = re.compile(r"(\[redacted:[a-z-]+)#\d+\]")


class _One(msgspec.Struct):
    index: int
    embedding: list[float]


class _Reply(msgspec.Struct):
    data: list[_One]


class ProviderEmbedder:
    """Implements `compass.ports.knowledge.Embedder`. The key is looked up at the first text.

    `dimensions` is what the model gives, as the settings say: a reply of another length is an error.
    """

    def __init__(
        self, name: str, dimensions: int, settings: LlmSettings, secrets: Secrets, *,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self.name, self.version, self.dimensions = name, str(dimensions), dimensions
        self._settings, self._secrets, self._transport = settings, secrets, transport
        self._masker = Masker(settings.redaction.names, settings.redaction.addresses)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, by batches of _BATCH texts; each text goes through the gate and is cut before it
        leaves. EmbeddingError for settings or a key that do not do, no answer, another answer than vectors of
        `dimensions`, one for each text."""
        import httpx2
        import numpy as np

        provider, model = provider_of(self.name)
        access, url, key = self._access(provider)
        within = access.settings.timeout_s
        found = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        with httpx2.Client(
            verify=trusted(access), follow_redirects=False, transport=self._transport,
            timeout=httpx2.Timeout(within, connect=min(CONNECT_S, within)),
            headers={} if key is None else {"authorization": f"Bearer {key.reveal()}"},
        ) as client:  # fmt: skip
            for start in range(0, len(texts), _BATCH):
                part = [self._leaving(text) for text in texts[start : start + _BATCH]]
                for one in self._asked(client, f"{url}/embeddings", model, part, key):
                    found[start + one.index] = one.embedding
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        lengths[lengths == 0] = 1
        found /= lengths
        return found

    def _asked(
        self, client: httpx2.Client, url: str, model: str, texts: Sequence[str], key: Secret | None
    ) -> Sequence[_One]:
        import httpx2

        try:
            answer = client.post(url, json={"model": model, "input": texts, "encoding_format": "float"})
        except httpx2.HTTPError as error:
            raise self._failed(f"no answer: {error}", key) from error
        if answer.status_code != httpx2.codes.OK:
            raise self._failed(f"it answered {answer.status_code}: {answer.text[:500]}", key)
        try:
            found = msgspec.json.decode(answer.content, type=_Reply).data
        except msgspec.MsgspecError as error:
            raise self._failed(f"it answered something else than embeddings: {error}", key) from error
        if sorted(one.index for one in found) != list(range(len(texts))):
            raise self._failed(f"{len(found)} vectors for {len(texts)} texts", key)
        wrong = next((len(one.embedding) for one in found if len(one.embedding) != self.dimensions), None)
        if wrong is not None:
            raise self._failed(f"vectors of {wrong} dimensions; set [knowledge] dimensions = {wrong}", key)
        return found

    def _leaving(self, text: str) -> str:
        """What leaves of a text: the provider may not be able to try names or addresses against their digests."""
        plain = self._masker.mask(bound(text, _MOST_CHARS))
        return _NUMBERED.sub(r"\1]", _KEYED.sub(r"[\1]", plain)) or " "

    def _access(self, provider: Provider) -> tuple[Access, str, Secret | None]:
        settings = self._settings.providers.get(provider.id, ProviderSettings())
        if provider.embeddings is None:
            raise EmbeddingError(
                f"{provider.title} is not asked for embeddings", where=self.name,
                hint="openai, ollama or compatible; without [knowledge] embedding it works offline",
            )  # fmt: skip
        try:
            key = provider.secret(settings, self._secrets)
            access = Access(
                name=self.name, settings=settings, key=key, environment=self._secrets.environment,
                base=self._secrets.base, where=provider.where,
            )  # fmt: skip
            return access, provider.embeddings(access), key
        except ConfigurationError as error:
            raise EmbeddingError(error.what, where=error.where, hint=error.hint) from error

    def _failed(self, what: str, key: Secret | None) -> EmbeddingError:
        said = redact(bound(masked(what, () if key is None else (key,)), 300))
        return EmbeddingError(said, where=self.name, hint="without [knowledge] embedding it works offline")
