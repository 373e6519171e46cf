"""A home with the keyring library's own settings in it, and the library's own command to keep a secret."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BACKEND = Path(__file__).parent / "keyring_backend"


@dataclass(frozen=True, slots=True)
class KeyringHome:
    """`environment` makes a process use it and nothing of this machine's user."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.home), "FILED_KEYRING": str(self.file), "XDG_CONFIG_HOME": str(self.home / ".config")}

    @property
    def file(self) -> Path:
        return self.home / "secrets.json"

    def choose(self, backend: str = "filed.Filed") -> None:
        settings = self.home / ".config" / "python_keyring" / "keyringrc.cfg"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f"[backend]\ndefault-keyring={backend}\nkeyring-path={BACKEND}\n")

    def keep(self, name: str, secret: str) -> None:
        """As the hint of COMPASS says: `keyring set compass NAME`."""
        subprocess.run(
            [sys.executable, "-m", "keyring", "set", "compass", name], input=f"{secret}\n", text=True, check=True,
            capture_output=True, env=self.environment,
        )  # fmt: skip
