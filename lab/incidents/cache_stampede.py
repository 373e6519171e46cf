"""The catalogue's cache no longer keeps what it is given, and every reader asks the pricing service."""

from __future__ import annotations

from dataclasses import dataclass

from lab.fleet import DeployRequest
from lab.incidents.base import Label, Scenario, Stage, decoys, dice
from lab.recorder.changes import Change
from lab.shop.plan import SHOP

INDICATORS = ("redis_keyspace_misses_total", "http_server_active_requests", "http_server_request_duration_seconds")


@dataclass(frozen=True)
class CacheStampede:
    """Traffic is as ever at the front, and many times as much behind the cache."""

    name: str = "cache-stampede"
    summary: str = "price lists are no longer kept: a deploy of catalog, or less memory for its cache"

    def scenario(self, seed: int) -> Scenario:
        """Odd seeds: a deploy shortens the time they are kept. Even ones: the cache's memory is cut, and it evicts."""
        random = dice(self.name, seed)
        early, late = decoys(random, "catalog")
        by_deploy = seed % 2 == 1
        request = DeployRequest(
            service="catalog",
            version="3.9.0",
            summary="show price changes sooner",
            # A new format: what is kept in the old one is of no use, and what is new is kept for a moment only.
            edits={
                "settings.price_list_format": 2,
                "settings.price_list_ttl_seconds": round(random.uniform(0.2, 0.4), 1),
            },
        )
        label = Label(
            fault_type="cache_stampede",
            entity=("service", "catalog" if by_deploy else "catalog-cache"),
            indicators=INDICATORS if by_deploy else (*INDICATORS, "redis_evicted_keys_total"),
            blast_radius=("pricing", "storefront") if by_deploy else ("catalog", "pricing", "storefront"),
        )
        return Scenario(
            label=label,
            strike=(lambda stage: stage.deploy(request)) if by_deploy else _cut,
            plan=SHOP.configured("pricing", settings={"rules_seconds": round(random.uniform(0.9, 1.0), 2)}),
            early=early,
            late=late,
            rate=random.uniform(1.0, 1.15),
        )


def _cut(stage: Stage) -> Change:
    before, after = "maxmemory: 64mb\n", "maxmemory: 1mb\n"
    change = stage.change(
        "config",
        "catalog-cache",
        "cache-plan-31",
        "smaller plan for the cache",
        before,
        after,
        "redis.yaml",
    )
    stage.cache("catalog-cache", maxmemory="1mb")
    return change
