"""The shop as declared: its services, their first configuration and who calls whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ConfigTree = Mapping[str, "str | int | float | ConfigTree"]


@dataclass(frozen=True)
class Dependency:
    """One declared edge."""

    caller: str
    callee: str
    kind: str


@dataclass(frozen=True)
class ServicePlan:
    """One service and its configuration before any deploy of the recording."""

    name: str
    config: ConfigTree


@dataclass(frozen=True)
class ShopPlan:
    """The whole shop, in starting order."""

    services: tuple[ServicePlan, ...]
    dependencies: tuple[Dependency, ...]
    front: str


def _config(service: str, version: str, client_timeout: float, **more: str | int | float | ConfigTree) -> ServicePlan:
    base: dict[str, str | int | float | ConfigTree] = {
        "service": service,
        "version": version,
        "log_level": "info",
        "client_timeout_seconds": client_timeout,
    }
    return ServicePlan(service, {**base, **more})


SHOP = ShopPlan(
    services=(
        _config("catalog", "3.8.0", 2.0, texts={"banner": "New in store", "view_wording": "product viewed:"}),
        _config("cart", "2.3.1", 2.0),
        _config("payments", "1.9.4", 5.0, texts={"receipt": "authorised order"}),
        _config(
            "orders",
            "1.14.2",
            5.0,
            database={"pool": {"min_size": 1, "max_size": 10, "acquire_timeout_seconds": 2.0}},
        ),
        _config("checkout", "4.2.0", 6.0),
        _config("storefront", "7.1.3", 8.0),
    ),
    dependencies=(
        Dependency("storefront", "catalog", "http"),
        Dependency("storefront", "cart", "http"),
        Dependency("storefront", "checkout", "http"),
        Dependency("checkout", "cart", "http"),
        Dependency("checkout", "orders", "http"),
        Dependency("checkout", "payments", "http"),
        Dependency("orders", "orders-db", "postgresql"),
        Dependency("cart", "cart-cache", "redis"),
    ),
    front="storefront",
)
