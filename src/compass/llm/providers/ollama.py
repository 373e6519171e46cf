"""Ollama on this or another machine of one's own: https://github.com/ollama/ollama/blob/main/docs/openai.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from compass.llm.http import ACCOUNT, connection
from compass.llm.provider import Access, Detected, Key, Provider

if TYPE_CHECKING:
    from pydantic_ai.models import Model

URL, PORT = "http://127.0.0.1:11434", 11434
HOST = "OLLAMA_HOST"
LOOK_S = 0.5
NO_KEY = "none-needed"  # the client library wants something to send


def _open(access: Access) -> Model[Any]:
    from pydantic_ai.models.ollama import OllamaModel
    from pydantic_ai.providers.ollama import OllamaProvider

    url = access.address(usual=_host(access.environment)).removesuffix("/v1")
    key = NO_KEY if access.key is None else access.key.reveal()
    provider = OllamaProvider(base_url=f"{url}/v1", api_key=key, http_client=connection(access, without=ACCOUNT))
    return OllamaModel(access.name, provider=provider)


def _embeddings(access: Access) -> str:
    return f"{access.address(usual=_host(access.environment)).removesuffix('/v1')}/v1"


def _host(environment: Mapping[str, str]) -> str:
    """OLLAMA_HOST as Ollama's own client reads it: a host, with a port or not, with a scheme or not."""
    given = environment.get(HOST, "").strip().rstrip("/")
    if not given:
        return URL
    scheme, there, rest = given.partition("://")
    rest = rest if there else given
    rest = re.sub(r"^0\.0\.0\.0(?=:|$)", "127.0.0.1", rest) or "127.0.0.1"
    port = "" if re.search(r":\d+$", rest) else f":{PORT}" if not there else ""
    return f"{scheme if there else 'http'}://{rest}{port}"


def _look(environment: Mapping[str, str]) -> Detected | None:
    """Ask for what is installed. Only Ollama's own address is asked: this machine, or the one OLLAMA_HOST names."""
    import httpx2

    url = _host(environment)
    try:
        answer = httpx2.get(f"{url}/api/tags", timeout=LOOK_S, follow_redirects=False, trust_env=False)
        listed = answer.raise_for_status().json()["models"]
        names = tuple(str(model["name"]) for model in listed)
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError):
        return None  # whatever is there, it is no Ollama
    return Detected(
        how=f"Ollama answers on {url}", models=names, missing="" if names else "a model: ollama pull qwen3:8b"
    )


PROVIDER = Provider(
    id="ollama", title="Ollama", open=_open, look=_look, key=Key.OPTIONAL, local=True,
    embeddings=_embeddings,
    names="as ollama list shows them",
)  # fmt: skip
