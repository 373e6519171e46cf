"""How a team names an MCP server in its settings, and what of it COMPASS starts or asks."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from compass.ports.errors import ConfigurationError
from compass.redaction import secret_in
from compass.redaction.address import NAMED
from compass.redaction.secret import Secret, Secrets
from compass.sources.live.options import ServerOptions, TomlTable, named_values
from compass.sources.mcp.asks import AskOptions
from compass.sources.mcp.tools import Rule, never
from compass.sources.recording.layout import ALERTS_PART, CHANGES_PART, LOGS_PART, METRICS_PART, TRACES_PART

PARTS = tuple(part.name for part in (METRICS_PART, ALERTS_PART, LOGS_PART, TRACES_PART, CHANGES_PART))
MOST_LINES = 4_999
"""Lines of one answer: the server asks Loki for one more than it was told, and Loki gives 5,000 where nobody set it
otherwise (max_entries_limit_per_query)."""
GRAFANA_PROGRAM = "mcp-grafana"
GRAFANA_ARGUMENTS = (
    "-disable-write", "-max-loki-log-limit", str(MOST_LINES),
    "-enabled-tools", "datasource,prometheus,loki,tempo,alerting,annotations,search",
)  # fmt: skip
GRAFANA_TOOLS = (
    "list_datasources", "query_prometheus", "list_prometheus_metric_metadata", "alerting_rules_read",
    "query_loki_logs", "list_loki_label_names", "list_loki_label_values", "query_loki_stats",
    "query_loki_patterns", "search_tempo_traces", "query_tempo_metrics", "list_tempo_attribute_values",
    "get_tempo_trace", "get_annotations",
)  # fmt: skip
"""What COMPASS calls of mcp-grafana. It has more that read, and some that write."""
_FLAG = re.compile(
    r"(?i)--?(?!no-)[\w.-]*(?:token|secret|passw(?:or)?d|passphrase|credentials?|(?:api|private|access|secret)[-_]?key"
    r"|authorization|cookie)"
)
_VARIABLE = re.compile(r"\$(?:\w+|\{\w+\})")
_SWITCHES = frozenset({"true", "false", "yes", "no", "on", "off", "none", "0", "1"})
WORDS_MB = 4.0
"""What tools of others may answer with, unless the team says more: words, and no telemetry."""
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


class McpOptions(ServerOptions, kw_only=True, forbid_unknown_fields=True):
    """`command` starts a server that speaks on stdin and stdout, `url` is one that speaks HTTP: one of the two.

    `env`: the program's environment, beside PATH and HOME; secrets by reference. `tools`: the tools that may be called,
    `read_only` those of them that the team knows to be so where the server does not say it; `ask` calls of them that
    every investigation makes. `grafana`: it is mcp-grafana; then `metrics`, `logs` and `traces` choose data sources
    (name or uid) where there are several, `parts` what is read, and the others bound it as in the sources of these
    names.
    """

    url: str = ""
    command: list[str] = msgspec.field(default_factory=list)
    env: dict[str, str] = msgspec.field(default_factory=dict)
    tools: list[str] = msgspec.field(default_factory=list)
    read_only: list[str] = msgspec.field(default_factory=list)
    ask: list[AskOptions] = msgspec.field(default_factory=list)
    grafana: bool = False
    parts: list[str] = msgspec.field(default_factory=lambda: list(PARTS))
    metrics: str = ""
    logs: str = ""
    traces: str = ""
    matchers: str = ""
    points: int = 2_000_000
    interval_s: float = 15.0
    selector: str = ""
    filter: str = ""
    answer_mb: float = 40.0  # the server says everything twice: as text and as a structure


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is started. `environment` is all that it gets; `hint` helps when it is not there."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: tuple[Secret, ...]
    hint: str = "is it installed, and on the path? command in compass.toml may give the whole path"


def checked(options: McpOptions, table: TomlTable, where: str) -> McpOptions:
    """The options, which `table` gave. Raises ConfigurationError for what is contradictory."""
    named = f"compass.toml: {where}"
    if options.url and options.command:
        raise ConfigurationError("it has a command and a url", where=named, hint="give one of them")
    if not options.url and not options.command and not options.grafana:
        hint = 'command = ["program", "argument"], or url = "https://..."'
        raise ConfigurationError("it has no command and no url", where=named, hint=hint)
    unknown = sorted({*options.parts} - {*PARTS})
    if unknown:
        raise ConfigurationError(
            f"it cannot give {', '.join(unknown)}", where=f"{named}.parts", hint=f"it can give {', '.join(PARTS)}"
        )
    stray = sorted({*options.read_only} - {*options.tools})
    if stray and not options.grafana:
        raise ConfigurationError(f"{', '.join(stray)} is not among tools", where=f"{named}.read_only")
    writing = sorted(name for name in options.tools if never(name))
    if writing:
        raise ConfigurationError(
            f"{', '.join(writing)} can change something: COMPASS only reads", where=f"{named}.tools"
        )
    if not options.grafana and "answer_mb" not in table:
        options.answer_mb = WORDS_MB
    return options


def rule_of(options: McpOptions) -> Rule:
    tools = options.tools or (GRAFANA_TOOLS if options.grafana else ())
    return Rule(names=frozenset(tools), marked=frozenset(options.read_only))


def program_of(options: McpOptions, secrets: Secrets, where: str) -> Program:
    """Raises ConfigurationError for a secret that is not to be had, or is written instead of named."""
    _refuse_written(options.command, f"compass.toml: {where}.command")
    command = list(options.command or [GRAFANA_PROGRAM])
    if options.grafana and len(command) == 1:
        command += GRAFANA_ARGUMENTS
    inherited = secrets.environment
    environment = {name: inherited[name] for name in _INHERITED if inherited.get(name)}
    if options.grafana:
        environment["GRAFANA_USAGE_STATS"] = "disabled"
    own_values, hidden = named_values(options.env, secrets, f"{where}.env")
    environment |= own_values
    command[0] = found(command[0], environment.get("PATH"))
    made = Program(command=tuple(command), environment=environment, secrets=hidden)
    own = options.grafana and not options.command
    return replace(made, hint=f"pip install {GRAFANA_PROGRAM}, or give its command in compass.toml") if own else made


def _refuse_written(command: Sequence[str], where: str) -> None:
    """Raises ConfigurationError, which does not repeat it, for a secret among the arguments of a program."""
    flag = ""
    for number, argument in enumerate(command):
        # Some programs put variables in themselves: what is left of a secret then is none.
        plain, shown = _VARIABLE.sub("", argument), _VARIABLE.sub("[redacted:variable]", argument)
        name, equals, value = plain.partition("=")
        written = _is_value(value if _FLAG.fullmatch(name) else plain if flag else "")
        if written or (secret_in(plain) and secret_in(shown)):
            raise ConfigurationError(
                "a secret stands among its arguments, which everybody on this machine can see",
                where=f"{where}[{number}]",
                hint=f'give it by its environment: env = {{ VARIABLE = "..." }} names it: {NAMED}',
            )  # fmt: skip
        flag = name if _FLAG.fullmatch(name) and not equals else ""


def _is_value(text: str) -> bool:
    """Whether it can be a secret: not another option, a switch, or the path of a file."""
    return bool(text) and not text.startswith(("-", "/", "./", "../", "~/")) and text.lower() not in _SWITCHES


def found(program: str, path: str | None) -> str:
    """Where a program is: on the path, or beside the Python that runs COMPASS. As it was given where it is nowhere."""
    beside = Path(sys.executable).parent / program
    return shutil.which(program, path=path) or (str(beside) if beside.is_file() else program)
