"""Application specialist: golden signals, errors and their meaning, runtime behaviour."""

from __future__ import annotations

from compass.agents.base import Charter
from compass.agents.screens.metrics import MetricScreen
from compass.agents.screens.symptom import SymptomScreen
from compass.domain.telemetry import SignalKind as S

NAME = "application"
KINDS = frozenset({S.LATENCY, S.TRAFFIC, S.ERRORS, S.SUCCESS, S.THREADS, S.GC_TIME, S.RATE_LIMITED})

CHARTER = Charter(
    name=NAME,
    duty="latency, traffic, errors, logs, runtime",
    screens=(
        SymptomScreen(agent=NAME),
        MetricScreen(agent=NAME, kinds=KINDS, id="golden", text="checking latency, traffic and errors"),
    ),
)
