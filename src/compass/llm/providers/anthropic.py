"""Anthropic, by its Messages API: https://platform.claude.com/docs/en/api/messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compass.llm.http import connection
from compass.llm.provider import Access, Provider

if TYPE_CHECKING:
    from pydantic_ai.models import Model

URL = "https://api.anthropic.com"


def _open(access: Access) -> Model[Any]:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    assert access.key is not None
    url = access.address("ANTHROPIC_BASE_URL", usual=URL)
    provider = AnthropicProvider(base_url=url, api_key=access.key.reveal(), http_client=connection(access))
    return AnthropicModel(access.name, provider=provider)


PROVIDER = Provider(
    id="anthropic", title="Anthropic", open=_open, variables=("ANTHROPIC_API_KEY",), fast="claude-haiku-5-5",
    deep="claude-sonnet-5-5",
)  # fmt: skip
