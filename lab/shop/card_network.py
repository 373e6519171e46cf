"""The card network: a third party behind TLS. It has no telemetry that the shop could see."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.shop.kit import Kit, Stateless

HANG_SECONDS = 30.0


class CardNetwork(Stateless):
    """POST /v1/charges. The switch `behaviour`: ok, refuse (503), slow, hang."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._times = Random(2)

    def routes(self) -> Sequence[Route]:
        """The one route, without spans or metrics."""
        return (Route("/v1/charges", self._charge, methods=["POST"]),)

    async def _charge(self, _request: Request) -> Response:
        behaviour = self._kit.controls.text("behaviour", "ok")
        await asyncio.sleep(self._times.uniform(0.02, 0.06))
        # A connection serves one charge: each one shakes hands anew.
        headers = {"Connection": "close"}
        if behaviour == "refuse":
            return JSONResponse({"error": "service unavailable"}, 503, headers)
        if behaviour == "slow":
            await asyncio.sleep(self._times.uniform(1.2, 2.2))
        if behaviour == "hang":
            await asyncio.sleep(HANG_SECONDS)
        return JSONResponse({"approved": True}, 200, headers)
