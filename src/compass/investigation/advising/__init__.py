"""What the language model is asked during an investigation, one task a file, and what becomes of its replies.

A new module that defines ADVISER is a new thing to ask for.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from typing import Any

from compass.investigation.advising.base import Adviser


def advisers(*, always: bool = False) -> tuple[Adviser[Any], ...]:
    """The advisers of every module in this package that has one, by id. `always`: they ask everything every time."""
    found: list[Adviser[Any]] = []
    for info in pkgutil.iter_modules(__path__):
        adviser = getattr(importlib.import_module(f"{__name__}.{info.name}"), "ADVISER", None)
        if adviser is not None:
            found.append(replace(adviser, always=True) if always else adviser)
    return tuple(sorted(found, key=lambda adviser: adviser.id))
