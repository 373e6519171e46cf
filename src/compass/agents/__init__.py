"""The Operations section: one specialist a file. A new file that defines CHARTER is a new specialist."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from compass.agents.base import Charter, CharteredSpecialist
from compass.domain.mechanism import Mechanism
from compass.ports.disproof import Disproof


def charters() -> tuple[Charter, ...]:
    """The charters of every module in this package that has one, by name."""
    found = []
    for info in pkgutil.iter_modules(__path__):
        if info.ispkg or info.name in ("base", "observe"):
            continue
        charter = getattr(importlib.import_module(f"{__name__}.{info.name}"), "CHARTER", None)
        if isinstance(charter, Charter):
            found.append(charter)
    return tuple(sorted(found, key=lambda charter: charter.name))


def specialists(
    mechanisms: Mapping[str, Mechanism], strategies: Mapping[str, Disproof]
) -> tuple[CharteredSpecialist, ...]:
    """Every specialist, with the catalogue and the strategies it may use."""
    return tuple(
        CharteredSpecialist(charter=charter, mechanisms=mechanisms, strategies=strategies) for charter in charters()
    )
