"""The report of an evaluation: what `compass eval --json` writes, and `compass eval diff` and CI read."""

from __future__ import annotations

from pathlib import Path

import msgspec

from compass.evaluation.answer import Ranked
from compass.evaluation.calibration import Calibration
from compass.evaluation.files import write_whole
from compass.evaluation.models.record import ModelFigures, ModelRecord
from compass.ports.errors import BadInputError

FORMAT = 1


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    """AC@k: share of `n` cases whose truth is among the first k; Avg@5 their mean for k = 1 … 5. 95 % intervals."""

    n: int
    ac1: float
    ac3: float
    ac5: float
    avg5: float
    ac1_interval: tuple[float, float]
    avg5_interval: tuple[float, float]


class TriggerAccuracy(msgspec.Struct, frozen=True, kw_only=True):
    """The change that did it. Abstaining is saying that no change did; None where there is nothing to divide by."""

    n: int
    ac1: float
    abstain_precision: float | None
    abstain_recall: float | None


class Led(msgspec.Struct, frozen=True, kw_only=True):
    """How often something other than an account was believed most, and how often that was right."""

    n: int
    right: int


class StrategyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts of one strategy: how many on wrong and on true theories, how many of each it refuted."""

    wrong: int
    wrong_refuted: int
    true: int
    true_refuted: int
    true_cut: int


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    median: float
    p95: float


class CaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One case. `rank` of the right entity and `diagnosis_rank` (None: not on the list, or no mechanism labelled)."""

    id: str
    fault_type: str
    ranked: tuple[Ranked, ...]
    not_listed: float
    no_incident: float
    seconds: float
    peak_mb: float
    work: float
    rank: int | None
    diagnosis_rank: int | None
    right: bool
    error: str | None
    model: ModelRecord | None = None


class SetReport(msgspec.Struct, frozen=True, kw_only=True):
    """One set of recordings. `diagnosis` is entity and mechanism, over the cases whose mechanism is labelled."""

    n: int
    entity: Accuracy
    diagnosis: Accuracy | None
    trigger: TriggerAccuracy | None
    decoys_blamed: int
    decoys_labelled: int
    calibration: Calibration
    not_listed_led: Led
    no_incident_led: Led
    strategies: dict[str, StrategyRecord]
    fault_types: dict[str, Accuracy]
    seconds: Spread
    work: Spread
    peak_mb: float
    errors: int
    cases: tuple[CaseLine, ...]
    model: ModelFigures | None = None


class RivalReport(msgspec.Struct, frozen=True, kw_only=True):
    """One rival on one set: the same accuracy, its own time and errors."""

    entity: Accuracy
    seconds: Spread
    errors: int


class Repeats(msgspec.Struct, frozen=True, kw_only=True):
    """How many runs there were of every case, and the cases whose answer was not the same each time."""

    runs: int
    changed: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. `calibration` is over all cases of all sets; `rivals`: rival → set → figures. `model`: the sort
    of scripted model that took part, if any; `every_call`: without routing, caching and early stop."""

    format: int
    compass: str
    engine: str
    table_sha256: str
    sets: dict[str, SetReport]
    calibration: Calibration
    rivals: dict[str, dict[str, RivalReport]] = {}
    repeats: Repeats | None = None
    model: str = ""
    every_call: bool = False


def write_report(report: Report, path: Path) -> None:
    """Write the report as JSON, whole or not at all. Raises BadInputError when it cannot be written."""
    text = msgspec.json.format(msgspec.json.encode(report, order="sorted"), indent=1)
    write_whole(path, text + b"\n")


def read_report(path: Path) -> Report:
    """Raises BadInputError when the file is no report of this format."""
    hint = "give a file that `compass eval --json FILE` of this version wrote"
    try:
        report = msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError as error:
        raise BadInputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except msgspec.DecodeError as error:
        raise BadInputError(f"this is no evaluation report: {error}", where=str(path), hint=hint) from error
    if report.format != FORMAT:
        raise BadInputError(f"this report has format {report.format}, not {FORMAT}", where=str(path), hint=hint)
    return report
