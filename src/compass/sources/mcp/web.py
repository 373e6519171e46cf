"""An MCP server over streamable HTTP, through the same guard as every other server."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import streamable_http_client

from compass.ports.errors import SourceError, SourceRefusedError
from compass.sources.http.allowed import Endpoint, Guard
from compass.sources.http.replies import failure
from compass.sources.http.settings import MB, Server
from compass.sources.http.unreachable import unreachable

_METHODS = ("POST", "GET", "DELETE")  # ask, listen, and end the session


class WebTransport:
    """Implements `link.Transport`. `failure` is what the server answered last that was no answer: others may follow."""

    def __init__(self, server: Server, inner: httpx2.AsyncBaseTransport | None = None) -> None:
        self._server = server
        self._inner = inner
        self.failure: SourceError | None = None
        self.broken = False

    def why(self) -> SourceError | None:
        failure, self.failure = self.failure, None
        return failure

    @asynccontextmanager
    async def streams(self) -> AsyncIterator[TransportStreams]:
        """Both ways of one session. Only the server's own path is asked, by the methods of the protocol; redirects are
        not followed, proxies of the environment not used, and no answer grows past `caps.answer_bytes`."""
        server = self._server
        url = httpx2.URL(server.url)
        base = str(url.copy_with(raw_path=b"/"))
        endpoints = [Endpoint(path=url.path, method=method) for method in _METHODS]
        inner = self._inner or httpx2.AsyncHTTPTransport(verify=server.trust(), retries=0)
        headers = {"User-Agent": "compass", "Accept-Encoding": "identity", **server.headers}
        if server.token is not None:
            headers["Authorization"] = f"Bearer {server.token.reveal()}"
        auth = None if server.password is None else httpx2.BasicAuth(server.user, server.password.reveal())
        async with (
            httpx2.AsyncClient(
                headers=headers, auth=auth, transport=_Capped(Guard(inner, base, endpoints), self),
                follow_redirects=False, trust_env=False, timeout=None,
            ) as client,
            streamable_http_client(
                server.url, http_client=client, max_sse_event_size=server.caps.answer_bytes
            ) as streams,
        ):  # fmt: skip
            yield streams

    def judge(self, response: httpx2.Response) -> None:
        """Note an answer that is none. The listening stream is optional: 405 is how a server says so."""
        listening = response.request.method == "GET" and response.status_code in (404, 405)
        if response.status_code >= 300 and response.request.method != "DELETE" and not listening:
            location = response.headers.get("location", "")
            self.failure = failure(response.status_code, b"", location, self._server.name)
            # "Session terminated": the next question begins another.
            self.broken = self.broken or (response.status_code == 404 and "mcp-session-id" in response.request.headers)

    def unreachable(self, error: httpx2.TransportError | ssl.SSLError) -> None:
        self.failure = unreachable(error, self._server)

    def too_large(self) -> SourceRefusedError:
        error = SourceRefusedError(
            f"the answer is larger than {self._server.caps.answer_bytes / MB:.3g} MB", where=self._server.name,
            hint="ask for less: a shorter window or fewer services",
        )  # fmt: skip
        self.failure = error
        return error

    @property
    def most(self) -> int:
        return self._server.caps.answer_bytes


class _Capped(httpx2.AsyncBaseTransport):
    """Bounds every body as it comes."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, about: WebTransport) -> None:
        self._inner, self._about = inner, about

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One exchange; what it shows of the server is noted for `why`. An answer that is compressed all the same is an
        error: its real size would be known too late."""
        try:
            response = await self._inner.handle_async_request(request)
        except httpx2.TransportError as error:
            self._about.unreachable(error)
            raise
        except ssl.SSLError as error:  # an alert that comes late: httpx lets it pass as it is, and the SDK would, too
            self._about.unreachable(error)
            raise httpx2.ReadError(str(error), request=request) from error
        response.request = request
        self._about.judge(response)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.RemoteProtocolError("an encoding that was not asked for", request=request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Counted(response.stream, self._about)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    """A stream that may be long in all, when it is one of events: each of them is bounded by the SDK. A single body is
    bounded here."""

    def __init__(self, inner: httpx2.AsyncByteStream, about: WebTransport) -> None:
        self._inner, self._about = inner, about

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._inner:
            size += len(part)
            if size > self._about.most:
                raise httpx2.ReadError(self._about.too_large().what)
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()
