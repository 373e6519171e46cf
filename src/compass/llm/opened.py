"""A model as it is handed out: its key stays out of what it says, and its connections are given back with it.

Imports pydantic-ai, which takes seconds: imported when a model is opened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from compass.redaction.secret import Secret, masked


class Opened(WrapperModel):
    """`secrets` are masked in answers and in errors: a server may echo what it was sent. `closing` ends what the model
    was given to work with, when the model is left."""

    def __init__(
        self, wrapped: Model[Any], secrets: Sequence[Secret], closing: Sequence[Callable[[], Awaitable[None]]]
    ) -> None:
        super().__init__(wrapped)
        self._secrets, self._closing = tuple(secrets), tuple(closing)
        # The class's own would hide them, and whoever asks would send what is ignored.
        self.unsupported_settings = wrapped.unsupported_settings  # type: ignore[misc]

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The model's reply without its secrets, in texts and in the arguments of tool calls. An error keeps its kind,
        for what is retried goes by that, and loses them too."""
        try:
            response = await super().request(messages, model_settings, model_request_parameters)
        except Exception as error:
            self._mask(error)
            raise
        for part in response.parts:
            if isinstance(part, TextPart):
                part.content = masked(part.content, self._secrets)
            elif isinstance(part, ToolCallPart):
                part.args = self._without(part.args)
        return response

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            return await super().__aexit__(kind, error, trace)
        finally:
            for close in self._closing:
                await close()

    def _mask(self, error: BaseException | None) -> None:
        """In place, causes too: the sort of an error is what tells a wrong key from a full account."""
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            error.args = tuple(self._without(one) for one in error.args)
            for name in ("message", "body"):
                if hasattr(error, name):
                    setattr(error, name, self._without(getattr(error, name)))
            error = error.__cause__ or error.__context__

    def _without(self, value: Any) -> Any:
        if isinstance(value, str):
            return masked(value, self._secrets)
        if isinstance(value, dict):
            return {key: self._without(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._without(one) for one in value)
        return value
