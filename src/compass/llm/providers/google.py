"""Google: Gemini by its API with a key (https://ai.google.dev/api/generate-content), or on Google Cloud (Vertex AI) by
project and region with Google's own credentials (application default credentials)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from compass.llm.http import connection
from compass.llm.provider import Access, Detected, Key, Provider
from compass.ports.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic_ai.models import Model

URL = "https://generativelanguage.googleapis.com"
PROJECT, LOCATION, CREDENTIALS = "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_APPLICATION_CREDENTIALS"
EVERYWHERE = "global"


def _open(access: Access) -> Model[Any]:
    from pydantic_ai.models.google import GoogleModel

    settings = access.settings
    if settings.project and settings.key:
        raise ConfigurationError(
            "it has a project and a key", where=access.where,
            hint="a key is for the Gemini API, a project for Google Cloud with its own credentials",
        )  # fmt: skip
    if settings.project or access.key is None:
        return GoogleModel(access.name, provider=_cloud(access))
    from pydantic_ai.providers.google import GoogleProvider

    url = access.address(usual=URL)
    return GoogleModel(
        access.name,
        provider=GoogleProvider(api_key=access.key.reveal(), base_url=url, http_client=connection(access)),
    )


def _cloud(access: Access) -> Any:
    project = access.found(access.settings.project, PROJECT)
    if not project:
        raise ConfigurationError(
            "it needs a key, or a project on Google Cloud", where=access.where,
            hint='export GEMINI_API_KEY=..., or project = "my-project" with Google\'s own credentials',
        )  # fmt: skip
    from pydantic_ai.providers.google_cloud import GoogleCloudProvider

    return GoogleCloudProvider(
        project=project, location=access.found(access.settings.region, LOCATION) or EVERYWHERE,
        base_url=access.address() if access.settings.url else None, http_client=connection(access),
    )  # fmt: skip


def _look(environment: Mapping[str, str]) -> Detected | None:
    if environment.get(CREDENTIALS) and environment.get(PROJECT):
        return Detected(how=f"{CREDENTIALS} and {PROJECT} are set")
    return None


PROVIDER = Provider(
    id="google", title="Google Gemini", open=_open, look=_look, key=Key.OPTIONAL,
    reads=("key", "url", "project", "region", "ca", "timeout_s"), variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    fast="gemini-3.5-flash-lite", deep="gemini-3.8-flash",
)  # fmt: skip
