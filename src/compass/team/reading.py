"""From a folder to a team's knowledge, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from compass.domain.team import Entry, Level, Reach, TeamKnowledge, Written
from compass.mechanisms.loader import Catalogue
from compass.team.canonical import SECTIONS, digest_of, reach_key
from compass.team.checks import check
from compass.team.common import Place
from compass.team.fields import Fields
from compass.team.folder import File, read_folder
from compass.team.problems import Gravity, Problem, Problems, meant
from compass.team.sections import READERS

MAX_ENTRIES = 500
NAMED = {Level.TEAM: "team", Level.SERVICE: "service", Level.INSTANCE: "instance"}
SCOPES = "write  scope: global, or  scope: {team: NAME}, {service: NAME}, {instance: NAME}"
EVERYWHERE = frozenset({"metrics", "mechanisms"})
"""What a series or a mechanism means does not depend on where it is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`knowledge` counts only where no problem is an error; `files` were read."""

    knowledge: TeamKnowledge
    problems: tuple[Problem, ...]
    files: int

    @property
    def errors(self) -> int:
        return sum(one.gravity is Gravity.ERROR for one in self.problems)


def read_knowledge(folder: Path, catalogue: Catalogue, today: date) -> Reading:
    """`catalogue` are the mechanisms known without the team's; entries that ran out before `today` are warned of.

    Raises BadInputError where there is no such folder.
    """
    problems = Problems()
    files = read_folder(folder, problems)
    found: dict[str, list[Entry]] = {section: [] for section in SECTIONS}
    entries = 0
    for file in files:
        fields = Fields(path=file.path, node=file.root, problems=problems)
        entries += _read_file(file, fields, found)
    if not files and not problems.found:
        problems.add(Written(path=str(folder), line=0), "there is no YAML file in it", "compass knowledge init")
    knowledge = knowledge_of(found)
    if entries > MAX_ENTRIES:
        fields = Fields(path=files[-1].path, node=files[-1].root, problems=problems)
        fields.wrong(0, f"there are {entries} entries in all", f"keep the {MAX_ENTRIES} that matter")
        # Each is compared with each other: of so many that would take long, and they have to be fewer in any case.
        return Reading(knowledge=knowledge, problems=problems.ordered(), files=len(files))
    check(knowledge, catalogue, today, problems, partly=problems.errors > 0)
    return Reading(knowledge=knowledge, problems=problems.ordered(), files=len(files))


def knowledge_of(found: Mapping[str, Sequence[Entry]]) -> TeamKnowledge:
    """Entries in the order of reach, path and line, and the digest of what they say."""
    ordered = {section: tuple(sorted(entries, key=_order)) for section, entries in found.items()}
    knowledge = TeamKnowledge(**ordered)  # type: ignore[arg-type]
    return replace(knowledge, digest=digest_of(knowledge))


def _order(entry: Entry) -> tuple[tuple[int, str, str], str, int]:
    return reach_key(entry.reach), entry.written.path, entry.written.line


def _read_file(file: File, fields: Fields, found: Mapping[str, list[Entry]]) -> int:
    """How many entries there are; those that are right are put into `found`."""
    if file.root.fields is None:
        fields.wrong(file.root.line, "is not a mapping", "begin with  scope: global  and a section")
        return 0
    fields.only(("scope", *READERS), "a file of team knowledge")
    reach = _reach(fields)
    entries = 0
    for section in READERS:
        node = file.root.get(section)
        if node is None or (node.value is None and node.fields is None and node.items is None):
            continue
        if node.items is None:
            fields.wrong(node.line, f"{section!r} must be a list", f"write  {section}:  and then  - id: ...")
            continue
        if reach is not None and section in EVERYWHERE and reach.level in (Level.SERVICE, Level.INSTANCE):
            do = "move it to a file with  scope: global"
            fields.wrong(node.line, f"{section!r} holds for everything, not for one {reach.level}", do)
        entries += len(node.items)
        for item in node.items[: MAX_ENTRIES + 1]:
            entry = _entry(section, Fields(path=file.path, node=item, problems=fields.problems), reach)
            if entry is not None:
                found[section].append(entry)
    return entries


def _entry(section: str, fields: Fields, reach: Reach | None) -> Entry | None:
    if fields.node.fields is None:
        fields.wrong(fields.node.line, f"an entry of {section!r} must be a mapping", "write  - id: ...")
        return None
    before = fields.problems.errors
    entry = READERS[section](Place(fields=fields, reach=reach or Reach()))
    return entry if reach is not None and fields.problems.errors == before else None


def _reach(fields: Fields) -> Reach | None:
    node = fields.node.get("scope")
    if node is None:
        fields.wrong(fields.node.line, "it says nowhere where it holds", SCOPES)
        return None
    if node.fields is None:
        if node.text != Level.GLOBAL:
            fields.wrong(node.line, f"{node.text[:80]!r} is not a scope", SCOPES)
            return None
        return Reach()
    scope = Fields(path=fields.path, node=node, problems=fields.problems)
    before = fields.problems.errors
    levels = [level for level, key in NAMED.items() if node.get(key) is not None]
    for key, line, _ in node.fields:
        if key not in (*NAMED.values(), "namespace"):
            scope.wrong(line, f"{key[:80]!r} is not a part of a scope", meant(key, (*NAMED.values(), "namespace")))
    if len(levels) != 1 and fields.problems.errors > before:
        return None
    if len(levels) != 1:
        scope.wrong(node.line, f"a scope names one of team, service and instance, not {len(levels)}", SCOPES)
        return None
    name, namespace = scope.text(NAMED[levels[0]], need="a scope", example="NAME"), scope.text("namespace")
    if namespace and levels[0] is Level.TEAM:
        scope.wrong(node.line, "a team has no namespace", "leave it out")
    return Reach(level=levels[0], name=name, namespace=namespace) if fields.problems.errors == before else None
