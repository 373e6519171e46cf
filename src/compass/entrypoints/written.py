"""Write compass.toml: whole or not at all, for its owner alone, and only what can be read back and connected."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path

from compass.entrypoints.clock import SystemClock
from compass.entrypoints.config import NAME, TomlTable, config_path, read_config, user_folder
from compass.entrypoints.looking import unusable
from compass.entrypoints.tomltext import rest_text, tables_text
from compass.ports.errors import BadInputError, ConfigurationError

HEAD = """# Where COMPASS reads, written by `compass init`; `compass doctor` checks it. Yours to edit.
# Secrets are named here (env:NAME, file:PATH, keyring:NAME), never written.

"""
PRIVATE, PRIVATE_FOLDER = 0o600, 0o700


def usual_target(environment: Mapping[str, str], here: Path) -> Path:
    """Where the settings are found again: the ones in use, else the user's own."""
    return config_path(environment, here) or user_folder(environment) / NAME


def before(target: Path) -> Path:
    """Where the settings that are replaced are kept."""
    return target.with_name(f"{target.name}.old")


async def write_settings(target: Path, tables: Mapping[str, TomlTable], unchecked: Collection[str] = ()) -> None:
    """Replace the servers in `target`; its other tables stay, and what was there is kept beside it.

    `unchecked` servers need not connect (yet). Raises BadInputError where it cannot be written and ConfigurationError
    where what was written would not work; the old file is then as it was.
    """
    text = HEAD + tables_text("sources", tables) + _rest(target)

    async def works(written: Path) -> None:
        await _check(written, tables, unchecked)

    await replace_file(target, text, works)


async def replace_file(target: Path, text: str, check: Callable[[Path], Awaitable[None]]) -> None:
    """Write `text`, whole or not at all, once `check` has found nothing wrong with it; the earlier file is kept."""
    temporary = ""
    try:
        target.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # for its owner alone
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        await check(Path(temporary))
        if target.exists():
            kept = before(target)
            kept.touch(PRIVATE)
            kept.chmod(PRIVATE)  # before anything is in it
            kept.write_bytes(target.read_bytes())
        os.replace(temporary, target)
    except OSError as error:
        _remove(temporary)
        raise BadInputError(f"it cannot be written: {error.strerror}", where=str(target)) from error
    except BaseException:
        _remove(temporary)
        raise


def _rest(target: Path) -> str:
    """The team's other tables, as they are read; what cannot be read is kept in the earlier file alone."""
    try:
        raw = tomllib.loads(target.read_text(encoding="utf-8"))
        return rest_text({name: value for name, value in raw.items() if name != "sources"})
    except (OSError, ValueError):  # no file, no TOML, or nothing that could be written again
        return ""


async def _check(path: Path, tables: Mapping[str, TomlTable], unchecked: Collection[str]) -> None:
    read = read_config(path)
    if read.sources != tables:
        raise ConfigurationError("what was written is read back as something else", where=str(path))
    for name, table in read.sources.items():
        error = None if name in unchecked else await unusable(table, read.base, SystemClock())
        if error is not None:
            raise error


def _remove(temporary: str) -> None:
    if temporary:
        Path(temporary).unlink(missing_ok=True)
