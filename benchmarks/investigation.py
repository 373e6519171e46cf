"""Benchmark: a whole investigation against BARO on the same recordings."""

from __future__ import annotations

import statistics
from functools import partial
from pathlib import Path

from benchmarks.base import Figure, Options, Result, interleaved
from benchmarks.running import investigated, ranked
from compass.data import __path__ as data_path
from compass.evaluation.rivals.baro import Baro
from compass.sources.recording.discover import find_recordings


class Investigation:
    id = "investigation"
    summary = "Time of a whole investigation (reading, screening, hypotheses, disproof) against BARO's, from cold."

    def run(self, options: Options) -> Result:
        folders = list(find_recordings(Path(next(iter(data_path)))))
        if options.recordings is not None:
            folders += find_recordings(options.recordings)
        ours, theirs, wall = [], [], []
        for folder in folders:
            costs = interleaved(
                {"us": partial(investigated, folder), "baro": partial(ranked, Baro(), folder)}, options.repeats
            )
            ours.append(costs["us"].cpu_s)
            theirs.append(costs["baro"].cpu_s)
            wall.append(costs["us"].wall_s)
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        return Result(
            benchmark=self.id, measured=f"{len(folders)} recordings (the packaged demo first), both in this process",
            figures=(
                Figure(name="COMPASS, processor time an incident (median)", value=statistics.median(ours), unit="s"),
                Figure(name="COMPASS, wall clock an incident (median)", value=statistics.median(wall), unit="s"),
                Figure(name="BARO, processor time an incident (median)", value=statistics.median(theirs), unit="s"),
                Figure(name="COMPASS / BARO, processor time (median of ratios)", value=ratio, unit="x"),
            ),
            notes=("BARO reads metrics and ranks services; COMPASS also reads logs, traces, changes and objects.",),
        )  # fmt: skip
