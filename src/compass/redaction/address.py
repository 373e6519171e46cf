"""The address of a server. It stands in a file, in errors and in links: nothing in it may be a secret."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from compass.ports.errors import ConfigurationError
from compass.redaction import secret_in

SECRET_NAME = re.compile(
    r"(?i)token|secret|passw|passphrase|credential|api[-_]?key|private[-_]?key|access[-_]?key|authorization|cookie"
)
"""Names of headers, variables and parameters whose value is a secret."""
_SHORT_NAME = re.compile(r"(?i)key|auth|sig|signature|pwd|pass|jwt|code")
_AUTHORITY_ENDS = re.compile(r"[/?#]")
NAMED = "env:NAME, file:PATH or keyring:NAME"


def check_address(url: str, where: str, *, query: bool) -> None:
    """Raises ConfigurationError, which never repeats the secret, where `url` holds one, or is no address.

    `query`: whether it may have a query at all (what is asked is appended to most addresses).
    """
    scheme, there, rest = url.partition("://")
    rest = rest if there else scheme
    if "@" in _AUTHORITY_ENDS.split(rest, maxsplit=1)[0]:
        raise ConfigurationError(
            "its address holds a user or a password", where=where,
            hint=f'leave it out: user = "NAME", and password names it: {NAMED}',
        )  # fmt: skip
    base, marked, asked = rest.partition("?") if "?" in rest else rest.partition("#")
    secret = next((name for name, _ in parse_qsl(asked.replace("#", "&")) if _is_secret(name)), None)
    if secret is not None or secret_in(url):
        what = f"a secret ({secret[:40]})" if secret is not None else "what looks like a secret"
        raise ConfigurationError(
            f"its address holds {what}", where=where,
            hint=f"leave it out: token, or a value of headers, names it: {NAMED}",
        )  # fmt: skip
    if not url.startswith(("http://", "https://")) or not base:
        raise ConfigurationError(f"{url!r} is no address", where=where, hint="begin with https://")
    if marked and not query:
        raise ConfigurationError(
            "its address has a query, which would not be sent",
            where=where,
            hint=f'leave out what follows the "{marked}"',
        )


def _is_secret(name: str) -> bool:
    return SECRET_NAME.search(name) is not None or _SHORT_NAME.fullmatch(name) is not None
