"""A language model that a function plays: provider `scripted`, for tests and evaluation.

Only the wire is left out. Rendering, the gate, typed parsing, retries, failures, usage (estimated) and prices are those
of every other provider. Import it off the event loop: it needs pydantic-ai.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic_ai import exceptions as failed
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.usage import RequestUsage

from compass.domain.advice import LlmFailure, Task
from compass.llm import replies
from compass.llm.failures import ModelFailure, ScriptError

PROVIDER = "scripted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the played model is given: the prompt as it would have left, and the ids of the facts in it, in order.

    `task` None: it is only being checked.
    """

    task: Task | None
    system: str
    user: str
    ids: tuple[str, ...]
    agent: str = ""
    phase: str = ""


Plays = Callable[[Seen], object]
"""Gives the typed reply, or the text that the model writes, or the LlmFailure that the provider answers with."""


def scripted(name: str, plays: Plays) -> FunctionModel:
    """The pydantic-ai model of "scripted:name". `plays` runs on a thread, one call at a time or several.

    What it raises comes out of `Client.ask` as ScriptError.
    """

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        try:
            given = plays(_seen(messages, info))
        except Exception as error:
            raise ScriptError(f"{name}: {type(error).__name__}: {error}") from error
        if isinstance(given, LlmFailure):
            return _failing(given)
        text = given if isinstance(given, str) else replies.as_json(given)
        # Nothing is reported: the client estimates from its own text, as for a server that does not count.
        return ModelResponse(parts=[TextPart(text)], usage=RequestUsage(), finish_reason="stop")

    profile = ModelProfile(supports_json_schema_output=True, may_tokenize_special_tokens_in_content=True)
    return _Uncounted(answer, model_name=name, profile=profile)


class _Uncounted(FunctionModel):
    """FunctionModel makes up a usage where none is given."""

    async def request(self, *args: object, **kwargs: object) -> ModelResponse:
        response = await super().request(*args, **kwargs)  # type: ignore[arg-type]
        response.usage = RequestUsage()
        return response


def _seen(messages: list[ModelMessage], info: AgentInfo) -> Seen:
    request = next(message for message in reversed(messages) if isinstance(message, ModelRequest))
    meta = request.metadata or {}
    task, ids = meta.get("task"), meta.get("ids", ())
    user = "".join(str(part.content) for part in request.parts if isinstance(part, UserPromptPart))
    return Seen(
        task=Task(task) if task is not None else None, system=info.instructions or "", user=user,
        ids=tuple(str(key) for key in ids), agent=str(meta.get("agent", "")), phase=str(meta.get("phase", "")),
    )  # fmt: skip


_Category = type[
    failed.ModelRateLimitError | failed.ModelQuotaExceededError | failed.ModelServerError
    | failed.ModelRequestRejectedError
]  # fmt: skip
_STATUS: dict[LlmFailure, tuple[int, _Category]] = {
    LlmFailure.WRONG_KEY: (401, failed.ModelAuthenticationError),
    LlmFailure.NO_MODEL: (404, failed.ModelNotFoundError),
    LlmFailure.QUOTA: (429, failed.ModelQuotaExceededError),
    LlmFailure.RATE_LIMIT: (429, failed.ModelRateLimitError),
    LlmFailure.SERVER: (500, failed.ModelServerError),
    LlmFailure.CONTEXT: (400, failed.ModelContextWindowExceededError),
}


def _failing(failure: LlmFailure) -> ModelResponse:
    """The same exception or response that a provider's client would give."""
    if failure in _STATUS:
        status, category = _STATUS[failure]
        raise failed.ModelHTTPError.for_category(
            category, status_code=status, model_name=PROVIDER, body={"message": f"played: {failure}"}
        )
    if failure is LlmFailure.TIMEOUT:
        raise failed.ModelRequestTimeout(PROVIDER, 0.0)
    if failure is LlmFailure.UNREACHABLE:
        raise failed.ModelConnectionError(PROVIDER, f"played: {failure}", phase="connect")
    if failure is LlmFailure.REFUSAL:
        return ModelResponse(parts=[], finish_reason="content_filter", provider_details={"refusal": "played"})
    if failure is LlmFailure.FILTERED:
        return ModelResponse(parts=[], finish_reason="content_filter")
    if failure is LlmFailure.CUT_OFF:
        return ModelResponse(parts=[TextPart('{"theories": [{"ent')], finish_reason="length")
    if failure is LlmFailure.INVALID:
        return ModelResponse(parts=[TextPart("I would rather write prose.")], finish_reason="stop")
    raise ModelFailure(failure, f"played: {failure}")
