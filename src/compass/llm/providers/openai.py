"""OpenAI, by its Responses API: https://platform.openai.com/docs/api-reference/responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compass.llm.http import connection
from compass.llm.provider import Access, Provider

if TYPE_CHECKING:
    from pydantic_ai.models import Model

URL = "https://api.openai.com/v1"


def _open(access: Access) -> Model[Any]:
    from pydantic_ai.models.openai import OpenAIResponsesModel, OpenAIResponsesModelSettings
    from pydantic_ai.providers.openai import OpenAIProvider

    assert access.key is not None
    url = access.address("OPENAI_BASE_URL", usual=URL)
    provider = OpenAIProvider(base_url=url, api_key=access.key.reveal(), http_client=connection(access))
    # Unless told otherwise OpenAI keeps every answer for 30 days, to go on with: nobody here goes on with one.
    return OpenAIResponsesModel(
        access.name, provider=provider, settings=OpenAIResponsesModelSettings(openai_store=False)
    )


def _embeddings(access: Access) -> str:
    return access.address("OPENAI_BASE_URL", usual=URL)


PROVIDER = Provider(
    id="openai", title="OpenAI", open=_open, variables=("OPENAI_API_KEY",), fast="gpt-6-luna", deep="gpt-6.1-sol",
    embeddings=_embeddings,
)  # fmt: skip
