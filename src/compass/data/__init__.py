"""Data that ships with the package: the demo recording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path


@contextmanager
def demo_recording() -> Iterator[Path]:
    """The folder of recordings that the demo investigates."""
    with as_file(files(__package__).joinpath("demo")) as folder:
        yield folder
