"""Write docs/json.md and docs/view.schema.json from the view's own types: `json_docs.py [--check]`."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from compass.domain import advice, team, team_version, unread
from compass.entrypoints import looking, teaming
from compass.entrypoints.cli import asking, doctoring, dry_running, modelling, understanding
from compass.entrypoints.cli import unread as reading
from compass.investigation import dry_run
from compass.ports import language_model
from compass.projections import view
from compass.sources.recording import signals
from compass.team import compare, problems

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

DOCS = Path(__file__).resolve().parent.parent / "docs"
HEAD = """# JSON output

`--json` prints one JSON document. `compass investigate`, `demo`, `show` and `resume` print the view below; a folder of
recordings gives a list of views. The other commands print parts of it under the same names. Made from the types by
`tools/json_docs.py`; CI compares, so a change of this form is always a visible one. The schema is
[`view.schema.json`](view.schema.json).

Times end in `_ns`: integer nanoseconds since 1970-01-01 UTC. Probabilities lie in [0, 1]; those of `accounts`,
`refuted`, `not_listed` and `no_incident` sum to 1.
"""


OTHERS: dict[str, tuple[type[DataclassInstance], ...]] = {
    "compass ask": (asking.AnswerView, asking.SaidLine, asking.SourceLine),
    "compass doctor": (doctoring.Doctor, looking.Looked),
    "compass knowledge apply": (teaming.Done, team_version.TeamVersion),
    "compass knowledge diff": (teaming.Difference, compare.Change, compare.FieldChange),
    "compass knowledge dry-run": (dry_running.DryRun, dry_run.Rethought, dry_run.Ending, dry_run.Deed),
    "compass knowledge show": (
        team.TeamKnowledge, team.NormalBehaviour, team.FalseAlarm, team.CriticalError, team.KnownIssue,
        team.Maintenance, team.Dependency, team.Escalation, team.MetricRule, team.TeamMechanism, team.Reach,
        team.Written, team.Matching, team.Weekly, team.Span,
    ),
    "compass knowledge validate": (teaming.Validated, problems.Problem),
    "compass llm list": (modelling.Models, modelling.Use, modelling.Listed),
    "compass llm test": (modelling.Tested, language_model.ModelHealth, advice.Usage),
    "compass signals": (
        understanding.Signals, signals.ServiceSignals, signals.Understood, signals.Ignored, signals.Stream,
        signals.Sender, unread.Unread, unread.UnreadSeries, reading.Reading,
    ),
}  # fmt: skip


def tables() -> str:
    """One table a type: the view first, then what it is made of."""
    kinds = [v for v in vars(view).values() if dataclasses.is_dataclass(v) and v.__module__ == view.__name__]
    parts = [HEAD, *map(table, reversed(kinds))]
    for command, others in OTHERS.items():
        parts += [f"# {command} --json\n", *map(table, others)]
    return "\n".join(parts).replace(" | None` |", " \\| None` |")


def table(kind: type[DataclassInstance]) -> str:
    """One type: what it is, and its fields."""
    doc = " ".join((kind.__doc__ or "").split())
    rows = "\n".join(f"| `{f.name}` | `{f.type}` |" for f in dataclasses.fields(kind))
    return f"## {kind.__name__}\n\n{doc}\n\n| field | type |\n|---|---|\n{rows}\n"


def main() -> int:
    schema = msgspec.json.format(msgspec.json.encode(msgspec.json.schema(view.View), order="sorted"), indent=1)
    wanted = {DOCS / "json.md": tables(), DOCS / "view.schema.json": schema.decode() + "\n"}
    if "--check" not in sys.argv[1:]:
        for path, text in wanted.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [p.name for p, text in wanted.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    if stale:
        print(f"docs/{', docs/'.join(stale)}: differ from the types: run tools/json_docs.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
