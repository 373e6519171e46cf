"""What a server's answer means for the person who waits: an error of the tree, with what to do."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.redaction import bound, redact
from compass.redaction.secret import Secret, masked

T = TypeVar("T")
_MOST_SAID = 200
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_HINTS = {
    400: "the query is COMPASS's own: please report it with `compass show --queries`",
    401: "the token may have expired: make a new one, then `compass doctor`",
    403: "the account lacks a permission: docs/sources.md lists what is needed",
    404: "is this the right address, and the right tenant?",
    413: "ask for less: a shorter window or fewer services",
    422: "ask for less: a shorter window or fewer services",
    429: "it limits how much may be asked; COMPASS waits as long as it is told, and no longer than its deadline",
}
_MEANS = {
    400: "rejects the query", 401: "does not accept the credentials", 403: "does not allow this",
    404: "does not know this", 413: "will not answer so much", 422: "will not run the query", 429: "is asked too much",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer of a server that accepted the question. `hidden`: what an error about it never repeats."""

    body: bytes
    content_type: str
    where: str
    hidden: tuple[Secret, ...] = ()

    def json(self, kind: type[T]) -> T:
        """The body as `kind`. Raises SourceRefusedError when it is something else: a login page, a proxy's words."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            said = _words(self.body)
            kind_said = bound(redact(self.content_type), _MOST_SAID) or "something"
            what = f"answered with {kind_said} that is not what its API describes: {said or error}"
            raise SourceRefusedError(
                masked(what, self.hidden), where=self.where,
                hint="is this the server's own address, and not that of a login page or a proxy?",
            ) from error  # fmt: skip


def passing(status: int) -> bool:
    """Whether trying again can help."""
    return status in _PASSING


def limited(status: int, headers: Mapping[str, str]) -> bool:
    """Whether it is a limit on how much may be asked. GitHub also says 403 for that: with Retry-After, or with nothing
    remaining (docs.github.com, "Rate limits for the REST API")."""
    spent = headers.get("x-ratelimit-remaining", "").strip() == "0"
    return status == 429 or (status == 403 and ("retry-after" in headers or spent))


def failure(status: int, body: bytes, location: str, where: str) -> SourceError:
    """The error for an answer that is none; `location` is where a redirect leads."""
    if 300 <= status < 400:
        return SourceRefusedError(
            f"sends us on to {bound(redact(location), _MOST_SAID) or 'elsewhere'} ({status}), which is not followed",
            where=where, hint="give the address it leads to, if it is yours", status=status,
        )  # fmt: skip
    words = _words(body)
    what = f"{_MEANS.get(status, 'fails')} ({status})" + (f": {words}" if words else "")
    kind = SourceUnavailableError if passing(status) else SourceRefusedError
    hint = _HINTS.get(status, "the server has a problem of its own" if status >= 500 else "")
    return kind(what, where=where, hint=hint, status=status)


def wait_of(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """`Retry-After` in seconds from `now` (epoch), or when a spent allowance is renewed; None where neither is said."""
    now = time.time() if now is None else now
    said, renewed = headers.get("retry-after", "").strip(), headers.get("x-ratelimit-reset", "").strip()
    if said.isdigit():
        return float(said)
    if not said and renewed.isdigit() and headers.get("x-ratelimit-remaining", "").strip() == "0":
        return max(0.0, float(renewed) - now)
    try:
        when = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, when.timestamp() - now)


def _words(body: bytes) -> str:
    """A server's own words, one line: its JSON message, or the beginning of its text. They are not trusted."""
    text = body[:4096].decode("utf-8", errors="replace").strip()
    if text.startswith("<"):
        return "(a web page)"
    try:
        found = msgspec.json.decode(body, type=dict[str, object]) if text.startswith("{") else {}
    except msgspec.DecodeError:
        found = {}
    said = next((found[key] for key in ("error", "message", "detail") if isinstance(found.get(key), str)), text)
    return bound(redact(" ".join(str(said).split())), _MOST_SAID)
