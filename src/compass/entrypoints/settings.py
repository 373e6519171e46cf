"""Settings from the environment; every variable is named here and in README."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`database_url` None = the embedded server. `mechanisms` are YAML files or folders of the team's own."""

    database_url: str | None = None
    data_dir: Path | None = None
    team: str = "default"
    mechanisms: tuple[Path, ...] = ()


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read COMPASS_DATABASE_URL, COMPASS_DATA_DIR, COMPASS_TEAM and COMPASS_MECHANISMS (paths, `:` between)."""
    data_dir = environment.get("COMPASS_DATA_DIR")
    mechanisms = environment.get("COMPASS_MECHANISMS", "")
    return Settings(
        database_url=environment.get("COMPASS_DATABASE_URL") or None,
        data_dir=Path(data_dir) if data_dir else None,
        team=environment.get("COMPASS_TEAM") or "default",
        mechanisms=tuple(Path(part) for part in mechanisms.split(":") if part),
    )
