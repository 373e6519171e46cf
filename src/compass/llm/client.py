"""The language model that COMPASS asks: routing, the gate, typed replies, failures in words, nothing asked twice.

pydantic-ai and the clients of the vendors are imported off the event loop at the first question, which takes seconds.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from compass.domain.advice import ASSUMED_CALL_USD, LlmFailure, ModelCall, Role, Task, Usage
from compass.domain.ids import id_of
from compass.llm import replies
from compass.llm.asking import Asking, Tried
from compass.llm.failures import FOR_GOOD, NOBODY_HELPS, ModelFailure, words
from compass.llm.render import Rendered, render
from compass.llm.routing import REPLY_TOKENS, candidates, chosen, role_of, title_of
from compass.llm.sending import Sending
from compass.llm.settings import LlmSettings, ProviderSettings, split
from compass.llm.tokens import tokens_of
from compass.ports.clock import Clock
from compass.ports.language_model import Before, ModelHealth, Question, Reply
from compass.ports.replies import KeptReply, Replies
from compass.redaction import Masker

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from compass.llm.wire import Wire

T = TypeVar("T")
TRIES = 2
"""Requests that one question can be billed for by one model: a reply of another type is asked for once more."""
CHECK = "Reply with the one word: ready"
_CHECK_TOKENS = 64


FOR_EVER = frozenset({Task.CLASSIFY})
"""Tasks whose replies the team keeps: what a log template or a series means does not change with the incident. The
others speak of one incident, with its ids and times: their prompts come again in a resumed investigation only, where
the chronicle has the reply, and a reading of another incident would be no reading of this one."""
Render = Callable[[Question[Any], Masker, int], Rendered]
Prices = Callable[[str, str, Usage], float | None]
"""USD of one call by provider and model; None where no price is known."""


def no_price(_provider: str, _model: str, _usage: Usage) -> float | None:
    """Where no price list is at hand."""
    return None


class Client:
    """Implements `compass.ports.language_model.LanguageModel`.

    `open_model` gives the pydantic-ai model of a "provider:model"; it runs on a thread and raises ConfigurationError
    (UnusableModelError says more) for what cannot be opened. `kept` are the replies that the team keeps for ever
    (a chronicle's `replies`); `earlier` is what `recall` would be told.
    """

    def __init__(
        self,
        settings: LlmSettings,
        open_model: Callable[[str], Model[Any]],
        masker: Masker,
        clock: Clock,
        *,
        kept: Replies | None = None,
        render: Render = render,
        tokens_of: Callable[[str], int] = tokens_of,
        prices: Prices = no_price,
        earlier: Sequence[ModelCall] = (),
        reuse: bool = True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._open_model = open_model
        self._masker = masker
        self._kept = kept
        self._render = render
        self._clock = clock
        self._tokens_of = tokens_of
        self._prices = prices
        self._sleep = sleep
        self._slots = asyncio.Semaphore(max(1, settings.concurrency))
        self._wires: dict[str, asyncio.Task[Wire]] = {}
        self._passed_over: dict[str, Tried] = {}
        self._reuse = reuse
        self._known: dict[str, ModelCall] = {}
        self.recall(earlier)
        self._flying: dict[str, asyncio.Task[tuple[ModelCall, object]]] = {}

    @property
    def name(self) -> str:
        return title_of(self._settings)

    async def ask(self, question: Question[T], before: Before | None = None) -> Reply[T]:
        """As the port says. An identical question is asked once in an investigation, also across a crash."""
        role = role_of(question.task, question.role)
        names = candidates(self._settings, role, question.agent)
        call, sending = self._prepared(question, role)
        if not names:
            return Reply(value=None, call=replace(call, failure=LlmFailure.NO_MODEL, said="no model is chosen"))
        if not self._reuse:
            made, found = await self._made(call, sending, names, before)
            return Reply(value=_of(found, question.reply), call=made)
        for name in names:
            known = await self._earlier(call, name, question.reply)
            if known is not None and (value := self._again(known, question.reply)) is not None:
                return Reply(value=value, call=_reused(known, call))
        key = _id(call, names[0], question.reply)
        flying = self._flying.get(key)
        if flying is not None:
            made, found = await asyncio.shield(flying)
            return Reply(value=_of(found, question.reply), call=_reused(made, call))
        task = asyncio.create_task(self._made(call, sending, names, before))
        self._flying[key] = task
        task.add_done_callback(lambda _: self._flying.pop(key, None))
        try:
            made, found = await asyncio.shield(task)
        except asyncio.CancelledError:
            # Whoever stops waits for nothing more, and nothing more may be sent on their account.
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        return Reply(value=_of(found, question.reply), call=made)

    def estimate_usd(self, question: Question[T]) -> float | None:
        """As the port says: every candidate asked as often as it can be, each reply as long as it may be."""
        role = role_of(question.task, question.role)
        call, sending = self._prepared(question, role)
        names = candidates(self._settings, role, question.agent)
        if any(_id(call, name, question.reply) in self._known for name in names):
            return 0.0
        return self._at_most(call, sending, names)[1]

    def recall(self, calls: Sequence[ModelCall]) -> None:
        """As the port says."""
        self._known.update((call.id, call) for call in calls if call.failure is None and call.reply)

    async def check(self) -> tuple[ModelHealth, ...]:
        """As the port says; two roles with one model are one call."""
        asked: dict[str, Tried] = {}
        took: dict[str, float] = {}
        health = []
        for role in Role:
            name = chosen(self._settings, role)
            billed, cost = Usage(), 0.0 if name in asked else None
            if name not in asked:
                started = self._clock.monotonic_s()
                asked[name] = await self._one(name, self._tiny(name, role))
                took[name] = 1000 * (self._clock.monotonic_s() - started)
                billed = asked[name].billed
                cost = self._prices(*split(name), billed) if billed.input else 0.0
            tried = asked[name]
            provider, model = split(name)
            ok = tried.failure in (None, LlmFailure.CUT_OFF)  # it answered, at length
            health.append(
                ModelHealth(
                    provider=provider, model=model, role=role, ok=ok, elapsed_ms=took[name],
                    detail="answered" if ok else tried.said, failure=None if ok else tried.failure,
                    usage=billed, cost_usd=cost,
                )
            )  # fmt: skip
        return tuple(health)

    async def aclose(self) -> None:
        """End what is under way and give the connections back."""
        flying = tuple(self._flying.values())
        for asked in flying:
            asked.cancel()
        await asyncio.gather(*flying, return_exceptions=True)
        opening = tuple(self._wires.values())
        self._wires.clear()
        for opened in await asyncio.gather(*opening, return_exceptions=True):
            if not isinstance(opened, BaseException):
                await opened.aclose()

    # --- one question -----------------------------------------------------------------------------------------------

    def _prepared(self, question: Question[Any], role: Role) -> tuple[ModelCall, Sending]:
        """The record so far, without an id and a model, and what is to be sent."""
        rendered = self._render(question, self._masker, self._settings.context)
        text = rendered.text
        seen = tuple(item.id for part in question.sections for item in part.items if item.id and item.id in text)
        sending = Sending(
            rules=rendered.rules, words=rendered.words, user=rendered.user, reply=question.reply,
            version=rendered.version, role=role,
            tokens=REPLY_TOKENS[question.task], timeout_s=ProviderSettings().timeout_s,
            meta={"task": question.task, "agent": question.agent, "phase": question.phase, "ids": seen},
        )  # fmt: skip
        call = ModelCall(
            id="", task=question.task, role=role, provider="", model="", prompt_version=rendered.version, prompt=text,
            agent=question.agent, hypothesis=question.hypothesis, phase=question.phase, tries=0,
        )  # fmt: skip
        return call, sending

    def _at_most(self, call: ModelCall, sending: Sending, names: Sequence[str]) -> tuple[Usage, float | None]:
        """Tokens of one candidate and USD of all, each asked as often as it can be."""
        most = Usage(input=TRIES * self._tokens_of(call.prompt), output=TRIES * sending.tokens, counted=False)
        costs = [self._prices(*split(name), most) for name in names]
        if not costs or costs[0] is None:
            return most, None
        return most, sum(ASSUMED_CALL_USD if cost is None else cost for cost in costs)

    def _unseen(self, call: ModelCall, sending: Sending, names: Sequence[str], kind: type) -> ModelCall:
        """The record of a call whose answer nobody sees."""
        usage, cost = self._at_most(call, sending, names)
        provider, model = split(names[0])
        return replace(
            call, id=_id(call, names[0], kind), provider=provider, model=model, usage=usage, cost_usd=cost, tries=1,
            failure=LlmFailure.INTERRUPTED, said=words(names[0], LlmFailure.INTERRUPTED, ""),
        )  # fmt: skip

    async def _made(
        self, call: ModelCall, sending: Sending, names: Sequence[str], before: Before | None
    ) -> tuple[ModelCall, object]:
        """Ask the models in turn until one has answered. The words of those that failed are kept."""
        kind = sending.reply or str
        said: list[str] = []
        usage, cost, tries = Usage(), 0.0, 0
        unpriced = False
        tried: Tried | None = None
        async with self._slots:
            left = [name for name in names if name not in self._passed_over]
            if before is not None and left:
                await before(self._unseen(call, sending, left, kind))
            started = self._clock.monotonic_s()  # a slot that was waited for is nothing the model took
            for name in names:
                tried = self._passed_over.get(name) or await self._one(name, sending)
                tries += tried.tries
                usage += tried.billed
                price = self._prices(*split(name), tried.billed) if tried.billed.input else 0.0
                unpriced, cost = unpriced or price is None, cost + (price or 0.0)
                if tried.failure in FOR_GOOD:
                    self._passed_over[name] = replace(tried, tries=0, billed=Usage())
                if tried.said:
                    said.append(tried.said)
                if tried.failure is None or tried.failure in NOBODY_HELPS:
                    break
        assert tried is not None
        provider, model = split(tried.model)
        done = replace(
            call, id=_id(call, tried.model, kind), provider=provider, model=model, reply=tried.stored, usage=usage,
            cost_usd=None if unpriced else cost, elapsed_ms=1000 * (self._clock.monotonic_s() - started), tries=tries,
            dropped=tried.dropped, failure=tried.failure, said="; then ".join(said),
        )  # fmt: skip
        if done.failure is None:
            self._known[done.id] = done
            if self._kept is not None and done.task in FOR_EVER:
                await self._kept.keep(done.id, KeptReply(text=done.reply, model=tried.model))
        return done, tried.value

    async def _one(self, name: str, sending: Sending) -> Tried:
        """One model. Never raises for what it does."""
        try:
            wire = await self._wire(name)
        except ModelFailure as failure:
            return Tried(model=name, failure=failure.failure, said=words(name, failure.failure, failure.detail))
        sending = replace(sending, user=wire.as_sent(sending.user), timeout_s=self._timeout(name))
        asking = Asking(
            wire=wire, gate=self._masker.mask, unmask=self._masker.unmask, tokens_of=self._tokens_of,
            clock=self._clock, sleep=self._sleep,
        )  # fmt: skip
        return await asking.ask(sending)

    async def _wire(self, name: str) -> Wire:
        """The open model, opened once. Raises ModelFailure."""
        task = self._wires.get(name)
        if task is None:
            task = asyncio.create_task(self._opened(name))
            self._wires[name] = task
        return await asyncio.shield(task)

    async def _opened(self, name: str) -> Wire:
        try:
            module = await asyncio.to_thread(importlib.import_module, "compass.llm.wire")
        except ImportError as error:
            detail = f"{error.name or error} is not installed: pip install 'compass-sre[llm]'"
            raise ModelFailure(LlmFailure.NO_MODEL, detail) from error
        wire: Wire = await asyncio.to_thread(module.opened, name, self._open_model)
        await wire.start()
        return wire

    def _tiny(self, name: str, role: Role) -> Sending:
        return Sending(
            rules="You are being checked.", user=CHECK, reply=None, version="check", role=role, tokens=_CHECK_TOKENS,
            timeout_s=self._timeout(name),
        )  # fmt: skip

    def _timeout(self, name: str) -> float:
        return self._settings.providers.get(split(name)[0], ProviderSettings()).timeout_s

    async def _earlier(self, call: ModelCall, name: str, kind: type) -> ModelCall | None:
        """An identical call of this investigation, or a reply that the team keeps."""
        key = _id(call, name, kind)
        found = self._known.get(key)
        if found is None and self._kept is not None and call.task in FOR_EVER:
            kept = await self._kept.find(key)
            if kept is not None:
                provider, model = split(name)
                found = replace(call, id=key, provider=provider, model=model, reply=kept.text)
        return found

    def _again(self, call: ModelCall, kind: type[T]) -> T | None:
        """The value of a reply that is already paid for; None where it cannot be read any more."""
        try:
            return replies.parse(call.reply, kind, self._masker.mask, self._masker.unmask).value
        except replies.MisfitError:
            return None


def _id(call: ModelCall, model: str, kind: type) -> str:
    return id_of("m", call.prompt, model, kind.__name__, call.prompt_version)


def _reused(made: ModelCall, call: ModelCall) -> ModelCall:
    """An earlier call as the answer to `call`: for whom is new, nothing was sent."""
    return replace(
        made, prompt=call.prompt, agent=call.agent, hypothesis=call.hypothesis, phase=call.phase, usage=Usage(),
        cost_usd=0.0, elapsed_ms=0.0, tries=0, reused=True,
    )  # fmt: skip


def _of(value: object, kind: type[T]) -> T | None:
    return value if isinstance(value, kind) else None
