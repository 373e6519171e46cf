"""GitHub Models, which GitHub retired on 2026-07-30 (https://github.com/orgs/community/discussions/203602).

It stays here so that whoever has it in their settings is told what happened, and what to take instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compass.llm.provider import Access, Provider
from compass.ports.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic_ai.models import Model

RETIRED = "GitHub retired GitHub Models on 2026-07-30: nothing answers there any more; GitHub's models are in copilot"


def _open(access: Access) -> Model[Any]:
    raise ConfigurationError(RETIRED, where=access.where)


PROVIDER = Provider(id="github", title="GitHub Models", open=_open, retired=RETIRED)
