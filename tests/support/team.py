"""Team knowledge for tests: a folder that says something in every section, and readers of folders."""

from __future__ import annotations

import os
import subprocess
from datetime import date
from functools import cache
from pathlib import Path

from compass.mechanisms.loader import Catalogue, load_catalogue
from compass.team.reading import Reading, read_knowledge

TODAY = date(2026, 11, 26)
EVERYTHING = """\
scope: {service: orders, namespace: shop}
normal:
  - id: month-end
    signs: latency.up
    kinds: [service, pod]
    at_most: 3
    unit: s
    during: Mon-Fri 22:00-06:00 Europe/Berlin
    why: the books are closed
false_alarms:
  - id: flapping
    alerts: [OrdersSlow]
    until: 2027-01-01
critical_errors:
  - id: ledger
    lines: ["ledger * is corrupt"]
    means: money is lost
known_issues:
  - id: small-pool
    signs: [pool.exhausted]
    lines: [no connection left]
    says: the pool is too small for the sale
    mechanism: connection_pool_exhausted
    entity: orders-db
    workaround: raise it
    link: https://example.org/1
maintenance:
  - id: backup
    says: nightly backup
    when:
      - Sun 01:00-03:00
      - 2026-12-01 22:00 to 2026-12-02 02:00 Europe/Berlin
      - 2026-12-03T10:00Z to open
dependencies:
  - {caller: orders, callee: orders-db, kind: database}
escalation:
  - {who: payments, how: "#payments", severities: [sev1, SEV2]}
"""
CATALOGUES = """\
scope: global
metrics:
  - {name: orders_wait, kind: pool_wait, where: {pool: 2026-01-01}, scale: 0.001, why: ours}
mechanisms:
  - id: paper_jam
    claim: "{entity} has no paper left."
    family: house
    strikes: [app, node]
    owner: infrastructure
    requires: ["team.jam | disk.full at host weight 0.7"]
"""


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


def write(folder: Path, text: str, name: str = "orders.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def whole(folder: Path) -> Path:
    """A folder with something in every section."""
    write(folder, EVERYTHING, "services/orders.yaml")
    write(folder, CATALOGUES, "global.yml")
    return folder


def read(folder: Path) -> Reading:
    return read_knowledge(folder, catalogue(), TODAY)


def said(folder: Path) -> list[str]:
    """Everything that is wrong, as people see it."""
    return [str(problem) for problem in read(folder).problems]


def git(folder: Path, *words: str) -> str:
    """What git prints, under no settings but the repository's own."""
    own = {"HOME": str(folder), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *words], cwd=folder, env=own, check=True, capture_output=True, text=True)
    return done.stdout.strip()
