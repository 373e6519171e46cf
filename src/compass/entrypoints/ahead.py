"""What every investigation of a recording imports and reads of the package, done when this is imported.

For the template of worker processes, which are forked from it (`evaluation.pool`): each would take half a second for
it. Nobody else imports this.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from compass.analysis.log_meaning import load_meanings
from compass.mechanisms.loader import load_catalogue
from compass.signals.catalogue import builtin

NEEDED = ("agents", "analysis", "disproof", "investigation", "mechanisms", "signals", "sources.recording")

for package in NEEDED:
    path = import_module(f"compass.{package}").__path__
    for module in pkgutil.walk_packages(path, f"compass.{package}."):
        import_module(module.name)
import_module("numpy.ma")  # which DuckDB imports when it gives an answer
for read in (builtin, load_catalogue, load_meanings):
    read()
