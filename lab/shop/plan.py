"""The shop as declared: its services, their first configuration and who calls whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

ConfigTree = Mapping[str, "str | int | float | ConfigTree"]


@dataclass(frozen=True)
class Dependency:
    """One declared edge."""

    caller: str
    callee: str
    kind: str


@dataclass(frozen=True)
class ServicePlan:
    """One service and its configuration before any deploy of the recording.

    `backends` are the databases, caches and queues it may use. An external service is a third party: it speaks TLS
    and shows no telemetry.
    """

    name: str
    config: ConfigTree
    backends: tuple[str, ...] = ()
    external: bool = False


@dataclass(frozen=True)
class ShopPlan:
    """The whole shop, in starting order.

    `proxied` are the services and backends that are reached through a network path of the lab's own.
    `database_volume_mib` puts the database's files (not its log of changes) on a small volume.
    With `certificate_expires` the third party's certificate ends about when the baseline does.
    """

    services: tuple[ServicePlan, ...]
    dependencies: tuple[Dependency, ...]
    front: str
    proxied: tuple[str, ...] = ()
    database_volume_mib: int | None = None
    certificate_expires: bool = False

    def service(self, name: str) -> ServicePlan:
        """One service by its name."""
        return next(service for service in self.services if service.name == name)

    def configured(self, name: str, **sections: ConfigTree) -> ShopPlan:
        """The plan with some settings of one service's sections replaced."""
        services = []
        for service in self.services:
            tree = dict(service.config)
            for section, values in sections.items() if service.name == name else ():
                before = tree.get(section, {})
                tree[section] = {**(before if isinstance(before, Mapping) else {}), **values}
            services.append(replace(service, config=tree))
        return replace(self, services=tuple(services))

    @property
    def backends(self) -> tuple[str, ...]:
        """Every database, cache and queue."""
        return tuple(sorted({name for service in self.services for name in service.backends}))


def _config(
    service: str,
    version: str,
    client_timeout: float,
    *backends: str,
    external: bool = False,
    **more: str | int | float | ConfigTree,
) -> ServicePlan:
    base: dict[str, str | int | float | ConfigTree] = {
        "service": service,
        "version": version,
        "log_level": "info",
        "client_timeout_seconds": client_timeout,
    }
    return ServicePlan(service, {**base, **more}, backends, external)


SHOP = ShopPlan(
    services=(
        _config("card-network", "1", 5.0, external=True),
        _config(
            "pricing",
            "5.6.0",
            2.0,
            texts={"done": "worked out price list"},
            settings={"workers": 3, "rules_seconds": 0.3},
        ),
        _config(
            "catalog",
            "3.8.0",
            4.0,
            "catalog-cache",
            texts={"banner": "New in store", "view_wording": "product viewed:"},
            settings={"price_list_format": 1, "price_list_ttl_seconds": 600, "thumbnail_kib": 12},
        ),
        _config("cart", "2.3.1", 2.0, "cart-cache", texts={"added": "added"}, settings={"history_kib": 0}),
        _config("payments", "1.9.4", 3.0, texts={"receipt": "authorised order"}, settings={"history_kib": 0}),
        _config(
            "orders",
            "1.14.2",
            5.0,
            "orders-db",
            database={"pool": {"min_size": 1, "max_size": 10, "acquire_timeout_seconds": 2.0}},
            texts={"stored": "stored"},
            settings={"history_orders": 0},
        ),
        _config("notifier", "0.9.2", 2.0, "event-queue", texts={"sent": "sent confirmation of order"}),
        _config(
            "checkout",
            "4.2.0",
            6.0,
            "event-queue",
            texts={"placed": "placed and paid", "customer_field": "customer"},
            retries={"orders": {"attempts": 1, "attempt_timeout_seconds": 5.0}},
        ),
        _config(
            "storefront",
            "7.1.3",
            8.0,
            texts={"title": "The shop"},
            retries={"checkout": {"attempts": 1, "attempt_timeout_seconds": 8.0}},
        ),
    ),
    dependencies=(
        Dependency("storefront", "catalog", "http"),
        Dependency("storefront", "cart", "http"),
        Dependency("storefront", "checkout", "http"),
        Dependency("checkout", "cart", "http"),
        Dependency("checkout", "orders", "http"),
        Dependency("checkout", "payments", "http"),
        Dependency("checkout", "event-queue", "redis"),
        Dependency("notifier", "event-queue", "redis"),
        Dependency("catalog", "pricing", "http"),
        Dependency("catalog", "catalog-cache", "redis"),
        Dependency("payments", "card-network", "https"),
        Dependency("orders", "orders-db", "postgresql"),
        Dependency("cart", "cart-cache", "redis"),
        Dependency("storefront", "resolver", "dns"),
        Dependency("checkout", "resolver", "dns"),
        Dependency("catalog", "resolver", "dns"),
        Dependency("payments", "resolver", "dns"),
    ),
    front="storefront",
)
