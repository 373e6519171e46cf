"""Other methods that name a place to look, to compare COMPASS with: one a file.

A new file is a new rival: every module of this package whose name has no leading underscore (`base` holds the
interface) defines one class with a `rank` of its own and an `id` equal to the module's name with dashes. Nothing else
has to be edited.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import cast

from compass.evaluation.rivals.base import Rival, Scene

__all__ = ["Rival", "Scene", "all_rivals"]


def all_rivals() -> tuple[Rival, ...]:
    """Every rival of the package, sorted by id."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))
    return tuple(_rival(name) for name in names if name != "base")


def _rival(name: str) -> Rival:
    """The one rival of a module. A module with none, or with several, is a defect of the package (TypeError)."""
    module = importlib.import_module(f"{__name__}.{name}")
    own = [
        value for value in vars(module).values()
        if inspect.isclass(value) and value.__module__ == module.__name__ and "rank" in vars(value)
    ]  # fmt: skip
    if len(own) != 1:
        raise TypeError(f"{module.__name__} must define exactly one rival, it defines {len(own)}")
    rival = cast(Rival, own[0]())
    if rival.id != name.replace("_", "-"):
        raise TypeError(f"{module.__name__}: the rival's id is {rival.id!r}, it must be the module's name")
    return rival
