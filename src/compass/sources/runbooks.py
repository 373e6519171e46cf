"""The runbook that a page names, where the team says it may be read: below a folder, or on named hosts.

Which address a page names is for whoever can make an alert to say; so no other host is ever asked.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceError
from compass.redaction import bound, redact
from compass.redaction.secret import Secret
from compass.sources.http.allowed import Endpoint
from compass.sources.http.client import Client
from compass.sources.http.ledger import Ledger
from compass.sources.http.settings import Caps, Server

MOST_STEPS, MOST_TEXT, MOST_BYTES = 12, 200, 400_000
READ_S = 5.0
_SUFFIXES = ("", ".md", ".markdown", ".txt")
_STEP = re.compile(r"^\s{0,6}(?:\d{1,2}[.)]|[-*+](?:\s+\[[ xX]\])?)\s+(?P<text>\S.*)$")
_MARKUP = re.compile(r"<(script|style)\b[\s\S]{0,100000}?</\1>|<[^<>]{0,2000}>", re.IGNORECASE)
_ITEM = re.compile(r"<li\b[^<>]{0,500}>", re.IGNORECASE)
_NAME = re.compile(r"[\w][\w.-]{0,120}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where runbooks may be read: files below `folder`, pages on `hosts` (https), with `token` where they want one."""

    folder: Path | None = None
    hosts: tuple[str, ...] = ()
    token: Secret | None = None


async def steps_of(address: str, shelf: Shelf, clock: Clock) -> tuple[str, ...]:
    """The steps of the runbook at `address`, as it lists them; () where it may not be read, or has none.

    Raises SourceError when it may be read and cannot.
    """
    found = _file(address, shelf.folder)
    if found is not None:
        return steps(found)
    parts = _parts(address)
    if parts is None or parts.scheme != "https" or parts.hostname not in shelf.hosts:
        return ()
    return steps(await _page(parts, shelf, clock))


def _parts(address: str) -> SplitResult | None:
    """None for what is no address: anybody who can make an alert may have written it."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts


def steps(text: str) -> tuple[str, ...]:
    """Numbered or bulleted lines of Markdown, or the items of a page's lists, in order; without markup or secrets."""
    if "<li" in text.lower():
        text = html.unescape(_MARKUP.sub(" ", _ITEM.sub("\n- ", text)))
    found = (match["text"] for line in text.splitlines() if (match := _STEP.match(line)) is not None)
    plain = (bound(redact(" ".join(one.replace("**", "").replace("`", "").split())), MOST_TEXT) for one in found)
    return tuple(one for one in plain if one)[:MOST_STEPS]


def _file(address: str, folder: Path | None) -> str | None:
    """A file below `folder` with the last name of the address: a page names its place on the web, the team keeps it."""
    if folder is None:
        return None
    parts = _parts(address)
    name = unquote(parts.path.rstrip("/").rpartition("/")[2] if parts is not None else "") or address
    if not _NAME.fullmatch(name):
        return None
    for suffix in _SUFFIXES:
        path = folder / f"{name}{suffix}"
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            try:
                return path.read_bytes()[:MOST_BYTES].decode("utf-8", errors="replace")
            except OSError as error:
                raise SourceError(f"it cannot be read: {error.strerror}", where=str(path)) from error
    return None


async def _page(parts: SplitResult, shelf: Shelf, clock: Clock) -> str:
    port = f":{parts.port}" if parts.port else ""
    caps = Caps(answer_bytes=MOST_BYTES, timeout_s=READ_S, attempts=1)
    server = Server(name="runbook", url=f"https://{parts.hostname}{port}", token=shelf.token, caps=caps)
    # Quoted as it is sent: braces would else be taken for places to fill in.
    page = Endpoint(path=quote(parts.path, safe="/%~:@!$&'()*+,;=") or "/")
    client = Client(server, [page], clock=clock, ledger=Ledger())
    try:
        reply = await client.ask(page, deadline=Deadline(at_s=clock.monotonic_s() + READ_S), accept="text/*")
    finally:
        await client.aclose()
    return reply.body.decode("utf-8", errors="replace")
