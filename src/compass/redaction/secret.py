"""Secrets: named in settings, never written there, and not printed by accident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from compass.ports.errors import ConfigurationError
from compass.redaction import bound, redact, secret_in
from compass.redaction.address import NAMED

MASK = "***"
NOT_WRITTEN = "a secret is named here, not written"
REFERENCES = ("env:", "file:", "keyring:")
_MOST_SAID = 300
_SHORTEST = 6  # shorter ones would mask ordinary words


class Secret:
    """A token or password. Only `reveal` gives it; everything that prints it prints MASK."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        raise TypeError("a secret is not written anywhere")


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """`text` without any of `secrets`: a server may echo what it was sent."""
    for secret in secrets:
        value = secret.reveal()
        if len(value) >= _SHORTEST:
            text = text.replace(value, MASK)
    return text


class Secrets:
    """Secrets by reference. `environment` is what `env:` looks in, `base` the folder `file:` is relative to."""

    def __init__(self, environment: Mapping[str, str], base: Path) -> None:
        self._environment, self._base = environment, base

    @property
    def environment(self) -> Mapping[str, str]:
        """Where `env:` looks: also where programs of the platform leave their settings (KUBECONFIG)."""
        return self._environment

    @property
    def base(self) -> Path:
        """The folder that relative paths in the settings are below."""
        return self._base

    def get(self, reference: str, where: str) -> Secret:
        """The secret `reference` names. Raises ConfigurationError when there is none, or it is no reference."""
        how, colon, name = reference.partition(":")
        if secret_in(name):
            how = ""  # "env:" before the secret itself
        if colon and how == "env":
            value = self._environment.get(name, "")
            hint = f"export {name}=..."
        elif colon and how == "file":
            value, hint = self._file(name, where), "the file holds the secret and nothing else"
        elif colon and how == "keyring":
            value, hint = _keyring(name, where), f"keyring set compass {name}"
        else:
            # What was written there may be the secret itself: it is not repeated.
            raise ConfigurationError(NOT_WRITTEN, where=where, hint=NAMED)
        if not value.strip():
            raise ConfigurationError(f"{reference} holds nothing", where=where, hint=hint)
        return Secret(value.strip())

    def _file(self, name: str, where: str) -> str:
        try:
            return (self._base / Path(name).expanduser()).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise ConfigurationError(f"file:{name} cannot be read: {reason}", where=where) from error


def _keyring(name: str, where: str) -> str:
    try:
        import keyring
    except ImportError as error:
        raise ConfigurationError(
            "the keyring library is not installed", where=where, hint="pip install keyring, or use env: or file:"
        ) from error
    try:
        return keyring.get_password("compass", name) or ""
    except Exception as error:  # noqa: BLE001  # a backend is anybody's code, found by the library when it is asked
        # Words of the library are for people; what another error says may quote what is kept.
        for_people = isinstance(error, keyring.errors.KeyringError | ImportError)
        said = bound(redact(str(error)), _MOST_SAID) if for_people else type(error).__name__
        raise ConfigurationError(
            f"the keyring cannot be read: {said}", where=where, hint="unlock it, or name the secret by env: or file:"
        ) from None
