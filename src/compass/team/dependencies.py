"""What the dependencies that a team wrote down say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compass.domain.team import Dependency
from compass.team.problems import Problems


def check_dependencies(dependencies: Sequence[Dependency], problems: Problems) -> None:
    """Two kinds of one callee contradict each other; a circle may be real, and is worth a look."""
    kinds: dict[str, Dependency] = {}
    edges: dict[tuple[str, str], Dependency] = {}
    below: dict[str, set[str]] = {}
    for one in dependencies:
        first = kinds.setdefault(one.callee, one)
        if first.kind is not one.kind and first.reach == one.reach:
            place = f"{first.written.path}:{first.written.line}"
            problems.add(one.written, f"{one.callee} is a {one.kind} here and a {first.kind} in {place}", "decide")
        known = edges.setdefault((one.caller, one.callee), one)
        if known is not one and known.reach == one.reach and known.id != one.id:
            place = f"{known.written.path}:{known.written.line}"
            problems.warn(one.written, f"{one.caller} -> {one.callee} is in {place} already", "one is enough")
        below.setdefault(one.caller, set()).add(one.callee)
    for circle in circles(below):
        first = next(one for one in dependencies if one.caller in circle and one.callee in circle)
        problems.warn(
            first.written, f"these depend on one another in a circle: {', '.join(sorted(circle))}",
            "is each of them a call? What answers a call is no dependency",
        )  # fmt: skip


def circles(below: Mapping[str, set[str]]) -> tuple[frozenset[str], ...]:
    """Groups of names of which each can be reached from each other one (of two and more), in order."""
    reached = {name: _reached(name, below) for name in below}
    found = {
        frozenset(other for other in reached[name] if name in reached.get(other, ())) | {name}
        for name in below
        if name in reached[name]
    }
    return tuple(sorted((one for one in found if len(one) > 1), key=sorted))


def _reached(start: str, below: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        for name in below.get(todo.pop(), ()):
            if name not in found:
                found.add(name)
                todo.append(name)
    return found
