"""Ask one model until it has answered in the asked-for type or has failed: what is tried again, and how often.

| what came                                  | what is done                                                            |
|--------------------------------------------|-------------------------------------------------------------------------|
| a reply of another type                    | asked once more, told what is wrong; then `invalid`                     |
| 429 with a Retry-After that fits           | waited for it, at most `WAITS` times; else `rate_limit`                 |
| 5xx                                        | asked once more after a second; then `server`                           |
| 400 for the form of the request            | the same in a plainer form (schema or tool → words in the prompt)    |
| anything else                              | a failure at once                                                       |
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from compass.domain.advice import LlmFailure, Usage
from compass.llm import replies
from compass.llm.failures import ModelFailure, words
from compass.llm.sending import Answer, Sending
from compass.ports.clock import Clock
from compass.redaction import bound

if TYPE_CHECKING:
    from compass.llm.wire import Wire

WAITS = 3
AGAIN_AFTER_S = 1.0
_AGAIN = (
    "\n\nYour last reply could not be read: {why}. "
    "Reply again, with one JSON object of the given shape and nothing else."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of one model. `value` None: it failed, and `failure` and `said` say how. `billed` holds the usage of
    every request that the provider is thought to charge for."""

    model: str
    value: object = None
    stored: str = ""
    dropped: int = 0
    failure: LlmFailure | None = None
    said: str = ""
    tries: int = 0
    billed: Usage = Usage()


@dataclass(slots=True)
class Asking:
    """One question to one model. `sleep` is asyncio's, or a test's."""

    wire: Wire
    gate: Callable[[str], str]
    unmask: Callable[[str], str]
    tokens_of: Callable[[str], int]
    clock: Clock
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    tries: int = 0
    billed: Usage = Usage()

    async def ask(self, sending: Sending) -> Tried:
        """Until it is answered or has failed."""
        until = self.clock.monotonic_s() + sending.timeout_s
        first, waits, failures_of_server, misfits = sending, 0, 0, 0
        while True:
            self.tries += 1
            answer: Answer | None = None
            try:
                answer = await self.wire.exchange(sending)
                self._count(sending, answer.text, answer.usage)
                return self._taken(sending, answer)
            except replies.MisfitError as wrong:
                assert answer is not None
                if answer.cut:
                    return self._lost(LlmFailure.CUT_OFF, "it wrote more than it may", answer.text)
                misfits += 1
                if misfits == 2:
                    return self._lost(LlmFailure.INVALID, str(wrong), answer.text)
                sending = replace(first, user=first.user + _AGAIN.format(why=bound(str(wrong), 200)))
            except ModelFailure as lost:
                if lost.usage is not None:
                    self.billed += lost.usage
                if lost.failure is LlmFailure.RATE_LIMIT and waits < WAITS and self._fits(lost.retry_after_s, until):
                    waits += 1
                    await self.sleep(lost.retry_after_s or 0.0)
                elif lost.rejected and self.wire.simpler():
                    continue
                elif lost.failure is LlmFailure.SERVER and not lost.rejected and failures_of_server == 0:
                    failures_of_server += 1
                    await self.sleep(AGAIN_AFTER_S)
                else:
                    return self._lost(lost.failure, lost.detail)

    def _fits(self, retry_after_s: float | None, until: float) -> bool:
        return retry_after_s is not None and self.clock.monotonic_s() + retry_after_s < until

    def _count(self, sending: Sending, text: str, usage: Usage | None) -> None:
        if usage is None:
            sent = self.tokens_of(sending.system) + self.tokens_of(sending.user)
            usage = Usage(input=sent, output=self.tokens_of(text), counted=False)
        self.billed += usage

    def _taken(self, sending: Sending, answer: Answer) -> Tried:
        done = Tried(model=self.wire.name, tries=self.tries, billed=self.billed)
        if sending.reply is None:
            return replace(done, value=answer.text, stored=replies.stored_text(answer.text, self.gate))
        kind: type[Any] = sending.reply
        parsed = replies.parse(answer.text, kind, self.gate, self.unmask)
        return replace(done, value=parsed.value, stored=parsed.stored, dropped=parsed.dropped)

    def _lost(self, failure: LlmFailure, detail: str, text: str = "") -> Tried:
        return Tried(
            model=self.wire.name, failure=failure, said=words(self.wire.name, failure, bound(self.gate(detail), 300)),
            stored=replies.stored_text(text, self.gate) if text else "", tries=self.tries, billed=self.billed,
        )  # fmt: skip
