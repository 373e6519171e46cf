"""Benchmark: how the cost of an investigation grows with the number of series, lines and spans."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.base import Figure, Options, Result, interleaved
from benchmarks.making.recordings import Size, write
from benchmarks.running import investigated

SIZES = {
    "series": (5_000, 10_000, 20_000, 40_000),
    "lines": (50_000, 100_000, 200_000, 400_000),
    "spans": (100_000, 200_000, 400_000, 800_000),
}
LINEAR = 1.15
"""An exponent up to here counts as about linear."""


def slope(sizes: list[int], costs: list[float]) -> float:
    """The exponent b of cost = a · size^b, least squares on logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


class Scaling:
    id = "scaling"
    summary = "Processor time of whole investigations while one part of a generated recording grows."

    def run(self, options: Options) -> Result:
        figures: list[Figure] = []
        with tempfile.TemporaryDirectory() as made:
            tiny = write(Path(made) / "tiny", Size())
            fixed = interleaved({"tiny": partial(investigated, tiny)}, options.repeats)["tiny"].cpu_s
            figures.append(Figure(name="tiny recording, all parts", value=fixed, unit="s"))
            for part, sizes in SIZES.items():
                chosen = [size // 4 for size in sizes[:3]] if options.quick else list(sizes)
                folders = {
                    size: write(Path(made) / f"{part}-{size}", replace(Size(), **{part: size})) for size in chosen
                }
                works = {str(size): partial(investigated, folder) for size, folder in folders.items()}
                costs = interleaved(works, 1, warm=False)
                added = [max(costs[str(size)].cpu_s - fixed, 1e-3) for size in chosen]
                figures += [
                    Figure(name=f"{size:,} {part}", value=cost, unit="s")
                    for size, cost in zip(chosen, added, strict=True)
                ]
                found = slope(chosen, added)
                figures.append(
                    Figure(
                        name=f"exponent of {part}",
                        value=round(found, 2),
                        aim=f"about linear (at most {LINEAR})",
                        met=found <= LINEAR,
                    )
                )
        return Result(
            benchmark=self.id, measured="recordings of one hour with 20 services", figures=tuple(figures),
            notes=("Each figure is what the part adds to the tiny recording's cost; the exponent is a log-log slope.",),
        )  # fmt: skip
