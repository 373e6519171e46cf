"""GitHub's own description of its answers, as models that githubkit generated from its OpenAPI."""

from __future__ import annotations

import importlib.util
import sys
import types
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin

VERSION = "2026-03-10"


@lru_cache
def models() -> Any:
    """The models alone. githubkit's client, which its package imports first, does not import with the newest hishel
    that it allows (2.0), and is not needed here."""
    if "githubkit" not in sys.modules:
        spec = importlib.util.find_spec("githubkit")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        bare = types.ModuleType("githubkit")
        bare.__path__ = list(spec.submodule_search_locations)
        sys.modules["githubkit"] = bare
        from githubkit.module_hooks import alias_module, lazy_module

        alias_module.apply()
        lazy_module.apply()
    from githubkit_schemas.v2026_03_10 import models as found

    return found


def valid(model: str, body: object) -> object:
    """The body itself. Raises ValidationError when GitHub's description does not allow it."""
    getattr(models(), model).model_validate(body)
    return body


def example(model: str, **given: object) -> dict[str, Any]:
    """A body with everything the description requires, and what is given."""
    return _example(getattr(models(), model), given)


def _example(model: Any, given: dict[str, object]) -> dict[str, Any]:
    body = {
        field.alias or name: _value(field.annotation)
        for name, field in model.model_fields.items() if field.is_required() and name not in given
    }  # fmt: skip
    return {**body, **given}


def _value(kind: Any) -> Any:
    options = [one for one in get_args(kind) if one is not type(None)] if get_origin(kind) is Union else [kind]
    if len(options) < len(get_args(kind)):
        return None
    kind = options[0]
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) is list:
        return []
    simple = {str: "x", int: 1, bool: False, float: 1.0, datetime: "2026-11-26T00:00:00Z", dict: {}}
    return simple[kind] if kind in simple else _example(kind, {})
