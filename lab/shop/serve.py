"""Runs one service; started by `python -m lab.shop`."""

from __future__ import annotations

import asyncio
import importlib
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

from lab.controls import Controls
from lab.shop.config import ServiceConfig, Wiring, load_config, load_wiring
from lab.shop.kit import Component, Kit
from lab.shop.metrics import build_http_metrics, build_registry
from lab.shop.names import Names
from lab.shop.peers import PeerClient
from lab.shop.telemetry import build_tracer_provider, configure_logging

# By name, so that a service imports only what it needs: half of a start is imports.
COMPONENTS: Mapping[str, str] = {
    "storefront": "lab.shop.storefront:Storefront",
    "catalog": "lab.shop.catalog:Catalog",
    "cart": "lab.shop.cart:Cart",
    "checkout": "lab.shop.checkout:Checkout",
    "orders": "lab.shop.orders:Orders",
    "payments": "lab.shop.payments:Payments",
    "pricing": "lab.shop.pricing:Pricing",
    "notifier": "lab.shop.notifier:Notifier",
    "card-network": "lab.shop.card_network:CardNetwork",
}


def build_component(kit: Kit) -> Component:
    """The component of the service that the configuration names."""
    module, _, name = COMPONENTS[kit.config.service].partition(":")
    build: Callable[[Kit], Component] = getattr(importlib.import_module(module), name)
    return build(kit)


def run(config_path: Path, wiring_path: Path) -> None:
    """Read the configuration, serve until SIGTERM, finish what is in flight."""
    config, wiring = load_config(config_path), load_wiring(wiring_path)
    configure_logging(config.log_level)
    asyncio.run(_serve(config, wiring, Controls(wiring.controls)))


async def _serve(config: ServiceConfig, wiring: Wiring, controls: Controls) -> None:
    provider = build_tracer_provider(config, wiring)
    app = build_app(config, wiring, provider, controls)
    settings = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=8)
    if wiring.identity is not None:
        settings.ssl_certfile, settings.ssl_keyfile = wiring.identity
    # The admin port is this process's alone; the traffic port is shared with the version
    # it replaces, so that a deploy loses no request.
    sockets = [_listen(wiring.port, shared=True), _listen(wiring.admin_port, shared=False)]
    await uvicorn.Server(settings).serve(sockets=sockets)


def build_app(config: ServiceConfig, wiring: Wiring, provider: TracerProvider, controls: Controls) -> Starlette:
    """The service's routes, with /metrics and /healthz beside them."""
    registry, tracer = build_registry(), provider.get_tracer("lab.shop")
    http = build_http_metrics(registry)
    peers = PeerClient(tracer, http, Names(wiring.resolver, registry), config, wiring)
    log = logging.getLogger(config.service)
    kit = Kit(config, wiring, tracer, registry, http, peers, log, controls)
    component = build_component(kit)

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
