"""How one server is reached, and how much may be asked of it."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from compass.ports.errors import ConfigurationError
from compass.redaction.address import check_address
from compass.redaction.secret import Secret

MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """`answer_bytes` bounds one answer, after decompression. `timeout_s` bounds one attempt, whole; `most_wait_s` what
    a server may make us wait before the next."""

    answer_bytes: int = 20 * MB
    concurrency: int = 6
    timeout_s: float = 20.0
    attempts: int = 3
    most_wait_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Pem:
    """PEM text that came with other settings (a kubeconfig) and not as a file of its own."""

    text: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Certificates are always verified. `authority`: further CAs; `certificate` and `key`: ours. Files or PEM text."""

    authority: Path | Pem | None = None
    certificate: Path | Pem | None = None
    key: Path | Pem | None = None

    def context(self, *, system: bool = True) -> ssl.SSLContext:
        """`system`: whether those are trusted whom this machine trusts. Raises ConfigurationError, naming the file,
        where one cannot be used."""
        if self.key is not None and self.certificate is None:
            raise ConfigurationError(
                "is a key without its certificate", where=_named(self.key), hint='certificate = "PATH", too'
            )
        for pem in (self.authority, self.certificate, self.key):
            if isinstance(pem, Path):
                _readable(pem)
        made = ssl.create_default_context() if system else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.authority is not None:
            self._trust(made, self.authority)
        if self.certificate is not None:
            self._identify(made, self.certificate)
        return made

    def _trust(self, made: ssl.SSLContext, authority: Path | Pem) -> None:
        try:
            if isinstance(authority, Pem):
                made.load_verify_locations(cadata=authority.text.reveal())
            else:
                made.load_verify_locations(cafile=authority)
        except (ssl.SSLError, ValueError) as error:
            hint = "a PEM file with the certificates of the CAs"
            raise _unusable(error, (authority,), hint) from error

    def _identify(self, made: ssl.SSLContext, certificate: Path | Pem) -> None:
        # The library wants files: they are this user's alone, and gone at once.
        with tempfile.TemporaryDirectory(prefix="compass-tls-") as folder:
            key = None if self.key is None else _file(self.key, Path(folder) / "key.pem")
            try:
                made.load_cert_chain(_file(certificate, Path(folder) / "certificate.pem"), key, _no_pass_phrase)
            except (ssl.SSLError, ValueError) as error:
                hint = "PEM files: a certificate, and the key that belongs to it"
                raise _unusable(error, (certificate, self.key), hint) from error


def _no_pass_phrase() -> str:
    """Else the library would ask for it on the terminal, and wait."""
    raise ValueError("the key has a pass phrase, which COMPASS does not ask for")


def _readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        hint = "authority, certificate and key in compass.toml are PEM files"
        raise ConfigurationError(f"cannot be read: {reason}", where=str(path), hint=hint) from error


def _unusable(error: Exception, pems: tuple[Path | Pem | None, ...], hint: str) -> ConfigurationError:
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    said = reason.lower().replace("_", " ") if reason else str(error)
    names = ", ".join(_named(pem) for pem in pems if pem is not None)
    return ConfigurationError(f"cannot be used for TLS: {said}", where=names, hint=hint)


def _file(pem: Path | Pem, place: Path) -> Path:
    if isinstance(pem, Pem):
        place.write_text(pem.text.reveal(), encoding="utf-8")
        return place
    return pem


def _named(pem: Path | Pem) -> str:
    return "PEM text in the settings" if isinstance(pem, Pem) else str(pem)


def _sendable(value: str) -> bool:
    """Whether a header can hold it (RFC 9110, 5.5: field values; what is not ASCII means nothing there)."""
    return value.isascii() and value.isprintable()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where and as whom. `headers` are sent with every request (`X-Scope-OrgID`); `token` as a bearer token, `user`
    with `password` as basic authentication. `hidden` are secrets besides: those that stand in `headers`."""

    name: str
    url: str
    token: Secret | None = None
    user: str = ""
    password: Secret | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    hidden: tuple[Secret, ...] = ()
    tls: Tls = Tls()
    caps: Caps = Caps()

    def __post_init__(self) -> None:
        check_address(self.url, self.name, query=True)
        if self.token is not None and not _sendable(self.token.reveal()):
            hint = "what is named holds the token and nothing else"
            raise ConfigurationError("its token is no single line of text", where=self.name, hint=hint)
        for name, value in self.headers.items():
            if not _sendable(value):
                raise ConfigurationError(f"its header {name} is no single line of text", where=self.name)
        if self.token is not None and self.password is not None:
            raise ConfigurationError("has a token and a password", where=self.name, hint="give one of them")

    def trust(self) -> ssl.SSLContext:
        """Whom to believe that they are this server. Where nothing is encrypted nobody is: to read the system's list of
        authorities takes longer than most servers take to answer. Raises ConfigurationError as `Tls.context` does."""
        return self.tls.context(system=not self.url.startswith("http://"))

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return tuple(secret for secret in (self.token, self.password, *self.hidden) if secret is not None)
