"""How far a share from few cases can be trusted."""

from __future__ import annotations

import math

Z_95 = 1.959964


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a proportion (Wilson, JASA 22, 1927). (0, 1) for no cases."""
    if n <= 0:
        return 0.0, 1.0
    share, z2 = right / n, Z_95 * Z_95
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # Rounding may not put the share itself outside, as it would at 0 of 3.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
