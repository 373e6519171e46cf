"""compass.toml: where a team's servers are. Secrets are named there (`env:`, `file:`, `keyring:`), never written."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from compass.ports.errors import ConfigurationError

NAME = "compass.toml"
TABLES = ("sources", "runbooks", "signals", "llm", "knowledge", "retention")
TomlTable = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbooks:
    """`[runbooks]`: `folder` (relative to the file), `hosts` that pages may be read from, `token` by reference."""

    folder: str = ""
    hosts: tuple[str, ...] = ()
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeSettings:
    """`[knowledge]`: `folder` holds what the team wrote down (relative to the file); `embedding` is a "provider:model"
    of `[llm.providers]` that turns words into vectors of so many `dimensions`. Empty: the offline one, which asks
    nobody."""

    folder: str = "knowledge"
    embedding: str = ""
    dimensions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """`[retention]`: days after the last event of an investigation until its raw evidence goes, and until everything
    goes, also what it taught. None: it stays. `compass retention` applies them; nothing does by itself."""

    evidence_days: int | None = None
    everything_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`path` None: there is no file. `sources` are the tables `[sources.NAME]` in the order they stand there; `signals`
    the team's own rules for what metrics mean, in front of those of `signals/catalogue.yaml`; `llm` the models a team
    chose, unread: `compass.llm.settings` reads it, as what is wrong in it must stop only those who need a model."""

    path: Path | None = None
    sources: Mapping[str, TomlTable] = field(default_factory=dict)
    signals: tuple[Mapping[str, object], ...] = ()
    runbooks: Runbooks = field(default_factory=lambda: Runbooks())
    llm: object = field(default_factory=dict)
    knowledge: KnowledgeSettings = field(default_factory=lambda: KnowledgeSettings())
    retention: Retention = field(default_factory=lambda: Retention())

    @property
    def base(self) -> Path:
        """What `file:` secrets are relative to."""
        return self.path.parent if self.path is not None else Path()


def config_path(environment: Mapping[str, str], here: Path) -> Path | None:
    """COMPASS_CONFIG, ./compass.toml, or the one in the user's configuration folder; None where there is none."""
    named = environment.get("COMPASS_CONFIG")
    if named:
        return Path(named).expanduser()
    for folder in (here, user_folder(environment)):
        if (folder / NAME).is_file():
            return folder / NAME
    return None


def user_folder(environment: Mapping[str, str]) -> Path:
    """Where a person's own configuration lies (XDG base directories)."""
    base = environment.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "compass"


def read_config(path: Path | None) -> Config:
    """Raises ConfigurationError naming the line or the table that is wrong."""
    if path is None:
        return Config()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"it cannot be read: {error.strerror}", where=str(path), hint="compass init"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"it is not valid TOML: {error}", where=str(path)) from error
    unknown = sorted(set(raw) - set(TABLES))
    if unknown:
        hint = f"known: {', '.join(TABLES)}"
        raise ConfigurationError(f"unknown table {unknown[0]!r}", where=str(path), hint=hint)
    tables = raw.get("sources", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ConfigurationError(
            "sources holds tables, one a server", where=str(path), hint='[sources.metrics]\ntype = "mimir"'
        )
    rules = raw.get("signals", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        hint = '[[signals]]\nname = "my_metric"\nkind = "latency"'
        raise ConfigurationError("signals holds rules, one a [[signals]]", where=str(path), hint=hint)
    runbooks = _runbooks(raw.get("runbooks", {}), path)
    return Config(
        path=path, sources=tables, signals=tuple(rules), runbooks=runbooks, llm=raw.get("llm", {}),
        knowledge=_knowledge(raw.get("knowledge", {}), path), retention=_retention(raw.get("retention", {}), path),
    )  # fmt: skip


def _runbooks(table: object, path: Path) -> Runbooks:
    try:
        return msgspec.convert(table, type=Runbooks, strict=True)
    except msgspec.ValidationError as error:
        hint = 'folder = "runbooks", hosts = ["wiki.example"], token = "env:WIKI_TOKEN"'
        raise ConfigurationError(str(error), where=f"{path}: runbooks", hint=hint) from error


def _knowledge(table: object, path: Path) -> KnowledgeSettings:
    where, hint = f"{path}: knowledge", 'embedding = "openai:text-embedding-3-small", dimensions = 1536'
    try:
        found = msgspec.convert(table, type=KnowledgeSettings, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigurationError(str(error), where=where, hint=hint) from error
    if found.embedding and not (":" in found.embedding and 1 <= found.dimensions <= 16_000):
        raise ConfigurationError("an embedding needs provider, model and dimensions", where=where, hint=hint)
    return found


def _retention(table: object, path: Path) -> Retention:
    """A rule that is misspelt would keep what has to go: an unknown one is an error."""
    where, hint = f"{path}: retention", "evidence_days = 90, everything_days = 730"
    try:
        found = msgspec.convert(table, type=Retention, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigurationError(str(error), where=where, hint=hint) from error
    known = {"evidence_days", "everything_days"}
    unknown = sorted(set(table) - known) if isinstance(table, dict) else []
    if unknown:
        raise ConfigurationError(f"unknown rule {unknown[0]!r}", where=where, hint=hint)
    if any(days is not None and days < 1 for days in (found.evidence_days, found.everything_days)):
        raise ConfigurationError("it takes at least 1 day", where=where, hint=hint)
    return found
