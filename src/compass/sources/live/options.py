"""How a team names a server in its settings, the same for every source, and how that becomes a `Server`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import msgspec

from compass.ports.errors import ConfigurationError
from compass.redaction import secret_in
from compass.redaction.address import NAMED, SECRET_NAME, check_address
from compass.redaction.secret import NOT_WRITTEN, REFERENCES, Secret, Secrets
from compass.sources.http.settings import Caps, Server, Tls

T = TypeVar("T", bound=msgspec.Struct)
TENANT_HEADER = "X-Scope-OrgID"
TomlTable = Mapping[str, object]


class ServerOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The options every server has. `token` and `password` are references (`env:NAME`, `file:PATH`, `keyring:NAME`),
    never the secret itself; so are values of `headers` that are secrets. `tenant` is sent as X-Scope-OrgID.
    `authority`, `certificate` and `key` are PEM files."""

    type: str
    url: str
    token: str = ""
    user: str = ""
    password: str = ""
    tenant: str = ""
    headers: dict[str, str] = {}
    authority: str = ""
    certificate: str = ""
    key: str = ""
    timeout_s: float = 20.0
    concurrency: int = 6
    answer_mb: float = 20.0


def options_of(table: TomlTable, kind: type[T], where: str) -> T:
    """A section of the settings as `kind`. Raises ConfigurationError naming the option that is wrong."""
    try:
        return msgspec.convert(table, type=kind)
    except msgspec.ValidationError as error:
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
        raise ConfigurationError(str(error), where=f"compass.toml: {where}", hint=f"it can have: {known}") from error


def server_of(name: str, options: ServerOptions, secrets: Secrets, *, query: bool = False) -> Server:
    """The server that `options` describe; `query`: whether its address may have one. Raises ConfigurationError where a
    secret is not to be had, or stands there itself."""
    check_address(options.url, f"compass.toml: sources.{name}.url", query=query)
    headers, hidden = named_values(options.headers, secrets, f"sources.{name}.headers")
    server = Server(
        name=name, url=options.url.rstrip("/"),
        token=secrets.get(options.token, f"{name}.token") if options.token else None,
        user=options.user,
        password=secrets.get(options.password, f"{name}.password") if options.password else None,
        headers={**headers, **({TENANT_HEADER: options.tenant} if options.tenant else {})}, hidden=hidden,
        tls=_tls(options, secrets.base, f"compass.toml: sources.{name}"),
    )  # fmt: skip
    return replace(server, caps=caps_of(options, name))


def caps_of(options: ServerOptions, name: str) -> Caps:
    """How much a server is asked. Raises ConfigurationError for bounds within which nothing could be asked."""
    for option, value in (
        ("timeout_s", options.timeout_s), ("concurrency", options.concurrency), ("answer_mb", options.answer_mb),
    ):  # fmt: skip
        if not value > 0 or value == float("inf"):
            raise ConfigurationError(
                f"{value:g} is no {option}", where=f"compass.toml: sources.{name}", hint="a number above 0"
            )
    return Caps(
        answer_bytes=round(options.answer_mb * 1e6), concurrency=options.concurrency, timeout_s=options.timeout_s
    )


def named_values(
    given: Mapping[str, str], secrets: Secrets, where: str
) -> tuple[dict[str, str], tuple[Secret, ...]]:  # fmt: skip
    """Headers or variables with those that are references looked up, and the secrets among them. Raises
    ConfigurationError where a secret is not to be had, or is written instead of named."""
    values: dict[str, str] = {}
    hidden = []
    for name, value in given.items():
        if value.startswith(REFERENCES):
            secret = secrets.get(value, f"{where}.{name}")
            hidden.append(secret)
            values[name] = secret.reveal()
        elif SECRET_NAME.search(name) or secret_in(value):
            # What was written there may be the secret itself: it is not repeated.
            raise ConfigurationError(NOT_WRITTEN, where=f"compass.toml: {where}.{name}", hint=NAMED)
        else:
            values[name] = value
    return values, tuple(hidden)


def _tls(options: ServerOptions, base: Path, where: str) -> Tls:
    """Files relative to the settings, wherever COMPASS is started."""
    files = {}
    for option, text in (
        ("authority", options.authority), ("certificate", options.certificate), ("key", options.key),
    ):  # fmt: skip
        if "-----BEGIN" in text or "\n" in text:
            # The content of a key, perhaps: it is not repeated.
            raise ConfigurationError(
                "a PEM file is named here, its content is not written", where=f"{where}.{option}",
                hint=f'{option} = "PATH", relative to compass.toml',
            )  # fmt: skip
        files[option] = base / Path(text).expanduser() if text else None
    return Tls(**files)
