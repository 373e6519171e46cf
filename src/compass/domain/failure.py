"""Failure is a defined outcome (DESIGN §5)."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class FailureMode(StrEnum):
    NO_HYPOTHESIS = "no_hypothesis"
    ALL_HYPOTHESES_DISPROVEN = "all_hypotheses_disproven"
    NO_INCIDENT = "no_incident"
    LLM_UNAVAILABLE = "llm_unavailable"
    WRONG_CONCLUSION = "wrong_conclusion"
    SOURCE_LOST = "source_lost"
    BUDGET_REACHED = "budget_reached"
    INTERRUPTED = "interrupted"
    BAD_INPUT = "bad_input"


class ExitCode(IntEnum):
    """0 done, 1 the investigation failed, 2 usage or configuration, 3 inconclusive, 130 stopped by a human."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    STOPPED = 130


class Status(StrEnum):
    """Where an investigation stands."""

    RUNNING = "running"
    DONE = "done"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"
    STOPPED = "stopped"
