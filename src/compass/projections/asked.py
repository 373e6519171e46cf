"""What people ordered and what COMPASS asks them, as it stands: for every screen and for `--json`."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.board import Board


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """Data that COMPASS asks a person for. `theory` is a label; `command` only reads and is never run by COMPASS.
    `answered`: what a person says it shows (supports | contradicts | settles_nothing), empty while nobody answered."""

    label: str
    theory: str
    question: str
    command: str
    if_true: str
    if_false: str
    answered: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersLine:
    """Orders of people that hold now. Places and fields of work in words; `aside` are labels; `escalated` to whom."""

    paused: bool = False
    only: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    escalated: tuple[str, ...] = ()


def request_lines(board: Board) -> tuple[RequestLine, ...]:
    """Every request in the order asked; its label is its place."""
    orders = board.orders
    found = []
    for number, (key, one) in enumerate(orders.requested.items(), start=1):
        hypothesis = board.hypotheses.get(one.hypothesis)
        given = orders.given.get(key)
        found.append(RequestLine(
            label=f"R{number}", theory=hypothesis.label if hypothesis is not None else "?", question=one.question,
            command=one.command, if_true=one.if_true, if_false=one.if_false,
            answered=given.bearing.value if given is not None else "",
        ))  # fmt: skip
    return tuple(found)


def orders_line(board: Board) -> OrdersLine:
    orders = board.orders
    return OrdersLine(
        paused=orders.paused, only=(*map(str, orders.look), *orders.look_areas),
        left_out=(*map(str, orders.avoid), *orders.avoid_areas), escalated=orders.escalated,
        aside=tuple(board.hypotheses[key].label for key in orders.aside if key in board.hypotheses),
    )  # fmt: skip
