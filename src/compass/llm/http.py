"""The connection that the vendors' clients are handed: it verifies certificates and follows nobody elsewhere."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from compass.ports.errors import ConfigurationError

if TYPE_CHECKING:
    import httpx2

    from compass.llm.provider import Access

CONNECT_S = 10.0
ACCOUNT = ("openai-organization", "openai-project")
"""What OpenAI's client tells every server of the account with OpenAI that the environment names."""


def connection(access: Access, *, without: Sequence[str] = ()) -> httpx2.AsyncClient:
    """A client with the team's CA and timeout. A redirect is an error: the key was given for this host. A proxy is the
    one of the environment (HTTPS_PROXY, NO_PROXY). Headers `without` are never sent.

    Raises ConfigurationError for an unusable CA.
    """
    import httpx2

    async def bare(request: httpx2.Request) -> None:
        for name in without:
            request.headers.pop(name, None)

    within = access.settings.timeout_s
    client = httpx2.AsyncClient(
        verify=trusted(access), follow_redirects=False,
        timeout=httpx2.Timeout(within, connect=min(CONNECT_S, within)), event_hooks={"request": [bare]},
    )  # fmt: skip
    access.closing.append(client.aclose)
    return client


def authority(access: Access) -> Path | None:
    """The PEM file of `ca`, relative to the settings."""
    ca = access.settings.ca
    return access.base / Path(ca).expanduser() if ca else None


def trusted(access: Access) -> ssl.SSLContext:
    """The system's CAs and the team's. Raises ConfigurationError for a file that holds none."""
    context, file = ssl.create_default_context(), authority(access)
    if file is not None:
        try:
            context.load_verify_locations(cafile=file)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise ConfigurationError(
                f"{file} cannot be used for TLS: {error}",
                where=f"{access.where}.ca",
                hint="a PEM file is wanted",
            ) from error
    return context
