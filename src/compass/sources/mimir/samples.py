"""Samples of an answer as columns. Millions of them: the numbers are never made into Python objects one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from compass.ports.errors import SourceRefusedError
from compass.sources.http.replies import Reply
from compass.sources.live.gathered import Floats, Ints

_MS_NS = 1_000_000
_PUNCTUATION = b'[]"'
_NOTHING = msgspec.Raw(b"[]")


class _Series(msgspec.Struct):
    metric: dict[str, str] = {}
    value: msgspec.Raw = _NOTHING
    values: msgspec.Raw = _NOTHING
    histogram: msgspec.Raw = _NOTHING
    histograms: msgspec.Raw = _NOTHING


class _Data(msgspec.Struct, rename="camel"):
    result_type: str
    result: msgspec.Raw


class _Answer(msgspec.Struct):
    data: _Data
    warnings: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Series with their samples. `series[i]` is the place of sample i's series in `labels` (`__name__` included).

    `native` counts series of native histograms, which are left out.
    """

    labels: Sequence[Mapping[str, str]]
    series: Ints
    time_ns: Ints
    value: Floats
    native: int = 0
    warnings: tuple[str, ...] = ()


def read_matrix(reply: Reply) -> Measured:
    """An instant vector or a matrix. Raises SourceRefusedError for anything else."""
    answer = reply.json(_Answer)
    if answer.data.result_type not in ("matrix", "vector"):
        raise SourceRefusedError(
            f"answered with a {answer.data.result_type} where series were asked", where=reply.where
        )
    try:
        found = msgspec.json.decode(answer.data.result, type=list[_Series])
        points = [_pairs(one.values if one.values != _NOTHING else one.value) for one in found]
    except (msgspec.DecodeError, ValueError) as error:
        raise SourceRefusedError(f"answered with samples that cannot be read: {error}", where=reply.where) from error
    kept = [i for i, pairs in enumerate(points) if pairs.size]
    native = sum(one.histograms != _NOTHING or one.histogram != _NOTHING for one in found)
    pairs = np.concatenate([points[i] for i in kept]) if kept else np.empty((0, 2))
    return Measured(
        labels=[found[i].metric for i in kept],
        series=np.repeat(np.arange(len(kept), dtype=np.int64), [points[i].shape[0] for i in kept]),
        time_ns=np.round(pairs[:, 0] * 1000).astype(np.int64) * _MS_NS, value=pairs[:, 1].copy(),
        native=native, warnings=tuple(answer.warnings),
    )  # fmt: skip


def _pairs(raw: msgspec.Raw) -> Floats:
    """[n, 2]: seconds and value, from `[[1.5,"2"],...]` or `[1.5,"2"]`."""
    text = bytes(raw).translate(None, _PUNCTUATION)
    if not text.strip():
        return np.empty((0, 2))
    words = text.split(b",")
    return np.array(words, dtype=np.float64).reshape(-1, 2)
