"""Bayesian online change point detection on several dimensions.

Adams & MacKay, "Bayesian Online Changepoint Detection" (2007): a posterior over the run length, the number of samples
since the last change, is updated with every sample. Within a run samples are normal with unknown mean and covariance
under a normal-inverse-Wishart prior, so the predictive of each run length is a multivariate Student t (Murphy,
"Conjugate Bayesian analysis of the Gaussian distribution", 2007, §8.3 and equations 250-254).
"""

from __future__ import annotations

import math

import numpy as np

from compass.tables.series import Floats, Ints

KAPPA = 1.0
"""Pseudo-samples behind the prior mean."""


def run_lengths(samples: Floats, mean_run: float) -> Ints:
    """The most probable run length [times] after each sample of `samples` [times, dimensions], all finite.

    A run length of r says that the newest r samples belong together. A change comes with probability 1 / `mean_run` at
    every sample (`mean_run` > 1). Dimensions should be centred and of unit size: the prior is a standard normal.
    Costs O(times² · dimensions²) time and O(times · dimensions²) memory.
    """
    times, size = samples.shape
    likely = np.zeros(times, dtype=np.int64)
    hazard, stay = math.log(1.0 / mean_run), math.log1p(-1.0 / mean_run)
    mean, inverse = np.zeros((1, size)), np.eye(size)[None]
    log_det = np.zeros(1)
    log_run = np.zeros(1)  # log P(run length | samples so far)
    constant = _constants(times + 1, size)
    for t in range(times):
        runs = np.arange(t + 1, dtype=np.float64)
        kappa, degrees = KAPPA + runs, runs + 2.0  # nu = size + 1 + run, of which the t has nu - size + 1
        off = samples[t] - mean
        along = np.einsum("rij,rj->ri", inverse, off)
        square = np.einsum("ri,ri->r", off, along)
        shrink = kappa / (kappa + 1.0)
        width = 0.5 * (log_det - size * np.log(shrink))
        predictive = constant[: t + 1] - width - 0.5 * (degrees + size) * np.log1p(shrink * square)
        grown = log_run + predictive + stay
        fresh = np.logaddexp.reduce(log_run + predictive) + hazard
        log_run = np.r_[fresh, grown]
        log_run -= np.logaddexp.reduce(log_run)
        likely[t] = int(np.argmax(log_run))
        # The scale matrix grows by shrink · off offᵀ: Sherman–Morrison for its inverse, the matrix determinant lemma.
        inverse = inverse - (shrink / (1.0 + shrink * square))[:, None, None] * along[:, :, None] * along[:, None, :]
        inverse = np.concatenate([np.eye(size)[None], inverse])
        log_det = np.r_[0.0, log_det + np.log1p(shrink * square)]
        mean = np.concatenate([np.zeros((1, size)), mean + off / (kappa + 1.0)[:, None]])
    return likely


def _constants(count: int, size: int) -> Floats:
    """What of the Student t's log density depends on the run length alone."""
    found = [
        math.lgamma((run + 2 + size) / 2) - math.lgamma((run + 2) / 2) - size / 2 * math.log(math.pi)
        for run in range(count)
    ]  # fmt: skip
    return np.array(found)


def change_points(samples: Floats, mean_run: float) -> Ints:
    """Indices of the first sample of every run that at some time became the most probable one, ascending.

    The first run, which begins with the data, is no change.
    """
    times = samples.shape[0]
    if times == 0 or samples.shape[1] == 0:
        return np.empty(0, dtype=np.int64)
    starts = np.unique(np.arange(1, times + 1) - run_lengths(samples, mean_run))
    return np.asarray(starts[(starts > 0) & (starts < times)], dtype=np.int64)
