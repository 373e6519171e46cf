"""A connection to a server, whichever way it speaks. Importing this imports the SDK."""

from __future__ import annotations

from compass.sources.http.settings import Caps, Server
from compass.sources.mcp.calls import Link
from compass.sources.mcp.link import SessionLink
from compass.sources.mcp.options import Program
from compass.sources.mcp.process import ProcessTransport
from compass.sources.mcp.web import WebTransport


def link_to(target: Server | Program, name: str, caps: Caps) -> Link:
    if isinstance(target, Server):
        return SessionLink(WebTransport(target), name)
    return SessionLink(ProcessTransport(target, caps.answer_bytes, name), name)
