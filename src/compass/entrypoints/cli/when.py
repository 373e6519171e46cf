"""Times as people type them: 30m, 2h, 14:05, 2026-11-23T14:05Z, epoch seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from compass.domain.time import NS_PER_S, from_datetime, to_datetime
from compass.ports.errors import BadInputError

_DURATION = re.compile(r"(\d{1,9})\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FURTHEST_S = 10 * 365 * _SECONDS["d"]
EXAMPLE = "for example 30m, 2h, 14:05 or 2026-11-23T14:05Z"


def parse_when(text: str, reference_ns: int, option: str) -> int:
    """Nanoseconds since the epoch. A duration counts back from `reference_ns`; a time without a zone is UTC.

    Raises BadInputError naming `option` and an example that works.
    """
    cleaned = text.strip()
    parts = _DURATION.findall(cleaned)
    if parts and not _DURATION.sub("", cleaned).strip():
        back_s = sum(int(n) * _SECONDS[unit] for n, unit in parts)
        if back_s > _FURTHEST_S:
            raise BadInputError(f"“{text}” is more than ten years back", where=option, hint=EXAMPLE)
        return reference_ns - back_s * NS_PER_S
    if re.fullmatch(r"\d{9,11}", cleaned):
        return int(cleaned) * NS_PER_S
    clock = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", cleaned)
    if clock:
        return _time_of_day(clock, reference_ns, text, option)
    try:
        moment = datetime.fromisoformat(cleaned)
    except ValueError:
        raise BadInputError(f"cannot read the time “{text}”", where=option, hint=EXAMPLE) from None
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _time_of_day(clock: re.Match[str], reference_ns: int, text: str, option: str) -> int:
    """The latest such time of day that is not after the reference."""
    reference = to_datetime(reference_ns)
    try:
        moment = reference.replace(
            hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3] or 0), microsecond=0
        )  # fmt: skip
    except ValueError:
        raise BadInputError(f"there is no time “{text}”", where=option, hint=EXAMPLE) from None
    if moment > reference:
        moment -= timedelta(days=1)
    return from_datetime(moment)
