"""Ask one server: each question once, within its caps and the deadline, and say plainly what went wrong."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Sequence

import httpx2

from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.redaction.secret import masked
from compass.sources.http.allowed import Endpoint, Guard
from compass.sources.http.ledger import Answered, Ledger, Sent
from compass.sources.http.replies import Reply, failure, limited, passing, wait_of
from compass.sources.http.settings import MB, Server
from compass.sources.http.unreachable import unreachable

BACKOFF_S = 0.25  # doubles with every attempt, where the server names no time of its own
ERROR_BYTES = 65_536
JSON = "application/json"
Params = Sequence[tuple[str, str]]
_Key = tuple[str, str, tuple[tuple[str, str], ...], str]


class Client:
    """One server, for one investigation. Close it at the end. Answers are kept until then."""

    def __init__(
        self, server: Server, endpoints: Iterable[Endpoint], *, clock: Clock, ledger: Ledger,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:  # fmt: skip
        """`transport` replaces the network, below the guard. Raises ConfigurationError for unusable TLS files."""
        self._server, self._clock, self._ledger = server, clock, ledger
        inner = transport or httpx2.AsyncHTTPTransport(verify=server.trust(), retries=0)
        headers = {"User-Agent": "compass", **server.headers}
        if server.token is not None:
            headers["Authorization"] = f"Bearer {server.token.reveal()}"
        auth = None if server.password is None else httpx2.BasicAuth(server.user, server.password.reveal())
        self._http = httpx2.AsyncClient(
            base_url=server.url, headers=headers, auth=auth, transport=Guard(inner, server.url, endpoints),
            follow_redirects=False, trust_env=False, timeout=None,
        )  # fmt: skip
        self._room = asyncio.Semaphore(server.caps.concurrency)
        self._answers: dict[_Key, asyncio.Task[Reply]] = {}

    async def ask(
        self, endpoint: Endpoint, *segments: str, deadline: Deadline, params: Params = (), accept: str = JSON
    ) -> Reply:
        """The server's answer. A question that was asked before, or is under way, is not sent again.

        The deadline of the first who asks counts for those who join. Raises SourceUnavailableError for what may pass
        (no connection, no answer in time, 429, 5xx) and SourceRefusedError for what will not.
        """
        key = (endpoint.method, endpoint.url(*segments), tuple(params), accept)
        task = self._answers.get(key)
        if task is not None:
            reply = await asyncio.shield(task)
            self._ledger.add(self._line(key, Answered.SHARED, status=200, size=len(reply.body)))
            return reply
        task = asyncio.ensure_future(self._attempts(key, deadline))
        self._answers[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        for task in self._answers.values():
            task.cancel()
        await asyncio.gather(*self._answers.values(), return_exceptions=True)
        self._answers.clear()
        await self._http.aclose()

    def _forget(self, key: _Key, done: asyncio.Task[Reply]) -> None:
        # A failure may pass: the next who asks tries again. It is looked at here, in case nobody waits any more.
        if done.cancelled() or done.exception() is not None:
            self._answers.pop(key, None)

    async def _attempts(self, key: _Key, deadline: Deadline) -> Reply:
        caps = self._server.caps
        for attempt in range(1, caps.attempts + 1):
            try:
                return await self._in_turn(key, deadline)
            except _TryAgainError as error:
                wait = BACKOFF_S * 2 ** (attempt - 1) if error.wait_s is None else error.wait_s
                left = deadline.remaining(self._clock)
                if attempt == caps.attempts or wait > caps.most_wait_s or (left is not None and wait >= left):
                    raise error.cause from None
                await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def _in_turn(self, key: _Key, deadline: Deadline) -> Reply:
        """Once, when there is room. Waiting for room is bounded by the deadline alone."""
        try:
            async with asyncio.timeout(deadline.remaining(self._clock)):
                await self._room.acquire()
        except TimeoutError:
            what = "other questions to it took all the time there was"
            raise SourceUnavailableError(what, where=self._server.name) from None
        try:
            return await self._once(key, deadline)
        finally:
            self._room.release()

    async def _once(self, key: _Key, deadline: Deadline) -> Reply:
        left = deadline.remaining(self._clock)
        within = self._server.caps.timeout_s if left is None else min(self._server.caps.timeout_s, left)
        if within <= 0:
            raise SourceUnavailableError("no time was left to ask it", where=self._server.name)
        began, status, size = self._clock.monotonic_s(), 0, 0
        try:
            async with asyncio.timeout(within):
                status, body, headers, size = await self._exchange(key)
            if not 200 <= status < 300:
                told = 429 if limited(status, headers) else status  # a limit, whatever number it is told with
                error = failure(told, body, headers.get("location", ""), self._server.name)
                raise _TryAgainError(error, wait_of(headers)) if passing(told) else error
        except TimeoutError:
            error = SourceUnavailableError(
                f"did not answer within {within:.3g} s", where=self._server.name,
                hint="it may be overloaded, or the question too large",
            )  # fmt: skip
            raise self._noted(_TryAgainError(error, None), key, began, status, size) from None
        except (httpx2.TransportError, ssl.SSLError) as error:  # alerts that come late pass httpx as they are
            cause = unreachable(error, self._server)
            passing_by = isinstance(cause, SourceUnavailableError)
            again = _TryAgainError(cause, None) if passing_by else cause
            raise self._noted(again, key, began, status, size) from error
        except (SourceError, _TryAgainError) as error:
            raise self._noted(error, key, began, status, size) from None
        took = self._clock.monotonic_s() - began
        self._ledger.add(self._line(key, Answered.SERVER, status=status, size=size, seconds=took))
        return Reply(
            body=body, content_type=headers.get("content-type", ""), where=self._server.name,
            hidden=self._server.secrets,
        )  # fmt: skip

    async def _exchange(self, key: _Key) -> tuple[int, bytes, httpx2.Headers, int]:
        """One request, its whole answer, and how many bytes came for it.

        Raises SourceRefusedError as soon as the answer passes its cap.
        """
        method, path, params, accept = key
        sent = {"params": params} if method == "GET" else {"data": _form(params)}
        request = self._http.build_request(method, path.lstrip("/"), headers={"Accept": accept}, **sent)
        response = await self._http.send(request, stream=True)
        try:
            good = response.is_success
            cap = self._server.caps.answer_bytes if good else ERROR_BYTES
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > cap:
                    if good:
                        raise SourceRefusedError(
                            f"the answer is larger than {cap / MB:.3g} MB", where=self._server.name,
                            hint="ask for less: a shorter window or fewer services",
                        )  # fmt: skip
                    break  # of an error the beginning is enough
            return response.status_code, bytes(body), response.headers, response.num_bytes_downloaded
        finally:
            await response.aclose()

    def _noted(
        self, error: SourceError | _TryAgainError, key: _Key, began: float, status: int, size: int
    ) -> SourceError | _TryAgainError:
        """The error without secrets, written down."""
        cause = error.cause if isinstance(error, _TryAgainError) else error
        cause.what = masked(cause.what, self._server.secrets)
        cause.args = (cause.what,)
        took = self._clock.monotonic_s() - began
        self._ledger.add(self._line(key, Answered.NOT, status=status, size=size, seconds=took, error=cause.what))
        return error

    def _line(
        self, key: _Key, answered: Answered, *, status: int = 0, size: int = 0, seconds: float = 0.0, error: str = ""
    ) -> Sent:
        method, path, params, _ = key
        return Sent(
            source=self._server.name, method=method, path=path, params=params, answered=answered, status=status,
            size=size, seconds=seconds, error=error, ended_ns=self._clock.now_ns(),
        )  # fmt: skip


class _TryAgainError(Exception):
    """A failure that may pass: `cause` is what is told when it does not. `wait_s` as the server asked, if it did."""

    def __init__(self, cause: SourceError, wait_s: float | None) -> None:
        super().__init__(str(cause))
        self.cause, self.wait_s = cause, wait_s


def _form(params: Params) -> dict[str, list[str]]:
    form: dict[str, list[str]] = {}
    for name, value in params:
        form.setdefault(name, []).append(value)
    return form
