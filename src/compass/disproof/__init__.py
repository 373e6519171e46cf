"""Ways to refute a theory, one a file.

A new file is a new strategy: every module of this package whose name has no leading underscore defines one class that
implements `ports.disproof.Disproof` and has an `id` equal to the module's name. Nothing else has to be edited.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import cast

from compass.ports.disproof import Disproof


def all_strategies() -> tuple[Disproof, ...]:
    """Every strategy of the package, sorted by id."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))
    return tuple(_strategy(name) for name in names)


def strategies() -> tuple[Disproof, ...]:
    """The same, by the name the wiring asks for."""
    return all_strategies()


def by_id() -> dict[str, Disproof]:
    """The strategies by id."""
    return {strategy.id: strategy for strategy in all_strategies()}


def _strategy(name: str) -> Disproof:
    """The one strategy of a module. A module with none, or with several, is a defect of the package (TypeError)."""
    module = importlib.import_module(f"{__name__}.{name}")
    own = [
        value for value in vars(module).values()
        if inspect.isclass(value) and value.__module__ == module.__name__ and {"plan", "run"} <= set(vars(value))
    ]  # fmt: skip
    if len(own) != 1:
        raise TypeError(f"{module.__name__} must define exactly one strategy, it defines {len(own)}")
    strategy = cast(Disproof, own[0]())
    if strategy.id != name:
        raise TypeError(f"{module.__name__}: the strategy's id is {strategy.id!r}, it must be the module's name")
    return strategy
