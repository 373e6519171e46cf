"""What an incident type is, what the lab gives it to work with, and how its story is played."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Protocol

from lab.fleet import DeployRequest, Scalar
from lab.recorder.alerts import Rule
from lab.recorder.changes import Change
from lab.recorder.recording import Truth
from lab.shop.plan import SHOP, ShopPlan

NOTHING = ("none", "")


@dataclass(frozen=True)
class Timing:
    """How long the parts of a recording take, in seconds."""

    warmup: float
    baseline: float
    incident: float
    scrape: float
    alert_window: int
    alert_hold: float
    decoy_after: float
    page_patience: float


class Stage(Protocol):
    """The running shop, as an incident type sees it."""

    @property
    def timing(self) -> Timing:
        """The recording's timing."""

    @property
    def rate(self) -> float:
        """Customer journeys a second."""

    def wait_until(self, seconds: float) -> None:
        """Sleep until so many seconds after the start of the recording."""

    def now(self) -> datetime:
        """The time."""

    def deploy(self, request: DeployRequest) -> Change:
        """Really deploy a configuration; the change is recorded."""

    def flip(self, service: str, flag: str, *, on: bool) -> Change:
        """Turn a feature flag; the change is recorded."""

    def change(
        self, kind: str, service: str, identity: str, summary: str, before: str, after: str, path: str
    ) -> Change:
        """Record a change that is about to be made by other means, with a diff of one file."""

    def turn(self, service: str, **switches: float | str | bool) -> None:
        """Set switches of a service's process: nobody's change."""

    def condition(self, name: str, **conditions: float) -> None:
        """Set conditions of the network path to a service or backend."""

    def resolve(self, mode: str, missing: tuple[str, ...] = ()) -> None:
        """Set what the name server does."""

    def sql(self, application: str, statements: tuple[str, ...], *, repeat: bool = False) -> None:
        """Run statements in one session beside the shop; repeated until the recording ends where asked."""

    def cache(self, name: str, **settings: str) -> None:
        """Set settings of a Redis server that runs."""

    def cpu_used(self, service: str) -> float:
        """Cores that a service has used on average since the recording began."""

    def limit_cpu(self, service: str, cores: float) -> None:
        """Limit a service's processor time, in its control group."""

    def memory_used(self, service: str) -> int:
        """Bytes that a service's control group holds."""

    def limit_memory(self, service: str, size: int) -> None:
        """Limit a service's memory, in its control group; from now on it may be killed, and is started again."""

    def more_customers(self, rate: float, journey: str) -> None:
        """More journeys a second, of one kind or `mixed`, until the recording ends."""

    def buy_as(self, customer: str) -> None:
        """One purchase through the storefront."""

    def fill_volume(self, seconds: float) -> None:
        """Write files to the database's volume in so many seconds, until it is full."""

    def await_certificate_end(self) -> None:
        """Sleep until the third party's certificate has ended."""

    def break_probe(self, location: str) -> None:
        """From now on the checks from one location ask a wrong address."""


@dataclass(frozen=True)
class Injected:
    """What was done to the shop: when it began to hurt, the change that did it, and those that did not."""

    onset: datetime
    cause: Change | None
    decoys: tuple[Change, ...]


Move = Callable[[Stage], Change]
Strike = Callable[[Stage], Change | None]


