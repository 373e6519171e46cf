"""Application specialist: golden signals, errors and their meaning, runtime behaviour."""

from __future__ import annotations

from compass.agents.base import Charter
from compass.agents.screens.critical import CriticalScreen
from compass.agents.screens.log_judges import meaning_screen, path_screen, unusual_screen
from compass.agents.screens.metrics import MetricScreen
from compass.agents.screens.own_time import OwnTimeScreen
from compass.agents.screens.symptom import SymptomScreen
from compass.domain.telemetry import SignalKind as S

NAME = "application"
KINDS = frozenset({S.LATENCY, S.TRAFFIC, S.ERRORS, S.SUCCESS, S.THREADS, S.GC_TIME, S.RATE_LIMITED})

MEANINGS = frozenset({
    "log.rate_limited", "log.bad_data", "log.config", "log.exception", "log.cancelled", "log.auth", "log.timeout",
})  # fmt: skip

CHARTER = Charter(
    name=NAME,
    duty="latency, traffic, errors, logs, runtime",
    orients=frozenset({"symptom", "golden"}),
    screens=(
        SymptomScreen(agent=NAME),
        MetricScreen(agent=NAME, kinds=KINDS, id="golden", text="checking latency, traffic and errors"),
        OwnTimeScreen(agent=NAME),
        unusual_screen(NAME),
        path_screen(NAME),
        meaning_screen(NAME, MEANINGS),
    ),
    critical=(CriticalScreen(agent=NAME),),
)
