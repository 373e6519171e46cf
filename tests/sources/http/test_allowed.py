from __future__ import annotations

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.ports.errors import SourceRefusedError
from compass.sources.http.allowed import Endpoint, Guard

VALUES = Endpoint(path="/api/v1/label/{}/values")
QUERY = Endpoint(path="/api/v1/query", method="POST")
PROXY = "https://grafana.example/api/datasources/proxy/uid/abc"


class Passed(Exception):  # noqa: N818  # no error: the guard let it through
    pass


class Network(httpx2.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise Passed(str(request.url))


async def passes(method: str, url: str, base: str = PROXY) -> bool:
    guard = Guard(Network(), base, [VALUES, QUERY])
    try:
        await guard.handle_async_request(httpx2.Request(method, url))
    except Passed:
        return True
    except SourceRefusedError:
        return False
    raise AssertionError("the guard answered itself")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v1/label/job/values", True),
        ("GET", "/api/v1/label/job/values?start=1", True),
        ("POST", "/api/v1/query", True),
        ("POST", "/api/v1/label/job/values", False),
        ("DELETE", "/api/v1/query", False),
        ("GET", "/api/v1/query", False),
        ("GET", "/api/v1/label/a/b/values", False),
        ("GET", "/api/v1/label//values", False),
        ("GET", "/api/v1/label/../values", False),
        ("GET", "/api/v1/label/%2e%2e/values", False),
        ("GET", "/api/v1/label/a%2F..%2F..%2Fadmin/values", False),
        ("GET", "/api/v1/label/a%5C..%5Cadmin/values", False),
        ("GET", "/api/v1/label/%252e%252e/values", False),
        ("GET", "/api/v1/label/feature%2Fa..b/values", True),
        ("GET", "/api/v1/admin/tsdb/delete_series", False),
        ("POST", "/api/v1/query/", False),
        ("GET", "/api/v1/label/job/values/../../../../admin", False),
    ],
)
async def test_only_what_is_listed_passes(method: str, path: str, expected: bool) -> None:
    assert await passes(method, PROXY + path) is expected


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/api/datasources/proxy/uid/abc/api/v1/query",
        "http://grafana.example/api/datasources/proxy/uid/abc/api/v1/query",
        "https://grafana.example:8443/api/datasources/proxy/uid/abc/api/v1/query",
        "https://grafana.example/api/datasources/proxy/uid/other/api/v1/query",
        "https://grafana.example/api/v1/query",
    ],
)
async def test_another_place_is_another_server(url: str) -> None:
    assert not await passes("POST", url)


@given(st.text(min_size=1))
async def test_whatever_a_name_holds_stays_one_segment(name: str) -> None:
    if name in (".", ".."):
        with pytest.raises(ValueError, match="does not fit"):
            VALUES.url(name)
        return
    try:
        path = VALUES.url(name)
    except UnicodeEncodeError:  # half a character, which no server can be asked for
        return
    assert path.count("/") == VALUES.path.count("/")
    assert await passes("GET", PROXY + path)
