"""The same signals, measured again after the investigation: what came of them since."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from compass.domain.entity import EntityRef
from compass.domain.time import Window


class Recovery(StrEnum):
    """Where a signal, or all of them together, stands between how bad it was and how it usually is."""

    RECOVERED = "recovered"
    RECOVERING = "recovering"
    UNCHANGED = "unchanged"
    WORSE = "worse"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalNow:
    """One observation (by id) whose series was measured again. `before` is how bad it was, `usual` its baseline, `now`
    its level in the last third of the new window; None where that is not known, and `note` says why.

    `symptom`: it is one of the incident's symptoms, not only evidence of its leading account.
    """

    observation: str
    entity: EntityRef
    text: str
    before: float | None
    usual: float | None
    now: float | None
    unit: str
    state: Recovery
    symptom: bool
    note: str = ""


class AlertState(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"
    UNKNOWN = "unknown"  # nobody could be asked


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNow:
    """An alert that the investigation knew. `paged`: its words are the page's. `ended_ns` where that was seen."""

    name: str
    entity: EntityRef | None
    state: AlertState
    paged: bool = False
    since_ns: int | None = None
    ended_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechecked:
    """Signals and alerts of the incident as they stood in `window`, which ends at `at_ns`.

    `not_measured` counts facts that rest on neither a series nor a count of lines; `lost` says in words what could not
    be asked.
    """

    at_ns: int
    window: Window
    state: Recovery
    signals: tuple[SignalNow, ...]
    alerts: tuple[AlertNow, ...] = ()
    not_measured: int = 0
    lost: tuple[str, ...] = ()
