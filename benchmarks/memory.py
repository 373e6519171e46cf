"""Benchmark: the largest resident set of an investigation on a large recording."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.base import Figure, Options, Result
from benchmarks.making.recordings import POINTS, Size, write
from benchmarks.running import investigated

LARGE = Size(series=40_000, lines=3_000_000, spans=3_000_000)
SMALL = Size(series=4_000, lines=100_000, spans=100_000)
LIMIT_MB = 1000.0
AIM = f"under {LIMIT_MB:,.0f} MB"
KB_PER_MB = 1024


class Memory:
    id = "memory"
    summary = "Peak memory (resident set) of a whole investigation in a process of its own."

    def run(self, options: Options) -> Result:
        size = SMALL if options.quick else LARGE
        with tempfile.TemporaryDirectory() as made:
            folder = write(Path(made) / "large", size)
            disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
            ran = subprocess.run(
                [sys.executable, "-m", "benchmarks.memory", str(folder)], check=True, capture_output=True, text=True
            )  # fmt: skip
        peak, cpu_s, observations = (float(word) for word in ran.stdout.split())
        return Result(
            benchmark=self.id,
            measured=f"{size.series:,} series x {POINTS}, {size.lines:,} lines, {size.spans:,} spans: {disk:,.0f} MB",
            figures=(
                Figure(name="peak resident set", value=peak, unit="MB", aim=AIM, met=peak < LIMIT_MB),
                Figure(name="processor time", value=cpu_s, unit="s"),
                Figure(name="observations", value=observations),
            ),
        )  # fmt: skip


def main() -> None:
    """Investigate the recording named first and print its peak memory (MB), processor time (s), observations."""
    board = investigated(Path(sys.argv[1]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_maxrss / KB_PER_MB, used.ru_utime + used.ru_stime, len(board.observations))


if __name__ == "__main__":
    main()
