"""What no entry shows by itself: ids that stand twice, days that are over, mechanisms that nobody knows, overrides."""

from __future__ import annotations

from datetime import date

from compass.domain.team import LEVELS, Entry, Reach, TeamKnowledge
from compass.mechanisms.loader import Catalogue, extended
from compass.mechanisms.parse import FieldError, Where
from compass.team.canonical import entries_of
from compass.team.conflicts import conflicts, reach_text
from compass.team.dependencies import check_dependencies
from compass.team.problems import Problems, meant


def check(
    knowledge: TeamKnowledge, catalogue: Catalogue, today: date, problems: Problems, *, partly: bool = False
) -> None:
    """Note what is wrong between entries. `partly`: some could not be read, so that what is named may be among them."""
    _ids(knowledge, problems)
    _days(knowledge, today, problems)
    conflicts(knowledge, problems)
    check_dependencies(knowledge.dependencies, problems)
    known = _mechanisms(knowledge, catalogue, problems)
    if not partly:
        _named(knowledge, known, problems)


def _ids(knowledge: TeamKnowledge, problems: Problems) -> None:
    """Twice in one reach is an error, in two a note: the nearer one replaces the other there."""
    first: dict[tuple[str, str, Reach], Entry] = {}
    by_id: dict[tuple[str, str], list[Entry]] = {}
    for section, entry in entries_of(knowledge):
        known = first.setdefault((section, entry.id, entry.reach), entry)
        if known is not entry:
            problems.add(
                entry.written, f"the id {entry.id!r} stands twice in {section} of {reach_text(entry.reach)}",
                f"the other is in {known.written.path}:{known.written.line}: give each its own id",
            )  # fmt: skip
            continue
        for other in by_id.setdefault((section, entry.id), []):
            if LEVELS.index(other.reach.level) < LEVELS.index(entry.reach.level):
                place = f"{other.written.path}:{other.written.line}"
                problems.note(
                    entry.written, f"for {reach_text(entry.reach)} this replaces {entry.id!r} of "
                    f"{reach_text(other.reach)} ({place})",
                )  # fmt: skip
        by_id[section, entry.id].append(entry)


def _days(knowledge: TeamKnowledge, today: date, problems: Problems) -> None:
    for _, entry in entries_of(knowledge):
        if entry.until is not None and entry.until <= today:
            problems.warn(
                entry.written, f"{entry.id!r} ran out on {entry.until}: it holds no more",
                "take it out, or look whether it is still so and give it a later day",
            )  # fmt: skip
    for work in knowledge.maintenance:
        ends = [span.end for span in work.spans]
        if not work.weekly and all(end is not None and end.date() < today for end in ends):
            problems.warn(work.written, f"the maintenance {work.id!r} is over", "take it out; git remembers it")


def _mechanisms(knowledge: TeamKnowledge, catalogue: Catalogue, problems: Problems) -> Catalogue:
    """The catalogue with the team's own over it, as far as they are right."""
    for entry in knowledge.mechanisms:
        where = Where(file=entry.written.path, mechanism=entry.id)
        try:
            catalogue = extended(catalogue, [(where, entry.mechanism)])
        except FieldError as error:
            what = f"the mechanism {entry.id!r}: {error.field} {error.what}"
            problems.add(entry.written, what, error.hint)
    return catalogue


def _named(knowledge: TeamKnowledge, known: Catalogue, problems: Problems) -> None:
    for issue in knowledge.known_issues:
        if issue.mechanism and known.get(issue.mechanism) is None:
            names = known.by_id.keys()
            problems.add(
                issue.written, f"{issue.mechanism!r} is not a mechanism that is known", meant(issue.mechanism, names)
            )  # fmt: skip