@dataclass(frozen=True)
class Label:
    """The part of the truth that is known before anything is done. An entity of kind none: nothing is wrong."""

    fault_type: str
    entity: tuple[str, str]
    indicators: tuple[str, ...]
    blast_radius: tuple[str, ...]
    also_accept: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Scenario:
    """One case of an incident type: the shop it needs, what is done when, and what is true.

    `setup` belongs to the shop as it always was; `early` decoys are made in the baseline, `strike` at its end, `late`
    ones after it and before the page; `notices` only tell, and are no decoys. `rate` is a factor on the customers;
    `rules` are pages beside the shop's own; with `pages` False the shop's own stay silent.
    """

    label: Label
    strike: Strike
    plan: ShopPlan = SHOP
    early: tuple[Move, ...] = ()
    late: tuple[Move, ...] = ()
    setup: Callable[[Stage], None] = field(default=lambda _stage: None)
    notices: tuple[Move, ...] = ()
    rate: float = 1.0
    rules: Callable[[Timing], tuple[Rule, ...]] = field(default=lambda _timing: ())
    pages: bool = True

    def inject(self, stage: Stage) -> Injected:
        """Do it, at its times; return when the last change is made."""
        timing, decoys = stage.timing, []
        self.setup(stage)
        started = stage.now()
        for number, move in enumerate(self.early, start=1):
            stage.wait_until(timing.baseline * (0.25 + 0.6 * number / (len(self.early) + 0.5)))
            decoys.append(move(stage))
        stage.wait_until(timing.baseline)
        if self.plan.certificate_expires:
            stage.await_certificate_end()
        onset = stage.now()
        cause = self.strike(stage)
        for number, move in enumerate(self.late, start=1):
            stage.wait_until((onset - started).total_seconds() + timing.decoy_after * number)
            decoys.append(move(stage))
        for notice in self.notices:
            stage.wait_until(timing.baseline + timing.incident * 0.6)
            notice(stage)
        return Injected(onset, cause, tuple(decoys))

    def truth(self, injected: Injected) -> Truth:
        """What really happened."""
        label, cause = self.label, injected.cause
        return Truth(
            fault_type=label.fault_type,
            entity=label.entity,
            indicators=label.indicators,
            onset=None if label.entity == NOTHING else injected.onset,
            decoys=tuple(change.id for change in injected.decoys),
            blast_radius=label.blast_radius,
            trigger=None if cause is None else (cause.kind, cause.id),
            also_accept=label.also_accept,
        )


class IncidentType(Protocol):
    """One incident type: its file makes a case of it from a seed."""

    @property
    def name(self) -> str:
        """What `lab record` is given."""

    @property
    def summary(self) -> str:
        """One line for `lab list`."""

    def scenario(self, seed: int) -> Scenario:
        """A case: which service is struck, how hard, with which decoys, follows from the seed alone."""


def dice(name: str, seed: int) -> Random:
    """The chance of one case; a string seeds the same everywhere."""
    return Random(f"{name}:{seed}")


def in_turn(choices: Collection[str], seed: int) -> str:
    """One of the choices after the other, seed by seed from 1: so that a few seeds show them all."""
    return list(choices)[(seed - 1) % len(choices)]


HARMLESS: Mapping[str, tuple[str, str, Mapping[str, Scalar]]] = {
    "storefront": ("7.2.0", "new page title for the winter season", {"texts.title": "The winter shop"}),
    "catalog": (
        "3.8.1",
        "new recommendation banner and wording of the view log",
        {"texts.banner": "Customers also liked", "texts.view_wording": "viewed product"},
    ),
    "cart": ("2.3.2", "reword the log of added items", {"texts.added": "put"}),
    "payments": ("1.9.5", "reword the receipt line", {"texts.receipt": "authorised payment for order"}),
    "orders": ("1.14.3", "reword the log of stored orders", {"texts.stored": "kept"}),
    "checkout": ("4.2.1", "reword the log of placed orders", {"texts.placed": "is placed and paid"}),
    "notifier": ("0.9.3", "friendlier confirmation", {"texts.sent": "sent a friendly confirmation of order"}),
    "pricing": ("5.6.1", "reword the log of price lists", {"texts.done": "price list ready for category"}),
}


def harmless(service: str) -> Move:
    """A deploy that changes a wording and nothing else."""
    version, summary, edits = HARMLESS[service]
    request = DeployRequest(service, version, summary, edits)
    return lambda stage: stage.deploy(request)


def new_log_level(service: str) -> Move:
    """A configuration change that nothing reads before the next restart."""

    def move(stage: Stage) -> Change:
        path = f"config/{service}-logging.yaml"
        summary = "keep debug logs of the next restart for two days"
        return stage.change(
            "config", service, f"{service}-logging-7", summary, "keep_days: 1\n", "keep_days: 2\n", path
        )

    return move


def decoys(random: Random, struck: str, *, paged: str = "storefront") -> tuple[tuple[Move, ...], tuple[Move, ...]]:
    """Harmless changes around a fault: (early, late), on other services than the struck one, some on the paged one."""
    others = [service for service in HARMLESS if service not in (struck, paged)]
    random.shuffle(others)
    early = [harmless(others[0])]
    late = [harmless(others[1])]
    if random.random() < 0.5 and paged in HARMLESS and paged != struck:
        late.append(harmless(paged)) if random.random() < 0.5 else early.append(harmless(paged))
    if random.random() < 0.4:
        early.append(new_log_level(others[2]))
    return tuple(early), tuple(late)
