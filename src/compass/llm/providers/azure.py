"""Azure OpenAI: deployments of a resource of one's own; models are named as their deployments are.

With `api_version` by the dated API (https://learn.microsoft.com/azure/ai-services/openai/reference), without one by
the v1 API (https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compass.llm.http import ACCOUNT, connection
from compass.llm.provider import Access, Provider
from compass.ports.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic_ai.models import Model

V1 = "/openai/v1"


def _open(access: Access) -> Model[Any]:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.azure import AzureProvider

    assert access.key is not None
    url = access.address("AZURE_OPENAI_ENDPOINT")
    version = access.found(access.settings.api_version, "OPENAI_API_VERSION")
    if url.endswith("/v1"):
        if access.settings.api_version:
            raise ConfigurationError(
                "an address that ends in /v1 takes no api_version", where=access.where, hint="leave one of them out"
            )
        version = ""
    elif not version:
        url += V1
    provider = AzureProvider(
        azure_endpoint=url,
        api_version=version or None,
        api_key=access.key.reveal(),
        http_client=connection(access, without=ACCOUNT),
    )
    return OpenAIChatModel(access.name, provider=provider)


PROVIDER = Provider(
    id="azure", title="Azure OpenAI", open=_open, reads=("key", "url", "api_version", "ca", "timeout_s"),
    variables=("AZURE_OPENAI_API_KEY",), names="as your deployments",
)  # fmt: skip
