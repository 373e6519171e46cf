"""The memory limit of the catalogue is cut below what its thumbnails need."""

from __future__ import annotations

from dataclasses import dataclass

from lab.fleet import DeployRequest
from lab.incidents.base import Label, Scenario, Stage, decoys, dice
from lab.recorder.changes import Change
from lab.shop.plan import SHOP

MIB = 1024 * 1024
USUAL_MIB = 512
THUMBNAIL_KIB = 220
LABEL = Label(
    fault_type="memory_limit",
    entity=("service", "catalog"),
    indicators=(
        "container_oom_events_total",
        "container_spec_memory_limit_bytes",
        "container_memory_working_set_bytes",
    ),
    blast_radius=("storefront",),
)


@dataclass(frozen=True)
class MemoryLimit:
    """It needs as much as ever; it is not allowed to have it."""

    name: str = "memory-limit"
    summary: str = "a deploy cuts the memory limit of catalog below what it needs (control group)"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides by how much."""
        random = dice(self.name, seed)
        early, late = decoys(random, "catalog")
        share = random.uniform(0.3, 0.45)

        def setup(stage: Stage) -> None:
            stage.limit_memory("catalog", USUAL_MIB * MIB)

        def strike(stage: Stage) -> Change:
            thumbnails = THUMBNAIL_KIB * 400 // 1024
            allowed = stage.memory_used("catalog") // MIB - round(thumbnails * (1 - share))
            request = DeployRequest(
                service="catalog",
                version="3.9.0",
                summary="fit the memory limit",
                edits={"resources.memory_mib": allowed},
            )
            change = stage.deploy(request)
            stage.limit_memory("catalog", allowed * MIB)
            return change

        plan = SHOP.configured(
            "catalog", settings={"thumbnail_kib": THUMBNAIL_KIB}, resources={"memory_mib": USUAL_MIB}
        )
        return Scenario(
            label=LABEL,
            strike=strike,
            plan=plan,
            setup=setup,
            early=early,
            late=late,
            rate=random.uniform(1.0, 1.15),
        )
