"""Work on many recordings in processes of their own: a time limit and a memory figure each, and no state between."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as LateError
from pathlib import Path
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

R = TypeVar("R")

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def run_all(
    folders: Sequence[Path], work: Callable[[Path], R], lost: Callable[[Path, str], R], *, jobs: int, limit_s: float,
    preload: Sequence[str] = (),
) -> Iterator[R]:  # fmt: skip
    """`work` on every folder, at most `jobs` at the same time, in the order of `folders`.

    A worker that takes longer than `limit_s` is ended. `lost` makes the result of one that was ended or died: it gets
    the folder and why. `preload`: modules that the template process loads once. An exception of `work` is raised.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    for name in _THREADS:  # a worker is one of `jobs`: more threads than that would only fight for the cores
        os.environ.setdefault(name, "1")
    with ProcessPool(max_workers=jobs, max_tasks=1, context=context) as pool:
        waiting = [(folder, pool.schedule(work, args=[folder], timeout=limit_s)) for folder in folders]
        try:
            for folder, future in waiting:
                yield _result(folder, future.result, lost, limit_s)
        except BaseException:  # a person's Ctrl-C above all: nothing may be left running
            pool.stop()  # type: ignore[no-untyped-call]
            raise


def _result(folder: Path, result: Callable[[], R], lost: Callable[[Path, str], R], limit_s: float) -> R:
    try:
        return result()
    except LateError:
        return lost(folder, f"took longer than {limit_s:g} s and was ended")
    except ProcessExpired as error:
        return lost(folder, f"the worker process died (exit code {error.exitcode})")
