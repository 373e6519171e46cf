"""What tools say of failures, as mcp-grafana 2.1.1 said it, and what it means."""

from __future__ import annotations

import pytest

from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.sources.mcp.failures import failure_of

REFUSED, UNAVAILABLE = SourceRefusedError, SourceUnavailableError


@pytest.mark.parametrize(
    ("text", "kind", "status", "said"),
    [
        ('querying Prometheus instant: bad_data: invalid parameter "query": 1:5: parse error', REFUSED, 400, "parse"),
        ("querying Prometheus range: execution: too many samples", REFUSED, 422, "will not run the query (422): too"),
        ("querying Prometheus instant: timeout: query timed out", UNAVAILABLE, 503, "query timed out"),
        ("querying Prometheus instant: client_error: client error: 403", REFUSED, 403, "does not allow this (403)"),
        ("querying Prometheus instant: server_error: server error: 502", UNAVAILABLE, 502, "fails (502)"),
        ("loki API returned status code 400: max entries limit per query exceeded (5001 > 5000)", REFUSED, 400,
         "rejects the query (400): max entries limit per query exceeded (5001 > 5000)"),
        ("loki API returned status code 429: ingestion", UNAVAILABLE, 429, "is asked too much (429)"),
        ("tempo API returned 404: trace not found", REFUSED, 404, "(404): trace not found"),
        ('get annotations: [GET /annotations][401] getAnnotationsUnauthorized {"message":"Invalid API key"}', REFUSED,
         401, "does not accept the credentials (401): Invalid API key"),
        ("getting backend: datasource with UID 'x' not found", REFUSED, 0, "its tool t failed: getting backend"),
        ("Post http://grafana: dial tcp: connection refused", UNAVAILABLE, 0, "connection refused"),
        ("context deadline exceeded", UNAVAILABLE, 0, "deadline exceeded"),
        ("", REFUSED, 0, "it gives no reason"),
    ],
)  # fmt: skip
def test_its_meaning(text: str, kind: type[SourceError], status: int, said: str) -> None:
    error = failure_of(text, "t", "helper")
    assert type(error) is kind
    assert error.status == status
    assert said in error.what


def test_its_words_are_bounded_and_clean() -> None:
    error = failure_of("no\x1b[2J such token=glsa_abcdefghijklmnop " + "x" * 5_000, "t", "helper")
    assert len(error.what) < 400
    assert "\x1b" not in error.what
    assert "glsa_" not in error.what
