"""What a tool's words of failure mean: an error of the tree. A tool has no status codes, but repeats those it got."""

from __future__ import annotations

import re

from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.redaction import bound, redact
from compass.sources.http.replies import failure

MOST_SAID = 300
# "status code 400: ...", "returned 404: ...", and "[GET /annotations][401] getAnnotationsUnauthorized {...}".
_STATUS = re.compile(r"\b(?:status code|status|returned|error)[: ]{1,2}([1-5]\d\d)\b:?|\]\[([1-5]\d\d)\](?:\s+\w+)?")
# Prometheus' own kinds of errors, as its Go client writes them (api/prometheus/v1 of client_golang).
_KINDS = {"bad_data: ": 400, "execution: ": 422, "timeout: ": 503, "canceled: ": 503}
_PASSING = re.compile(
    r"(?i)deadline exceeded|connection (refused|reset)|no such host|timed? ?out|unexpected EOF|broken pipe|i/o"
)


def failure_of(text: str, tool: str, where: str) -> SourceError:
    """The error for a tool that says it failed. Its text is not trusted."""
    found = _STATUS.search(text)
    if found is not None:
        return failure(int(found[1] or found[2]), text[found.end() :].encode(), "", where)
    for kind, status in _KINDS.items():
        _, there, rest = text.partition(kind)
        if there:
            return failure(status, rest.encode(), "", where)
    words = bound(redact(" ".join(text.split())), MOST_SAID) or "it gives no reason"
    if _PASSING.search(text):
        return SourceUnavailableError(f"its tool {tool} failed: {words}", where=where)
    return SourceRefusedError(f"its tool {tool} failed: {words}", where=where)
