"""What the stand-in Grafana says of itself, held against Grafana's published API description (OpenAPI 2).

The description is no part of this repository. `COMPASS_GRAFANA_API` names a copy of it: `public/api-merged.json` of
Grafana's source, of the version that the stand-in says it is.
"""

from __future__ import annotations

import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

VARIABLE = "COMPASS_GRAFANA_API"
ABSENT = f"{VARIABLE} names no copy of Grafana's public/api-merged.json (docs/sources.md)"
# Routes that the merged file leaves out as not stable, with what their source says they answer
# (pkg/services/ngalert/api/tooling/definitions: prom.go, alertmanager.go).
_UNSTABLE = {
    "/api/prometheus/grafana/api/v1/rules": "RuleResponse",
    "/api/alertmanager/grafana/api/v2/alerts": "gettableAlerts",
}
_ERROR = "ErrorResponseBody"
# How the generator of the description writes an enumeration of an imported type: as one word, with brackets.
_ENUM = re.compile(r"\[(\w+(?: \w+)*)\]")
_HERE = "urn:grafana"


class Description:
    """A description; objects in it have no properties but those that it names."""

    def __init__(self, path: Path) -> None:
        self._all: dict[str, Any] = _strict(json.loads(path.read_text(encoding="utf-8")))
        self._registry: Registry[Any] = Registry().with_resource(
            _HERE, Resource.from_contents(self._all, default_specification=DRAFT4)
        )

    def faults(self, method: str, path: str, status: int, body: bytes) -> list[str] | None:
        """How an answer differs from what is described; None where nothing describes what was asked."""
        schema = self._schema(method.lower(), path, status)
        if schema is None:
            return None
        checker = FormatChecker(["date-time"])
        validator = Draft4Validator(schema, registry=self._registry, format_checker=checker)
        return [
            f"{method} {path} ({status}) {error.json_path}: {error.message}"
            for error in validator.iter_errors(json.loads(body))
        ]

    def _schema(self, method: str, path: str, status: int) -> dict[str, Any] | None:
        name = _UNSTABLE.get(path)
        responses = self._responses(method, path)
        if name is None and responses is None:
            return None if status < 400 else self._named(_ERROR)
        if name is not None or str(status) not in (responses or {}):
            # Errors of routes that name none are those of all routes.
            return self._named(_ERROR if status >= 400 or name is None else name)
        found = (responses or {})[str(status)]
        if "$ref" in found:
            found = self._all["responses"][found["$ref"].rpartition("/")[2]]
        return _absolute(found["schema"])

    def _responses(self, method: str, path: str) -> dict[str, Any] | None:
        below = path.removeprefix(self._all["basePath"]).rstrip("/")
        routes = [route for route in self._all["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route), below)]
        # The route with the fewest blanks is meant: `/datasources/uid/{uid}`, not `/datasources/{id}/{more}`.
        for route in sorted(routes, key=lambda one: one.count("{")):
            if method in self._all["paths"][route]:
                return self._all["paths"][route][method]["responses"]  # type: ignore[no-any-return]
        return None

    def _named(self, name: str) -> dict[str, Any]:
        assert name in self._all["definitions"], f"{VARIABLE} does not define {name}: is it the whole file?"
        return {"$ref": f"{_HERE}#/definitions/{name}"}


@lru_cache
def description() -> Description | None:
    """The one that the environment names, None where it names none."""
    path = os.environ.get(VARIABLE)
    return Description(Path(path)) if path else None


def _strict(part: Any) -> Any:
    """With no more properties than are named, and enumerations as they are meant."""
    if isinstance(part, list):
        return [_strict(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {name: _strict(one) for name, one in part.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object" and "allOf" not in found:
        found.setdefault("additionalProperties", False)
    enum = found.get("enum")
    if isinstance(enum, list) and len(enum) == 1 and (words := _ENUM.fullmatch(str(enum[0]))):
        found["enum"] = words[1].split()
    return found


def _absolute(schema: dict[str, Any]) -> dict[str, Any]:
    """References lead into the description from wherever the schema is used."""
    return json.loads(json.dumps(schema).replace('"#/', f'"{_HERE}#/'))  # type: ignore[no-any-return]
