"""What an incident type is, and what the lab gives it to work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lab.fleet import DeployRequest
from lab.recorder.changes import Change
from lab.recorder.recording import Truth
from lab.shop.plan import ShopPlan


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

    def wait_until(self, seconds: float) -> None:
        """Sleep until so many seconds after the start of the recording."""

    def deploy(self, request: DeployRequest) -> Change:
        """Really deploy a configuration; the change is recorded."""


@dataclass(frozen=True)
class Injected:
    """What was done to the shop: the change that hurts, and those that do not."""

    cause: Change
    decoys: tuple[Change, ...]


class Incident(Protocol):
    """One incident type."""

    @property
    def name(self) -> str:
        """What `lab record` is given."""

    @property
    def summary(self) -> str:
        """One line for `lab list`."""

    def prepare(self, plan: ShopPlan) -> ShopPlan:
        """The shop this incident needs."""

    def inject(self, stage: Stage) -> Injected:
        """Do it, at its times; return when the last change is made."""

    def truth(self, injected: Injected) -> Truth:
        """What really happened."""
