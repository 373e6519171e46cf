"""One line for each lost source, however many steps failed by it."""

from __future__ import annotations

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.telemetry import Health, HealthStatus, Loss
from compass.domain.time import NS_PER_S
from compass.projections.board import fold_all
from compass.projections.build_view import build_view
from compass.projections.lost import lost_lines, reason
from compass.projections.view import LostLine
from tests.support.boards import INCIDENT, NOW_NS, events

WHY = "loki: cannot be reached (is it up?)"
LOGS = Loss(source="loki", why=WHY, hides="what programs wrote cannot be seen", since_ns=NOW_NS)


def health(part: str, *lost: Loss, status: HealthStatus = HealthStatus.LOST) -> Health:
    return Health(source="live", part=part, status=status, lost=lost)


def failed(agent: str, error: str) -> c.AgentFailed:
    return c.AgentFailed(agent=agent, step=f"{agent}/a", round=1, error=error, hides=f"what {agent} would have seen")


def board(*payloads: c.Payload) -> Board:
    opened = c.Opened(
        incident=INCIDENT, specialists=("application", "network"), commander="policy:unattended", engine="e", mode="m"
    )
    return fold_all(events([opened, *payloads]))


def test_what_follows_from_a_lost_source_is_one_line_and_the_rest_stays() -> None:
    folded = board(
        c.SourcesChecked(health=(health("logs", LOGS), Health(source="live", part="metrics", status=HealthStatus.OK))),
        c.GapNamed(gap=f"logs: {WHY}", hides=LOGS.hides),
        failed("application", WHY), failed("network", WHY), failed("network", "ZeroDivisionError: by zero"),
        c.GapNamed(gap="no pool metrics", hides="exhausted pools"),
    )  # fmt: skip
    view = build_view(folded, {}, id="some-id", number=1)
    assert view.lost == (
        LostLine(source="loki", parts=("logs",), since_ns=NOW_NS, why=(WHY,), hides=(LOGS.hides,),
                 agents=("application", "network")),
    )  # fmt: skip
    assert sorted(gap for gap, _ in view.gaps) == ["network: ZeroDivisionError: by zero", "no pool metrics"]
    assert len(folded.gaps) == 5, "the chronicle keeps every one"
    assert reason(view.lost[0]) == "cannot be reached (is it up?)"


def test_a_source_that_lost_several_parts_is_one_line() -> None:
    other = Loss(source="prom", why="prom: gave no alerts", hides="which alerts fired", since_ns=NOW_NS - NS_PER_S)
    lines = lost_lines(
        [
            health("metrics", Loss(source="prom", why="prom: 503", hides="every metric", since_ns=NOW_NS)),
            health("alerts", other), health("logs", LOGS, status=HealthStatus.DEGRADED),
        ],
        [("application", "prom: 503"), ("tracing", "prom: gave no alerts"), ("change", "another error")],
    )  # fmt: skip
    assert [(line.source, line.parts) for line in lines] == [("loki", ("logs",)), ("prom", ("metrics", "alerts"))]
    assert (lines[1].agents, lines[1].since_ns) == (("application", "tracing"), NOW_NS - NS_PER_S)
    assert reason(lines[1]) == "503; gave no alerts"


def test_nothing_lost_leaves_every_gap() -> None:
    folded = board(failed("network", "loki: no such thing"))
    view = build_view(folded, {}, id="some-id", number=1)
    assert (view.lost, len(view.gaps)) == ((), 1)
