"""Any endpoint that speaks OpenAI's Chat Completions: vLLM, llama.cpp, LiteLLM, a company's own gateway.

Its address is in the settings. No usual variable is read for its key: OPENAI_API_KEY is for OpenAI and nobody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compass.llm.http import ACCOUNT, connection
from compass.llm.provider import Access, Key, Provider

if TYPE_CHECKING:
    from pydantic_ai.models import Model


def _open(access: Access) -> Model[Any]:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    key = None if access.key is None else access.key.reveal()
    provider = OpenAICompatibleProvider(
        PROVIDER.id, base_url=access.address(), api_key=key, http_client=connection(access, without=ACCOUNT)
    )
    return OpenAIChatModel(access.name, provider=provider)


PROVIDER = Provider(
    id="compatible", title="OpenAI-compatible endpoint", open=_open, key=Key.OPTIONAL, embeddings=Access.address,
    names="as the endpoint lists them: GET URL/models",
)  # fmt: skip
