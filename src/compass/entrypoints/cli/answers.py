"""What people answer when `compass init` asks: an address, and where a secret is (never the secret)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from compass.ports.errors import BadInputError

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Pages of Grafana and of Prometheus that people have open when they copy the address.
_PAGES = re.compile(
    r"/(?:d|d-solo|explore|dashboards?|alerting|datasources|connections|login|a|graph|query|targets|alerts|rules|flags"
    r"|config|status|tsdb-status|service-discovery|-/ready)(?:/.*)?$"
)
REFERENCE_HINT = "env NAME, file PATH or keyring NAME"


def address_of(text: str, where: str) -> str:
    """The address of a server, from what people have: also that of a page they look at.

    Raises BadInputError for what is none. A password in it is refused: the address will be written to a file.
    """
    typed = text.strip()
    hint = "for example https://grafana.example.com, or http://prometheus:9090"
    try:
        parts = urlsplit(typed)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise BadInputError("this is no address", where=where, hint=hint)
    if "@" in parts.netloc:
        # What stands before the @ may be a password: it is not repeated.
        raise BadInputError("the address holds a user or a password", where=where, hint=f"leave it out; {hint}")
    return urlunsplit((parts.scheme, parts.netloc, _PAGES.sub("", parts.path).rstrip("/"), "", ""))


def reference_of(text: str, environment: Mapping[str, str], where: str) -> str:
    """`env:NAME`, `file:PATH` or `keyring:NAME`, from those or from `env NAME`, ..., or the name of a variable that
    is set. Raises BadInputError for anything else, without repeating it: it may be the secret itself."""
    how, name = _parted(text.strip())
    if not how and name in environment:
        how = "env"
    if how == "env" and _VARIABLE.fullmatch(name):
        return f"env:{name}"
    if how == "file" and name:
        return f"file:{name if name.startswith('~') else Path(name).absolute()}"
    if how == "keyring" and name:
        return f"keyring:{name}"
    raise BadInputError(
        "this names no secret, and was not kept", where=where,
        hint=f"put the secret in a variable or a file, and name that: {REFERENCE_HINT}",
    )  # fmt: skip


def _parted(text: str) -> tuple[str, str]:
    for how in ("env", "file", "keyring"):
        for between in (":", " "):
            if text.startswith(how + between):
                return how, text[len(how) + 1 :].strip()
    return "", text
