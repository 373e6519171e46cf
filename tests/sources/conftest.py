"""What tests of several sources share: one recording of which every figure is known, and a Prometheus that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources.reference import write_reference
from tests.support.prometheus import prometheus


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `tests.sources.reference`. Nothing may write there."""
    return write_reference(tmp_path_factory.mktemp("reference") / "shop-0001")


@pytest.fixture(scope="module")
def server(reference: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus with the samples of `reference`, for tests that are skipped where there is none."""
    with prometheus(tmp_path_factory.mktemp("prometheus") / "server", reference) as url:
        yield url
