"""What real servers said, kept and replayed: `tests/contracts/<server>/<what>.jsonl.gz`, one exchange a line.

The first line says what was asked of what: {"server", "version", "loaded", "how"}. An exchange is matched by method,
path, parameters and Accept; a request that matches none fails and shows the nearest that there is.
"""

from __future__ import annotations

import base64
import difflib
import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

import httpx2

KEPT_HEADERS = ("content-type", "retry-after", "location")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and the server's answer to it."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...]
    accept: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def asked(self) -> str:
        query = "\n".join(f"  {name}={value}" for name, value in self.params)
        return f"{self.method} {self.path} ({self.accept})\n{query}"


def asked_of(request: httpx2.Request) -> tuple[str, str, tuple[tuple[str, str], ...], str]:
    """What identifies a request: method, raw path, parameters of query and form in order, Accept."""
    params = list(request.url.params.multi_items())
    if request.method == "POST":
        params += parse_qsl(request.content.decode("utf-8"), keep_blank_values=True)
    path = request.url.raw_path.partition(b"?")[0].decode("ascii")
    return request.method, path, tuple(params), request.headers.get("accept", "")


class Recording(httpx2.AsyncBaseTransport):
    """Passes requests on to a real server and keeps what was said. `write` makes the file."""

    def __init__(self, inner: httpx2.AsyncBaseTransport | None = None) -> None:
        self._inner = inner or httpx2.AsyncHTTPTransport()
        self.exchanges: list[Exchange] = []
        self.moved = 0  # bytes as they came, compressed or not

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        response = await self._inner.handle_async_request(request)
        body = await _whole(response)
        self.moved += response.num_bytes_downloaded
        method, path, params, accept = asked_of(request)
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        self.exchanges.append(
            Exchange(
                method=method, path=path, params=params, accept=accept, status=response.status_code, headers=headers,
                body=body,
            )
        )  # fmt: skip
        return httpx2.Response(response.status_code, headers=headers, content=body, request=request)

    async def aclose(self) -> None:
        await self._inner.aclose()

    def write(self, path: Path, about: Mapping[str, str]) -> None:
        """`about`: server, version, loaded (which recording, shifted by how much), how (the command that asked)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(dict(about), sort_keys=True)]
        lines += [json.dumps(_encoded(one), sort_keys=True) for one in self.exchanges]
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
            file.write("".join(f"{line}\n" for line in lines).encode("utf-8"))
        path.write_bytes(packed.getvalue())


class Replay(httpx2.AsyncBaseTransport):
    """Answers as the real server did. `unused` tells which exchanges nobody asked for."""

    def __init__(self, *paths: Path) -> None:
        self._known: dict[tuple[str, str, tuple[tuple[str, str], ...], str], Exchange] = {}
        self.about: list[Mapping[str, str]] = []
        self.asked: set[str] = set()
        for path in paths:
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                self.about.append(json.loads(next(lines)))
                for line in lines:
                    one = _decoded(json.loads(line))
                    self._known[one.method, one.path, one.params, one.accept] = one

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        key = asked_of(request)
        found = self._known.get(key)
        if found is None:
            raise AssertionError(self._nearest(key))
        self.asked.add(found.asked)
        return httpx2.Response(found.status, headers=dict(found.headers), content=found.body, request=request)

    @property
    def unused(self) -> list[str]:
        return sorted({one.asked for one in self._known.values()} - self.asked)

    def _nearest(self, key: tuple[str, str, tuple[tuple[str, str], ...], str]) -> str:
        method, path, params, accept = key
        query = "\n".join(f"  {name}={value}" for name, value in params)
        asked = f"{method} {path} ({accept})\n{query}"
        near = difflib.get_close_matches(asked, [one.asked for one in self._known.values()], n=1, cutoff=0.0)
        return f"no real server was asked this:\n{asked}\nthe nearest that was:\n{near[0] if near else '(nothing)'}"


async def _whole(response: httpx2.Response) -> bytes:
    """The body, decompressed."""
    return await response.aread()


def _encoded(one: Exchange) -> dict[str, object]:
    fields: dict[str, object] = {
        "method": one.method, "path": one.path, "params": [list(pair) for pair in one.params], "accept": one.accept,
        "status": one.status, "headers": dict(one.headers),
    }  # fmt: skip
    try:
        fields["text"] = one.body.decode("utf-8")
    except UnicodeDecodeError:
        fields["base64"] = base64.b64encode(one.body).decode("ascii")
    return fields


def _decoded(fields: Mapping[str, object]) -> Exchange:
    text = fields.get("text")
    body = text.encode("utf-8") if isinstance(text, str) else base64.b64decode(str(fields["base64"]))
    return Exchange(
        method=str(fields["method"]), path=str(fields["path"]), accept=str(fields["accept"]), body=body,
        params=tuple((str(name), str(value)) for name, value in fields["params"]),  # type: ignore[attr-defined]
        status=int(str(fields["status"])), headers=dict(fields["headers"]),  # type: ignore[call-overload]
    )  # fmt: skip
