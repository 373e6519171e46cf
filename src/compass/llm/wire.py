"""One model over pydantic-ai. This module imports it, and takes seconds to do so: import it off the event loop."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from pydantic_ai import exceptions as failed
from pydantic_ai._special_tokens import break_special_tokens
from pydantic_ai.direct import model_request
from pydantic_ai.messages import (
    InstructionPart,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.output import OutputMode, OutputObjectDefinition
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from compass.domain.advice import LlmFailure, Role, Usage
from compass.llm import replies
from compass.llm.failures import ModelFailure, ScriptError, UnusableModelError
from compass.llm.sending import Answer, Sending
from compass.ports.errors import CompassError

_TOOL = "reply"
_OPENAI = "api.openai.com"
_OWN_TEMPERATURE = (
    "anthropic_disallows_sampling_settings", "bedrock_disallows_sampling_settings", "openai_supports_reasoning",
)  # fmt: skip
"""What the profiles of models say that refuse a temperature, or take none while they think."""
_THINKING_ROOM = 4  # a model that thinks before it writes spends its reply's tokens on that too
_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|size|window)|exceed_context|too many (?:input )?tokens"
    r"|(?:prompt|input|request) is too long|input tokens? exceed|maximum (?:number of )?tokens|string_above_max_length",
    re.IGNORECASE,
)
_FILTER = re.compile(
    r"content[ _-]?(?:filter|policy|management)|responsible ?ai|safety system|moderation", re.IGNORECASE
)
_NO_CREDENTIALS = re.compile(r"credential|api[_ -]?key|access[_ -]?token|profile", re.IGNORECASE)


@dataclass(slots=True)
class Wire:
    """`modes` are the ways of asking for typed output that are left to try, the surest first."""

    name: str
    model: Model[Any]
    modes: list[OutputMode] = field(default_factory=list)
    plain: bool = False  # a request was rejected for its form: nothing is sent that a server need not know

    def __post_init__(self) -> None:
        self.modes = _modes(self.model)

    async def start(self) -> None:
        await self.model.__aenter__()

    async def aclose(self) -> None:
        await self.model.__aexit__(None, None, None)

    def as_sent(self, text: str) -> str:
        """`text` with the control tokens of chat templates broken, where the server might take them for its own."""
        return break_special_tokens(text) if self.model.profile.get("may_tokenize_special_tokens_in_content") else text

    def simpler(self) -> bool:
        """Give up the present way of asking for typed output; whether there is another."""
        if len(self.modes) > 1:
            del self.modes[0]
            self.plain = True
            return True
        return False

    async def exchange(self, sending: Sending) -> Answer:
        """One request, one reply. Raises ModelFailure."""
        request = ModelRequest(
            parts=[UserPromptPart(sending.user)], instructions=sending.system, metadata=dict(sending.meta)
        )
        try:
            response = await model_request(
                self.model, [request], model_settings=self._settings(sending),
                model_request_parameters=replace(self._parameters(sending), instruction_parts=self._marked(sending)),
            )  # fmt: skip
        except (ModelFailure, ScriptError):
            raise
        except Exception as error:
            raise _told(error) from error
        return _answer(response)

    def longest(self, sending: Sending) -> int:
        thinks = self.model.profile.get("thinking_always_enabled") or (
            self.model.profile.get("thinking_enabled_by_default") and sending.role is not Role.FAST
        )
        return sending.tokens * (_THINKING_ROOM if thinks else 1)

    def _marked(self, sending: Sending) -> list[InstructionPart] | None:
        """The instructions in parts, for a model that keeps what it is told to: as far as all questions of the task
        share them. What one specialist has besides is seldom sent twice, and to keep it costs a quarter more.
        Elsewhere they are one text: some servers take one only."""
        if not self.model.profile.get("supports_cache"):
            return None
        own = [InstructionPart(content=sending.words, dynamic=True)] if sending.words else []
        return [InstructionPart(content=sending.rules), *own]

    def _settings(self, sending: Sending) -> ModelSettings:
        made = ModelSettings(
            max_tokens=self.longest(sending), request_timeout=sending.timeout_s,
            cache={"messages": False},  # facts are never sent again
        )  # fmt: skip
        ignored = self.model.unsupported_settings
        if "timeout" not in ignored:
            made["timeout"] = sending.timeout_s
        if "max_retries" not in ignored:
            made["max_retries"] = 0  # how often is decided, counted and recorded by the client
        if self.plain:
            return made
        if not any(self.model.profile.get(flag) for flag in _OWN_TEMPERATURE):
            made["temperature"] = 0.0
        if sending.role is Role.FAST:
            made["thinking"] = False  # routine: no thinking, or as little as the model can
        if urlsplit(self.model.base_url or "").hostname == _OPENAI:
            extra: dict[str, Any] = {"openai_prompt_cache_key": f"compass-{sending.version}"}
            made.update(extra)  # type: ignore[typeddict-item]
        return made

    def _parameters(self, sending: Sending) -> ModelRequestParameters:
        if sending.reply is None:
            return ModelRequestParameters()
        mode, name = self.modes[0], sending.reply.__name__
        wanted = dict(replies.schema(sending.reply))
        if mode == "tool":
            tool = ToolDefinition(
                name=_TOOL, description="The reply.", parameters_json_schema=wanted, kind="output", strict=True
            )
            return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)
        return ModelRequestParameters(
            output_mode=mode, allow_text_output=True,
            output_object=OutputObjectDefinition(json_schema=wanted, name=name, strict=True),
            prompted_output_template=False,  # the prompt says it in its own, shorter words
        )  # fmt: skip


def opened(name: str, open_model: Callable[[str], Model[Any]]) -> Wire:
    """The model of a name, opened. Raises ModelFailure: whatever is wrong, there is no model to ask."""
    try:
        return Wire(name, open_model(name))
    except UnusableModelError as error:
        raise ModelFailure(error.failure, str(error)) from error
    except CompassError as error:
        raise ModelFailure(LlmFailure.NO_KEY, str(error)) from error
    except ImportError as error:
        detail = f"{error.name or error} is not installed: pip install 'compass-sre[llm]'"
        raise ModelFailure(LlmFailure.NO_MODEL, detail) from error
    except Exception as error:
        said = f"{type(error).__name__} {error}"
        failure = LlmFailure.NO_KEY if _NO_CREDENTIALS.search(said) else LlmFailure.NO_MODEL
        raise ModelFailure(failure, str(error)) from error


def _modes(model: Model[Any]) -> list[OutputMode]:
    """Native where the model's server can hold a reply to a schema (local servers can, by grammar), else a tool call;
    plain text is left for those that refuse both."""
    profile = model.profile
    modes: list[OutputMode] = ["prompted"]
    if profile.get("supports_json_schema_output"):
        modes.insert(0, "native")
    elif profile.get("supports_tools", True):
        modes.insert(0, "tool")
    return modes


def _answer(response: ModelResponse) -> Answer:
    text = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    called = [part for part in response.parts if isinstance(part, ToolCallPart)]
    if called:
        text = called[0].args_as_json_str()
    details = response.provider_details or {}
    if response.finish_reason == "content_filter":
        declined = str(details.get("refusal") or "")
        refused = bool(declined) or details.get("finish_reason") == "refusal"
        raise _with_usage(ModelFailure(LlmFailure.REFUSAL if refused else LlmFailure.FILTERED, declined), response)
    if not text.strip() and response.finish_reason == "error":
        raise _with_usage(ModelFailure(LlmFailure.SERVER, "it ended with an error"), response)
    return Answer(text=text, usage=_usage(response), cut=response.finish_reason == "length")


def _with_usage(failure: ModelFailure, response: ModelResponse) -> ModelFailure:
    failure.usage = _usage(response)
    return failure


def _usage(response: ModelResponse) -> Usage | None:
    used = response.usage
    if not used.has_values():
        return None
    return Usage(
        input=used.input_tokens, output=used.output_tokens, cached=used.cache_read_tokens,
        written=used.cache_write_tokens,
    )  # fmt: skip


# --- what went wrong ----------------------------------------------------------------------------------------------

_KINDS: tuple[tuple[type[Exception], LlmFailure], ...] = (
    (failed.ModelRequestTimeout, LlmFailure.TIMEOUT),
    (failed.ModelTimeoutError, LlmFailure.TIMEOUT),
    (failed.ModelQuotaExceededError, LlmFailure.QUOTA),
    (failed.ModelRateLimitError, LlmFailure.RATE_LIMIT),
    (failed.ModelContextWindowExceededError, LlmFailure.CONTEXT),
    (failed.ModelAuthenticationError, LlmFailure.WRONG_KEY),
    (failed.ModelNotFoundError, LlmFailure.NO_MODEL),
    (failed.ModelUnavailableError, LlmFailure.SERVER),
    (failed.ModelServerError, LlmFailure.SERVER),
    (failed.ContentFilterError, LlmFailure.FILTERED),
    (failed.OutputTokenLimitExceeded, LlmFailure.CUT_OFF),
    (failed.UserError, LlmFailure.NO_MODEL),
    (TimeoutError, LlmFailure.TIMEOUT),
    (OSError, LlmFailure.UNREACHABLE),
)


def _told(error: Exception) -> ModelFailure:
    """The failure that an exception of the libraries stands for.

    Clients of a dozen vendors raise here, each with exceptions of its own: whatever it is, it is a call that failed.
    """
    if isinstance(error, failed.ModelConnectionError) and not isinstance(error, failed.ModelTimeoutError):
        begun = error.phase == "read"
        return ModelFailure(LlmFailure.CUT_OFF if begun else LlmFailure.UNREACHABLE, _deepest(error))
    if isinstance(error, failed.ModelHTTPError) and error.status_code in (400, 403, 413, 422):
        said = f"{error.provider_error_code} {error.provider_error_type} {_said(error)}"
        if _TOO_LONG.search(said):
            return ModelFailure(LlmFailure.CONTEXT, _said(error))
        if _FILTER.search(said):
            return ModelFailure(LlmFailure.FILTERED, _said(error))
    for kind, failure in _KINDS:
        if isinstance(error, kind):
            retry = error.retry_after if isinstance(error, failed.ModelAPIError) else None
            return ModelFailure(failure, _said(error), retry_after_s=retry)
    if isinstance(error, failed.ModelRequestRejectedError):
        return ModelFailure(LlmFailure.SERVER, f"it rejected the request: {_said(error)}", rejected=True)
    if isinstance(error, failed.UnexpectedModelBehavior):
        return ModelFailure(LlmFailure.SERVER, f"what answered does not speak its language: {error.message}")
    if _NO_CREDENTIALS.search(type(error).__name__):
        return ModelFailure(LlmFailure.NO_KEY, str(error))
    return ModelFailure(LlmFailure.SERVER, f"{type(error).__name__}: {error}")


def _said(error: Exception) -> str:
    """The provider's own words, where it gave some."""
    body = getattr(error, "body", None)
    while isinstance(body, dict):
        inner = body.get("error") or body.get("message") or body.get("detail") or body.get("Message")
        if not inner:
            break
        body = inner
    status = f"HTTP {error.status_code}: " if isinstance(error, failed.ModelHTTPError) else ""
    text = body if isinstance(body, str) and body else "" if status and not body else str(error)
    return f"{status}{text}".rstrip(": ")


def _deepest(error: BaseException) -> str:
    """What the network said: the first cause, below the wrappers of the client libraries."""
    said = str(error)
    while error.__cause__ is not None:
        error = error.__cause__
        said = str(error) or said
    return said
