"""A fitted table as the text of its file, which says itself how it was fitted."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import yaml

from compass.analysis.likelihood import Fitted
from compass.evaluation.fitting.fit import Fit, Tried

_HEAD = """\
# How much each result says. Loaded by compass.analysis.likelihood; its SHA-256 stands in every posterior.
# Written by `compass eval fit`: do not edit, fit again.
#
# Figures are natural-log units or probabilities. P(outcome | ...) need not add up to 1: what is missing is
# `ambiguous` and `no_data`, which move nothing. `holds`: the theory is true. `fitted: true`: rests on counted
# incidents, and is therefore not tempered by the quality of what was seen. Weights in `patterns` are multiplied by the
# weight of the pattern, the strength of the observation and its quality; those in `incident` by the strength.
"""


def table_text(fit: Fit, sets: Mapping[str, int], at: str, called: Mapping[str, str]) -> str:
    """The file. `sets`: name → number of incidents it was fitted on; `at`: the date; `called`: name → what the file
    calls a set instead."""
    tried = next(t for t in fit.tried if t.model == fit.chosen)
    table = msgspec.structs.replace(fit.table, fitted=Fitted(
        how=f"{fit.chosen.name}; {_left_out(tried, called)}", at=at,
        on=", ".join(f"{called.get(name, name)} ({n})" for name, n in sorted(sets.items())),
    ))  # fmt: skip
    values = msgspec.to_builtins(table)
    del values["sha256"]
    return _HEAD + yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=116)


def _left_out(tried: Tried, called: Mapping[str, str]) -> str:
    parts = [
        f"{called.get(s.name, s.name)}: log loss {s.calibration.log_loss:.3f} "
        f"(base rate {s.calibration.log_loss_base:.3f}), calibration error {s.calibration.ece:.3f}"
        for s in tried.sets
    ]
    return f"with each set left out in turn, {'; '.join(parts)}"
