"""A real backend of the keyring library that keeps secrets in the JSON file that FILED_KEYRING names.

It is found as any other is: by `keyring-path` and `default-keyring` of the library's own settings.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class Filed(KeyringBackend):
    priority = 5

    def get_password(self, service: str, username: str) -> str | None:
        return self._kept().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        path, kept = Path(os.environ["FILED_KEYRING"]), {**self._kept(), f"{service} {username}": password}
        path.touch(0o600)
        path.write_text(json.dumps(kept))

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError("nothing is deleted here")

    def _kept(self) -> dict[str, str]:
        path = Path(os.environ["FILED_KEYRING"])
        if path.is_dir():
            raise KeyringLocked("the collection is locked")
        text = path.read_text() if path.exists() else "{}"
        try:
            kept: dict[str, str] = json.loads(text)
        except ValueError:
            raise ZeroDivisionError(f"a defect of this backend: {text}") from None
        return kept
