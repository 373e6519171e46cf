"""The incident types: one file each, listed here."""

from __future__ import annotations

from collections.abc import Mapping

from lab.incidents.base import Incident
from lab.incidents.pool_exhaustion import PoolExhaustion

INCIDENTS: Mapping[str, Incident] = {incident.name: incident for incident in (PoolExhaustion(),)}
