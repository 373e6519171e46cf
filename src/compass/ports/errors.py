"""The error tree. Each error says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Collection


class CompassError(Exception):
    """Base of every error COMPASS raises on purpose. `what` is wrong, `where`, and what `hint` would help."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.hint = what, where, hint

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.what}{hint}"


class BadInputError(CompassError):
    """What the person or a file gave is wrong (mode `bad_input`, exit code 2)."""


class ConfigurationError(CompassError):
    """A setting is missing or contradictory (exit code 2)."""


class SourceError(CompassError):
    """A telemetry source failed. Subclasses say whether trying again can help.

    `status` is the HTTP status a server answered with, 0 where there was none.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", status: int = 0) -> None:
        super().__init__(what, where=where, hint=hint)
        self.status = status


class SourceUnavailableError(SourceError):
    """Passing: a timeout, a refused connection, a 5xx."""


class SourceRefusedError(SourceError):
    """Permanent: bad credentials, a query the server rejects, a cap that may not be passed."""


class StorageError(CompassError):
    """The chronicle cannot be read or written."""


class EmbeddingError(StorageError):
    """Texts could not be turned into vectors: what is alike in words is not found, all else goes on."""


class ForgottenError(StorageError):
    """What was to be kept tells of investigations that were forgotten since they were looked up: `names` are their ids,
    or those of their lessons, as it names them."""

    def __init__(self, what: str, *, names: Collection[str]) -> None:
        super().__init__(what)
        self.names = frozenset(names)


class StaleRunnerError(StorageError):
    """Another runner holds a newer lease: this one must stop writing at once."""


class NotFoundError(CompassError):
    """No such investigation, account, evidence (exit code 2)."""


class DeadlineError(CompassError):
    """The soft deadline passed."""
