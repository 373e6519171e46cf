"""A team's knowledge on the screen: what is wrong, what differs, which versions there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from compass.domain.documents import DocumentsChange, KeptDocument
from compass.domain.team_version import TeamVersion
from compass.entrypoints.cli.render.documents import change_lines
from compass.entrypoints.teaming import Commits, Difference, Validated
from compass.team.compare import Change, What
from compass.team.problems import Gravity

_STYLES = {Gravity.ERROR: "red", Gravity.WARNING: "yellow", Gravity.NOTE: "dim"}
_MARKS = {What.ADDED: ("+", "green"), What.REMOVED: ("-", "red"), What.CHANGED: ("~", "yellow")}
SHORT = 10
"""Characters of a commit."""
MOST_PATHS = 5
DIFFERS = "+"
"""Behind a commit: files differed from it."""


def validation(found: Validated) -> Iterator[Text]:
    """A line a problem, as compilers write them, and one line that sums up."""
    for problem in found.problems:
        yield Text(str(problem), style=_STYLES[problem.gravity])
    others = [
        f"{number} {gravity}s" if number > 1 else f"1 {gravity}"
        for gravity in Gravity
        if (number := sum(one.gravity is gravity for one in found.problems))
    ]
    counted = f"{plural(found.entries, 'entry', 'entries')} in {plural(found.files, 'file')} of {found.folder}"
    yield Text(f"{counted}: {', '.join(others) or 'all is well'}")


def difference(found: Difference) -> Iterator[Text]:
    """Entry by entry, with the fields that differ."""
    against = f"version {found.based_on}" if found.based_on else "nothing applied yet"
    if not found.changes:
        yield Text(f"nothing differs from {against}")
    for change in found.changes:
        yield from _change(change)
    counts = (
        f"{sum(one.what is what for one in found.changes)} {what}"
        for what in What
        if any(one.what is what for one in found.changes)
    )
    if found.changes:
        yield Text(f"{', '.join(counts)}, against {against}")
    if found.documents and (differing(found.documents) or found.documents.notes):
        yield from change_lines(found.documents)
    yield from commit_lines(found.commits, found.based_on, nothing=found.nothing)


def commit_lines(found: Commits, version: int, *, nothing: bool) -> Iterator[Text]:
    """Where what is applied, or was, is in no commit. Nothing is said where there is no repository."""
    if found.uncommitted:
        more = f" and {len(found.uncommitted) - MOST_PATHS} more" if len(found.uncommitted) > MOST_PATHS else ""
        what = f"in no commit as it is now: {', '.join(found.uncommitted[:MOST_PATHS])}{more}"
        first = "git commit first, or what is applied names no commit that has it"
        holds = "it holds already: git commit, or nobody else can look it up"
        yield Text(f"{what}; {holds if nothing else first}", style="yellow")
    elif nothing and version and found.now and (not found.held or found.held.endswith(DIFFERS)):
        yield Text(f"version {version} was applied before it was committed; {commit_words(found.now)} has it now")


def commit_words(commit: str) -> str:
    """The commit that a version came from, and whether its files differed from that."""
    if not commit:
        return "no commit"
    differed = " with changes that were in no commit" if commit.endswith(DIFFERS) else ""
    return f"commit {commit.removesuffix(DIFFERS)[:SHORT]}{differed}"


def differing(found: DocumentsChange) -> int:
    return len(found.added) + len(found.changed) + len(found.removed)


def versions(found: Sequence[TeamVersion]) -> Iterator[Text]:
    """Latest first."""
    for one in found:
        yield Text(version_line(one))


def undocumented(documents: Sequence[KeptDocument], *, committing: bool) -> Iterator[Text]:
    """Documents, which have no versions, that no commit had as they were kept. `committing`: the team does commit."""
    loose = sorted(one.head.name for one in documents if not one.head.commit)
    if loose and (committing or len(loose) < len(documents)):
        more = f" and {len(loose) - MOST_PATHS} more" if len(loose) > MOST_PATHS else ""
        names = f"{', '.join(loose[:MOST_PATHS])}{more}"
        yield Text(f"documents that were kept as no commit had them: {names}", style="yellow")


def version_line(one: TeamVersion) -> str:
    again = f", the content of version {one.restores} again" if one.restores else ""
    size = plural(one.entries, "entry", "entries")
    return f"version {one.number}  {one.at:%Y-%m-%d %H:%M} UTC  {one.by}  {commit_words(one.commit)}  {size}{again}"


def plural(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or f'{one}s'}"


def _change(change: Change) -> Iterator[Text]:
    if change.what is What.REORDERED:
        yield Text("~ metrics: the rules stand in another order, and the first that fits decides", style="yellow")
        return
    mark, style = _MARKS[change.what]
    place = f"  ({change.place})" if change.what is not What.REMOVED else ""
    yield Text(f"{mark} {change.section} {change.id!r} of {change.reach}{place}", style=style)
    for field in change.fields:
        if change.what is What.CHANGED:
            before, after = field.before or "(not said)", field.after or "(not said any more)"
            yield Text(f"    {field.name}: {before} -> {after}")
        elif field.name != "id":
            yield Text(f"    {field.name}: {field.after or field.before}")
