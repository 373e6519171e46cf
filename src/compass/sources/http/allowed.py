"""What may be asked of a server: a list of methods and paths, and a transport that lets nothing else pass."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

import httpx2

from compass.ports.errors import SourceRefusedError

_STEP_UP = frozenset({".", ".."})
_UNQUOTED = 3  # times: as often as it may be taken off between here and there
_SEGMENT = re.compile(r"[\w.~%:@!$&'()*+,;=-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One thing a server can be asked. `path` is below the server's address; `{}` in it stands for one segment."""

    path: str
    method: str = "GET"

    def url(self, *segments: str) -> str:
        """The path with its segments, each quoted whole. Raises ValueError for one that is empty or leads upwards."""
        if any(not segment or segment in _STEP_UP for segment in segments):
            raise ValueError(f"{segments!r} does not fit {self.path}")
        return self.path.format(*(quote(segment, safe="") for segment in segments))

    def fits(self, method: str, path: str) -> bool:
        """Whether a raw path (still quoted) is this endpoint."""
        parts, wanted = path.split("/"), self.path.split("/")
        return method == self.method and len(parts) == len(wanted) and all(map(_fits, parts, wanted))


def _fits(part: str, wanted: str) -> bool:
    return part == wanted or (wanted == "{}" and bool(_SEGMENT.fullmatch(part)) and not _leads_up(part))


def _leads_up(part: str) -> bool:
    """Whether a segment means a step upwards to a server, or a proxy on the way, that takes its quotes off (twice)."""
    for _ in range(_UNQUOTED):
        part = unquote(part)
        if not _STEP_UP.isdisjoint(re.split(r"[/\\]", part)):
            return True
    return False


class Guard(httpx2.AsyncBaseTransport):
    """Passes on requests to one server's endpoints and refuses all others, whoever makes them.

    `base` is the server's address, perhaps with a path (a proxy's). Nothing above can reach another host: not a
    redirect, not a library, not a mistake.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, base: str, endpoints: Iterable[Endpoint]) -> None:
        self._inner = inner
        self._base = httpx2.URL(base)
        self._prefix = self._base.raw_path.decode("ascii").rstrip("/")
        self._endpoints = tuple(endpoints)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        path = url.raw_path.partition(b"?")[0].decode("ascii")
        here = (url.scheme, url.host, url.port) == (self._base.scheme, self._base.host, self._base.port)
        below = path[len(self._prefix) :] if path.startswith(f"{self._prefix}/") else None
        if not here or below is None or not any(e.fits(request.method, below) for e in self._endpoints):
            raise SourceRefusedError(
                f"{request.method} {path} is not among what COMPASS asks: it only reads", where=url.host,
                hint="this is a defect of COMPASS, or of an extension: nothing was sent",
            )  # fmt: skip
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
