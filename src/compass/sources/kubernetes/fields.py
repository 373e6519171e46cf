"""Readers over untrusted objects: a value of the right type, or an empty one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compass.domain.time import from_rfc3339
from compass.sources.live.gathered import JsonObject
from compass.tables.objects import Json


def at(body: Json, *path: str) -> Json:
    """What lies below `path`, None where it ends early."""
    for key in path:
        if not isinstance(body, dict):
            return None
        body = body.get(key)
    return body


def text(body: Json, *path: str) -> str:
    found = at(body, *path)
    return found if isinstance(found, str) else ""


def number(body: Json, *path: str) -> int | None:
    """A whole number, also written as text."""
    found = at(body, *path)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 18:
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def entries(body: Json, *path: str) -> Iterator[JsonObject]:
    """The objects of a list."""
    found = at(body, *path)
    yield from (one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()


def when(body: Json, *path: str) -> int | None:
    """An RFC 3339 time as nanoseconds."""
    return from_rfc3339(text(body, *path))


def controller(body: Json) -> tuple[str, str]:
    """Kind and name of the controlling owner; empty where there is none."""
    for one in entries(body, "metadata", "ownerReferences"):
        if one.get("controller") is True:
            return text(one, "kind"), text(one, "name")
    return "", ""


def owner(body: Json, kind: str) -> str:
    """The name of the controlling owner, if it is of that kind."""
    found, name = controller(body)
    return name if found == kind else ""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def place(body: Json) -> Place:
    return Place(text(body, "metadata", "namespace"), text(body, "metadata", "name"))
