"""Fold what people ordered."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

from compass.domain import commanded as o
from compass.domain.board import Orders


@singledispatch
def fold_orders(_payload: object, orders: Orders) -> Orders:
    """The orders after one more payload; the same value for payloads that order nothing."""
    return orders


@fold_orders.register
def _(payload: o.CommandGiven, orders: Orders) -> Orders:
    match payload.command:
        case o.Command.PAUSE:
            return replace(orders, paused=True)
        case o.Command.CONTINUE | o.Command.STOP:
            return replace(orders, paused=False)
        case _:
            return orders


@fold_orders.register
def _(payload: o.SetAside, orders: Orders) -> Orders:
    aside = {key: reason for key, reason in orders.aside.items() if key != payload.hypothesis}
    return replace(orders, aside=aside if payload.restored else {**aside, payload.hypothesis: payload.reason})


@fold_orders.register
def _(payload: o.ScopeSet, orders: Orders) -> Orders:
    return replace(
        orders, look=payload.look, avoid=payload.avoid, look_areas=payload.look_areas, avoid_areas=payload.avoid_areas
    )


@fold_orders.register
def _(payload: o.Escalated, orders: Orders) -> Orders:
    return replace(orders, escalated=(*orders.escalated, payload.to))


@fold_orders.register
def _(payload: o.DataRequested, orders: Orders) -> Orders:
    return replace(orders, requested={**orders.requested, payload.id: payload})


@fold_orders.register
def _(payload: o.DataGiven, orders: Orders) -> Orders:
    return replace(orders, given={**orders.given, payload.request: payload})
