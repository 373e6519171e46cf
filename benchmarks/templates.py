"""Benchmark: log templates against Drain3 on the same lines."""

from __future__ import annotations

import importlib
import importlib.util
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, cast

from benchmarks.base import Figure, Options, Result, interleaved
from benchmarks.making.lines import accuracy, generate
from compass.analysis.templates import mine

SEEDS = (1, 2, 3)
AIM = 5.0
MASKS = (
    (r"((?<=[^A-Za-z0-9])|^)(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))((?=[^A-Za-z0-9])|$)", "ID"),
    (r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})((?=[^A-Za-z0-9])|$)", "IP"),
    (r"((?<=[^A-Za-z0-9])|^)(0x[a-f0-9A-F]+)((?=[^A-Za-z0-9])|$)", "HEX"),
    (r"((?<=[^A-Za-z0-9])|^)([\-\+]?\d+)((?=[^A-Za-z0-9])|$)", "NUM"),
)
"""Masks of the sort its documentation shows."""


class _Miner(Protocol):
    def add_log_message(self, line: str) -> dict[str, object]: ...


def _drain(lines: Sequence[str], masks: Sequence[tuple[str, str]]) -> list[int]:
    """Cluster of every line."""
    config = importlib.import_module("drain3.template_miner_config").TemplateMinerConfig()
    instruction = importlib.import_module("drain3.masking").MaskingInstruction
    config.profiling_enabled = False
    config.masking_instructions = [instruction(pattern, name) for pattern, name in masks]
    miner = cast(_Miner, importlib.import_module("drain3").TemplateMiner(config=config))
    return [int(str(miner.add_log_message(line)["cluster_id"])) for line in lines]


class Templates:
    id = "templates"
    summary = "Log templates: lines a second and grouping accuracy, against Drain3 on the same lines."

    def run(self, options: Options) -> Result:
        count = 20_000 if options.quick else 200_000
        methods: dict[str, Callable[[list[str]], object]] = {"COMPASS": lambda lines: mine(lines).ids}
        if importlib.util.find_spec("drain3") is not None:
            methods["Drain3"] = lambda lines: _drain(lines, ())
            methods["Drain3 with masks"] = lambda lines: _drain(lines, MASKS)
        seeds = SEEDS[: options.repeats]
        speed: dict[str, list[float]] = {name: [] for name in methods}
        right: dict[str, list[float]] = {name: [] for name in methods}
        for seed in seeds:
            lines, truth = generate(seed, count)
            found: dict[str, object] = {}

            def work(name: str, lines: list[str] = lines, found: dict[str, object] = found) -> None:
                found[name] = methods[name](lines)

            costs = interleaved({name: partial(work, name) for name in methods}, 1, warm=False)
            for name in methods:
                speed[name].append(count / costs[name].cpu_s)
                right[name].append(accuracy(cast(Sequence[int], found[name]), truth))
        return Result(
            benchmark=self.id, measured=f"{count:,} generated lines of 200 statements, {len(seeds)} seeds",
            figures=tuple(self._figures(speed, right)),
            notes=() if len(methods) > 1 else ("drain3 is not installed: make bench installs it",),
        )  # fmt: skip

    @staticmethod
    def _figures(speed: dict[str, list[float]], right: dict[str, list[float]]) -> list[Figure]:
        figures = []
        for name, values in speed.items():
            figures.append(Figure(name=f"{name}: lines a second (median of seeds)", value=statistics.median(values)))
            figures.append(
                Figure(name=f"{name}: grouping accuracy (median)", value=round(statistics.median(right[name]), 3))
            )
            figures.append(Figure(name=f"{name}: grouping accuracy (worst seed)", value=round(min(right[name]), 3)))
        for name in speed:
            if name != "COMPASS":
                ratio = statistics.median(a / b for a, b in zip(speed["COMPASS"], speed[name], strict=True))
                better = all(a >= b for a, b in zip(right["COMPASS"], right[name], strict=True))
                figures.append(
                    Figure(
                        name=f"times as fast as {name}",
                        value=ratio,
                        unit="x",
                        aim=f"at least {AIM:g} x",
                        met=ratio >= AIM,
                    )
                )
                figures.append(
                    Figure(name=f"as accurate as {name} on every seed", value=float(better), aim="yes", met=better)
                )
        return figures
