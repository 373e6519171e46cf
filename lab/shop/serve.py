"""Runs one service: `python -m lab.shop.serve --config FILE --wiring FILE`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lab.processes import die_with_parent
from lab.shop.cart import Cart
from lab.shop.catalog import Catalog
from lab.shop.checkout import Checkout
from lab.shop.config import ServiceConfig, Wiring, load_config, load_wiring
from lab.shop.kit import Component, Kit, PeerClient
from lab.shop.metrics import build_http_metrics, build_registry
from lab.shop.orders import Orders
from lab.shop.payments import Payments
from lab.shop.storefront import Storefront
from lab.shop.telemetry import build_tracer_provider, configure_logging

COMPONENTS: Mapping[str, Callable[[Kit], Component]] = {
    "storefront": Storefront,
    "catalog": Catalog,
    "cart": Cart,
    "checkout": Checkout,
    "orders": Orders,
    "payments": Payments,
}


def main() -> None:
    """Read the configuration, serve until SIGTERM, finish what is in flight."""
    parser = argparse.ArgumentParser(description="one service of the lab's shop")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--wiring", type=Path, required=True)
    options = parser.parse_args()
    die_with_parent()
    config, wiring = load_config(options.config), load_wiring(options.wiring)
    configure_logging(config.log_level)
    asyncio.run(_serve(config, wiring))


async def _serve(config: ServiceConfig, wiring: Wiring) -> None:
    provider = build_tracer_provider(config, wiring)
    app = build_app(config, wiring, provider)
    settings = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=8)
    # The admin port is this process's alone; the traffic port is shared with the version
    # it replaces, so that a deploy loses no request.
    sockets = [_listen(wiring.port, shared=True), _listen(wiring.admin_port, shared=False)]
    await uvicorn.Server(settings).serve(sockets=sockets)


def build_app(config: ServiceConfig, wiring: Wiring, provider: TracerProvider) -> Starlette:
    """The service's routes, with /metrics and /healthz beside them."""
    registry, tracer = build_registry(), provider.get_tracer("lab.shop")
    http = build_http_metrics(registry)
    peers = PeerClient(tracer, http, wiring.peers, config.client_timeout_seconds)
    log = logging.getLogger(config.service)
    kit = Kit(config, wiring, tracer, registry, http, peers, log)
    component = COMPONENTS[config.service](kit)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await component.open()
        log.info("%s %s started", config.service, config.version)
        yield
        log.info("%s %s stopping", config.service, config.version)
        await peers.close()
        await component.close()
        # Here and not after serve(): uvicorn raises SIGTERM again when it has shut down.
        await asyncio.to_thread(provider.shutdown)

    return Starlette(routes=[*component.routes(), *_admin_routes(registry)], lifespan=lifespan)


def _admin_routes(registry: CollectorRegistry) -> list[Route]:
    async def metrics(_request: Request) -> Response:
        return PlainTextResponse(generate_latest(registry).decode())

    async def health(_request: Request) -> Response:
        return PlainTextResponse("ok")

    return [Route("/metrics", metrics), Route("/healthz", health)]


def _listen(port: int, *, shared: bool) -> socket.socket:
    # asyncio switches Nagle's algorithm off only where the protocol is named; else answers wait 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(512)
    listener.setblocking(False)
    return listener


if __name__ == "__main__":
    main()
