"""Call tools of one server: only those allowed, each question once, within its caps and the deadline, written down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.redaction.secret import Secret, masked
from compass.sources.http.ledger import Answered, Ledger, Sent
from compass.sources.http.replies import Reply, passing
from compass.sources.http.settings import MB, Caps
from compass.sources.live.feed import close_all
from compass.sources.mcp.failures import failure_of
from compass.sources.mcp.tools import Arguments, Rule, Said, Tool, told

START_S = 20.0
MOST_STARTS = 3
BACKOFF_S = 0.5
ATTEMPTS = 2
MOST_TEXT = 100_000  # characters of an answer that specialists see
METHOD = "CALL"


class Link(Protocol):
    """A connection to a server. `tools` are those it had when it greeted us: what it says later is not heard."""

    async def start(self) -> None:
        """Connect and be greeted. Raises SourceError. One that is given up ends by itself; `aclose` waits for it."""
        ...

    @property
    def tools(self) -> Sequence[Tool]: ...

    @property
    def alive(self) -> bool: ...

    async def call(self, name: str, arguments: Arguments) -> Said:
        """Raises SourceError, with words that may hold secrets."""
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    name: str
    params: tuple[tuple[str, str], ...]


class Calls:
    """One server, for one investigation. It is started with the first question. Close it at the end."""

    def __init__(
        self, name: str, make_link: Callable[[], Awaitable[Link]], rule: Rule, *, secrets: Sequence[Secret],
        caps: Caps, clock: Clock, ledger: Ledger,
    ) -> None:  # fmt: skip
        self._name, self._make, self._rule, self._secrets = name, make_link, rule, tuple(secrets)
        self._caps, self._clock, self._ledger = caps, clock, ledger
        self._room = asyncio.Semaphore(caps.concurrency)
        self._starting = asyncio.Lock()
        self._links: list[Link] = []  # the last is in use
        self._closed = False
        self._hopeless: SourceRefusedError | None = None  # why it cannot be started at all
        self._answers: dict[_Key, asyncio.Task[Said]] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def rule(self) -> Rule:
        return self._rule

    async def tools(self, *, deadline: Deadline) -> Sequence[Tool]:
        """Those that may be called."""
        link = await self._linked(deadline)
        return [tool for tool in link.tools if not self._rule.against(tool.name, tool)]

    async def there(self, *, deadline: Deadline) -> Sequence[Tool]:
        """All that the server has, called or not."""
        return (await self._linked(deadline)).tools

    async def call(self, name: str, arguments: Arguments, *, deadline: Deadline) -> Said:
        """What a tool says, cleaned: control characters and secrets out, cut to size."""
        said = await self.ask(name, arguments, deadline=deadline)
        text = told(masked(said.text, self._secrets), MOST_TEXT)
        return Said(text=text, failed=False, size=said.size, left_out=said.left_out)

    async def reply(self, name: str, arguments: Arguments, *, deadline: Deadline) -> Reply:
        """The same, as it came, for those who decode it."""
        said = await self.ask(name, arguments, deadline=deadline)
        return Reply(
            body=said.text.encode(), content_type=f"the text of {name}", where=self._name, hidden=self._secrets
        )

    async def ask(self, name: str, arguments: Arguments, *, deadline: Deadline) -> Said:
        """A question that was asked before, or is under way, is not sent again. The deadline of the first counts."""
        key = _Key(name=name, params=tuple((k, _shown(arguments[k])) for k in sorted(arguments)))
        task = self._answers.get(key)
        if task is not None:
            said = await asyncio.shield(task)
            self._note(key, Answered.SHARED, status=200, size=said.size)
            return said
        task = asyncio.ensure_future(self._attempts(key, arguments, deadline))
        self._answers[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        for task in self._answers.values():
            task.cancel()
        await asyncio.gather(*self._answers.values(), return_exceptions=True)
        self._answers.clear()
        self._closed = True
        async with self._starting:
            await close_all(self._links)

    def _forget(self, key: _Key, done: asyncio.Task[Said]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._answers.pop(key, None)

    async def _attempts(self, key: _Key, arguments: Arguments, deadline: Deadline) -> Said:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._once(key, arguments, deadline)
            except SourceUnavailableError as error:
                left = deadline.remaining(self._clock)
                late = left is not None and left <= BACKOFF_S
                if attempt == ATTEMPTS or not passing(error.status) or late:
                    raise
                await asyncio.sleep(BACKOFF_S)
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, key: _Key, arguments: Arguments, deadline: Deadline) -> Said:
        began = self._clock.monotonic_s()
        try:
            said = await self._within(key.name, arguments, deadline)
            if said.failed:
                raise failure_of(said.text, key.name, self._name)
        except SourceError as error:
            error.what = masked(error.what, self._secrets)
            error.args = (error.what,)
            took = self._clock.monotonic_s() - began
            self._note(key, Answered.NOT, status=error.status, seconds=took, error=error.what)
            raise
        self._note(key, Answered.SERVER, status=200, size=said.size, seconds=self._clock.monotonic_s() - began)
        return said

    async def _within(self, name: str, arguments: Arguments, deadline: Deadline) -> Said:
        link = await self._linked(deadline)
        there = {tool.name: tool for tool in link.tools}
        reason = self._rule.against(name, there.get(name))
        if reason:
            raise SourceRefusedError(f"its tool {told(name, 100)} {reason}: it is not called", where=self._name)
        left = deadline.remaining(self._clock)
        within = self._caps.timeout_s if left is None else min(self._caps.timeout_s, left)
        try:
            async with asyncio.timeout(left):
                await self._room.acquire()
            try:
                async with asyncio.timeout(within):
                    said = await link.call(name, arguments)
            finally:
                self._room.release()
        except TimeoutError:
            raise SourceUnavailableError(
                f"its tool {name} did not answer within {within:.3g} s", where=self._name,
                hint="it may be overloaded, or the question too large",
            ) from None  # fmt: skip
        if said.size > self._caps.answer_bytes:
            raise SourceRefusedError(
                f"the answer is larger than {self._caps.answer_bytes / MB:.3g} MB", where=self._name,
                hint="ask for less: a shorter window or fewer services",
            )  # fmt: skip
        return said

    async def _linked(self, deadline: Deadline) -> Link:
        """The connection; a server that ended is started again, a few times."""
        async with self._starting:
            if self._links and self._links[-1].alive:
                return self._links[-1]
            if self._hopeless is not None:
                raise SourceRefusedError(self._hopeless.what, where=self._hopeless.where, hint=self._hopeless.hint)
            if self._closed or len(self._links) >= MOST_STARTS:
                raise SourceUnavailableError("has ended too often: it is not started again", where=self._name)
            left = deadline.remaining(self._clock)
            within = START_S if left is None else min(START_S, left)
            try:
                async with asyncio.timeout(within):
                    link = await self._make()
                    self._links.append(link)
                    await link.start()
            except TimeoutError:
                raise SourceUnavailableError(f"did not greet us within {within:.3g} s", where=self._name) from None
            except SourceError as error:
                error.what = masked(error.what, self._secrets)
                error.args = (error.what,)
                self._hopeless = error if isinstance(error, SourceRefusedError) else None
                raise
            return link

    def _note(
        self, key: _Key, answered: Answered, *, status: int = 0, size: int = 0, seconds: float = 0.0, error: str = ""
    ) -> None:
        self._ledger.add(Sent(
            source=self._name, method=METHOD, path=key.name, params=key.params, answered=answered, status=status,
            size=size, seconds=seconds, error=error, ended_ns=self._clock.now_ns(),
        ))  # fmt: skip


def _shown(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
