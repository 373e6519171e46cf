"""GitHub Copilot: the models of a Copilot plan, which differ from plan to plan.

Its address speaks OpenAI's Chat Completions. What it is sent besides (an editor's version, an integration's id) is
what pydantic-ai sends for parity with other clients; COMPASS adds nothing to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compass.llm.http import ACCOUNT, connection
from compass.llm.provider import Access, Provider

if TYPE_CHECKING:
    from pydantic_ai.models import Model

URL = "https://api.githubcopilot.com"


def _open(access: Access) -> Model[Any]:
    from pydantic_ai.models.github_copilot import GitHubCopilotModel
    from pydantic_ai.providers.github_copilot import GitHubCopilotProvider

    assert access.key is not None
    url = access.address("GITHUB_COPILOT_BASE_URL", "COPILOT_API_URL", "GITHUB_COPILOT_API_BASE", usual=URL)
    provider = GitHubCopilotProvider(
        base_url=url, api_key=access.key.reveal(), http_client=connection(access, without=ACCOUNT)
    )
    return GitHubCopilotModel(access.name, provider=provider)


PROVIDER = Provider(
    id="copilot", title="GitHub Copilot", open=_open,
    # GITHUB_TOKEN is not among them: a token for repositories is none for Copilot.
    variables=("GITHUB_COPILOT_API_KEY", "GITHUB_COPILOT_API_TOKEN", "COPILOT_GITHUB_TOKEN"),
    names=f"as your plan has them: GET {URL}/models",
)  # fmt: skip
