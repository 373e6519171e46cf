"""An event that the notifier cannot handle stays first in its queue."""

from __future__ import annotations

from dataclasses import dataclass

from lab.fleet import DeployRequest
from lab.incidents.base import Label, Scenario, Stage, Timing, decoys, dice
from lab.recorder.alerts import Gauge, Rule

LAG = Gauge("redis_stream_group_lag", (("group", "notifier"),), "{value:.0f} order events wait for the notifier")
INDICATORS = ("redis_stream_group_lag", "messaging_process_duration_seconds_count")
MOST_WAITING = 20


@dataclass(frozen=True)
class PoisonMessage:
    """The page comes from the queue, not from the front: customers can still buy."""

    name: str = "poison-message"
    summary: str = "one customer's order, or a deploy of checkout, makes events that the notifier cannot read"

    def scenario(self, seed: int) -> Scenario:
        """Odd seeds: one strange customer, no change. Even ones: a deploy renames a field of every event."""
        random = dice(self.name, seed)
        by_deploy = seed % 2 == 0
        early, late = decoys(random, "checkout", paged="notifier")
        request = DeployRequest(
            service="checkout",
            version="4.3.0",
            summary="events name the customer as the other teams do",
            edits={"texts.customer_field": "customer_id"},
        )
        label = Label(
            fault_type="poison_message",
            entity=("service", "checkout" if by_deploy else "notifier"),
            indicators=INDICATORS,
            blast_radius=("notifier",) if by_deploy else (),
            also_accept=(("service", "notifier"),) if by_deploy else (),
        )
        return Scenario(
            label=label,
            strike=(lambda stage: stage.deploy(request)) if by_deploy else _strange_customer,
            early=early,
            late=late,
            rate=random.uniform(0.9, 1.1),
            rules=queue_page,
        )


def _strange_customer(stage: Stage) -> None:
    stage.buy_as("guest")


def queue_page(timing: Timing) -> tuple[Rule, ...]:
    """Too many events wait."""
    return (Rule("NotificationsLate", "notifier", "critical", LAG, MOST_WAITING, timing.alert_hold),)
