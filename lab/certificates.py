"""A certificate authority for one recording, with the openssl command: certificates that end on the second."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.processes import LabError

AUTHORITY_DAYS, DAYS = 365, 90
CONFIG = """
[ca]
default_ca = lab
[lab]
dir = .
database = index.txt
new_certs_dir = .
serial = serial.txt
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


@dataclass(frozen=True)
class Identity:
    """A server's certificate and key, and the authority that signed it."""

    authority: Path
    certificate: Path
    key: Path
    ends: datetime


def issue(folder: Path, name: str, valid_until: datetime | None = None) -> Identity:
    """A certificate for a server on loopback, valid for 90 days or until an instant."""
    folder.mkdir()
    (folder / "ca.cnf").write_text(CONFIG, encoding="ascii")
    (folder / "index.txt").write_text("", encoding="ascii")
    (folder / "serial.txt").write_text("01\n", encoding="ascii")
    until = valid_until or datetime.now(UTC) + timedelta(days=DAYS)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    ours = ("-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=lab authority")
    _run(folder, "req", "-x509", *key, *usage, *ours, "-days", str(AUTHORITY_DAYS))
    _run(
        folder, "req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={name}",
        "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-addext", "extendedKeyUsage=serverAuth",
    )  # fmt: skip
    dates = ("-startdate", _date(datetime.now(UTC) - timedelta(days=DAYS)), "-enddate", _date(until))
    signing = ("-config", "ca.cnf", "-batch", "-notext", "-keyfile", "ca.key", "-cert", "ca.pem")
    _run(folder, "ca", *signing, *dates, "-in", "server.csr", "-out", "server.pem")
    return Identity(folder / "ca.pem", folder / "server.pem", folder / "server.key", until.replace(microsecond=0))


def _date(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")


def _run(folder: Path, *arguments: str) -> None:
    try:
        done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, timeout=30, check=False)
    except FileNotFoundError as error:
        raise LabError("needs the openssl command") from error
    if done.returncode != 0:
        raise LabError(f"openssl {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
