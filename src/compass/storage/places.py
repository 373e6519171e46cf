"""Where the embedded server's files lie, and whose they are.

COMPASS owns only what it creates below `<data_dir>/pg` (and a data folder or socket
folder it had to create); it never changes a permission of anything else.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

from compass.ports.errors import ConfigurationError

PORT = 5432
"""Only part of the socket's name: the server listens on no network address."""

_SOCKET_PATH_LIMIT = 103
"""Bytes; 107 on Linux, 103 on macOS."""

_SERVICE_USER = "compass"
_FALLBACK_USERS = ("postgres", "nobody")
_ELSEWHERE = "set COMPASS_DATA_DIR to a folder outside any home, e.g. /var/lib/compass"


def default_data_dir(environ: Mapping[str, str], uid: int) -> Path:
    """$COMPASS_DATA_DIR, for root /var/lib/compass, else the user's data folder of the XDG specification."""
    if given := environ.get("COMPASS_DATA_DIR"):
        return Path(given).expanduser()
    if uid == 0:
        return Path("/var/lib/compass")
    if shared := environ.get("XDG_DATA_HOME"):
        return Path(shared) / "compass"
    return Path("~/.local/share/compass").expanduser()


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The system user the server runs as. `switched` when that is not the current one (COMPASS runs as root)."""

    name: str
    uid: int
    gid: int
    switched: bool

    def run(self, command: Sequence[str], *, text: str | None = None, timeout_s: float = 120.0) -> tuple[int, str]:
        """Run a program as this user; its exit code and what it printed, both streams."""
        environ = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        switch = (self.uid, self.gid, ()) if self.switched else (None, None, None)
        done = subprocess.run(
            command,
            input=text or "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            cwd="/",
            env=environ,
            timeout=timeout_s,
            check=False,
            user=switch[0],
            group=switch[1],
            extra_groups=switch[2],
        )
        return done.returncode, done.stdout.strip()

    def give(self, path: Path, *, writable: bool) -> None:
        """Make something COMPASS has just created accessible to this user and to nobody else.

        What the server need not write stays root's own when COMPASS runs as root.
        """
        executable = path.is_dir() or bool(path.stat().st_mode & 0o100)
        if self.switched:
            os.chown(path, self.uid if writable else 0, self.gid, follow_symlinks=False)
        group = 0 if writable or not self.switched else (0o050 if executable else 0o040)
        path.chmod((0o700 if executable else 0o600) | group)


def current_owner() -> Owner:
    """The user of this process. Raises ConfigurationError when the system has no name for it."""
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise ConfigurationError(
            f"user id {os.geteuid()} has no name on this system, and PostgreSQL needs one",
            where="embedded database",
            hint="add the user, or give a PostgreSQL by COMPASS_DATABASE_URL",
        ) from None
    return Owner(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switched=False)


def service_owner(wanted: str | None = None) -> Owner:
    """For root: the unprivileged user that runs the server (PostgreSQL refuses root).

    `wanted`, else the system user `compass`, created when missing, else what the
    system has. Raises ConfigurationError when there is none.
    """
    names = [wanted] if wanted else [_SERVICE_USER, *_FALLBACK_USERS]
    if not wanted and _lookup(_SERVICE_USER) is None:
        _create_service_user()
    for name in names:
        found = _lookup(name)
        if found is not None:
            return found
    raise ConfigurationError(
        f"no unprivileged user to run the database as (tried {', '.join(names)})",
        where="embedded database",
        hint="create one with `useradd --system compass`, or do not run COMPASS as root",
    )


def owner_of(path: Path) -> Owner:
    """For root: the user a file belongs to. Raises ConfigurationError when that is nobody who could run a server."""
    uid = path.stat().st_uid
    try:
        found = _lookup(pwd.getpwuid(uid).pw_name)
    except KeyError:
        found = None
    if found is None:
        raise ConfigurationError(
            f"belongs to user id {uid}, who cannot run the database", where=str(path), hint=_ELSEWHERE
        )
    return found


def _lookup(name: str) -> Owner | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    if entry.pw_uid == 0:
        return None
    return Owner(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switched=True)


def _create_service_user() -> None:
    """Try; a system without useradd falls back to a user that is there."""
    useradd = shutil.which("useradd")
    if useradd:
        arguments = ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SERVICE_USER]
        subprocess.run([useradd, *arguments], capture_output=True, check=False, timeout=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The folders of one major version of the server below `<data_dir>/pg`."""

    data_dir: Path
    major: int

    @property
    def root(self) -> Path:
        return self.data_dir / "pg"

    @property
    def home(self) -> Path:
        return self.root / str(self.major)

    @property
    def runtime(self) -> Path:
        return self.home / "runtime"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def conf(self) -> Path:
        return self.home / "conf"

    @property
    def log(self) -> Path:
        return self.home / "log" / "server.log"


def majors(data_dir: Path) -> tuple[int, ...]:
    """Major versions that hold a finished database, oldest first."""
    try:
        names = [entry.name for entry in os.scandir(data_dir / "pg") if entry.name.isdigit()]
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except PermissionError as error:
        raise _not_ours(data_dir / "pg") from error
    return tuple(sorted(int(name) for name in names if (data_dir / "pg" / name / "data").is_dir()))


def make_folder(path: Path, owner: Owner, *, writable: bool) -> None:
    """Create a folder for the server, or leave it as it is when it exists."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    owner.give(path, writable=writable)


def prepare_root(layout: Layout, owner: Owner) -> None:
    """Create `<data_dir>/pg`, and `<data_dir>` where missing.

    Raises ConfigurationError when the server's user cannot get there, or when the folder is another user's.
    """
    try:
        layout.data_dir.parent.mkdir(parents=True, exist_ok=True)
        make_folder(layout.data_dir, owner, writable=False)
        _check_reachable(layout.data_dir, owner)
        make_folder(layout.root, owner, writable=False)
    except OSError as error:
        raise ConfigurationError(
            f"cannot keep data here: {error.strerror}", where=str(layout.data_dir), hint="set COMPASS_DATA_DIR"
        ) from error
    if layout.root.stat().st_uid != os.geteuid():
        raise _not_ours(layout.root)


def _not_ours(path: Path) -> ConfigurationError:
    return ConfigurationError(
        "this database belongs to another user",
        where=str(path),
        hint="run COMPASS as that user, or set COMPASS_DATA_DIR to a folder of your own",
    )


def _check_reachable(folder: Path, owner: Owner) -> None:
    """Ask the system, not the mode bits: access lists count too."""
    if not owner.switched:
        return
    chain = [str(path) for path in (*reversed(folder.resolve().parents), folder.resolve())]
    script = 'for d in "$@"; do [ -x "$d" ] || { echo "$d"; exit 1; }; done'
    code, blocked = owner.run(["/bin/sh", "-c", script, "sh", *chain])
    if code:
        raise ConfigurationError(
            f"user '{owner.name}', who runs the database for root, cannot enter {blocked}",
            where=str(folder),
            hint=f"{_ELSEWHERE}; COMPASS changes no permission of folders that are not its own",
        )


def socket_folder(layout: Layout, owner: Owner, environ: Mapping[str, str]) -> Path:
    """A folder for the server's socket that only its user can enter, created when missing.

    Beside the data where the path is short enough: it then survives logins and cleaners
    of temporary files. Raises ConfigurationError when no candidate works.
    """
    for folder in _socket_candidates(layout, owner, environ):
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}.lock")) > _SOCKET_PATH_LIMIT:
            continue
        try:
            make_folder(folder, owner, writable=True)
        except OSError:
            continue
        if _is_private(folder, owner) and _holds_sockets(folder):
            return folder
    raise ConfigurationError(
        "found no private folder with a short path for the database's socket",
        where=str(layout.data_dir),
        hint="set COMPASS_DATA_DIR to a folder with a shorter path",
    )


def _socket_candidates(layout: Layout, owner: Owner, environ: Mapping[str, str]) -> Iterator[Path]:
    yield layout.root / "run"
    tag = sha256(os.fsencode(layout.root.resolve())).hexdigest()[:10]
    if not owner.switched and "XDG_RUNTIME_DIR" in environ:
        yield Path(environ["XDG_RUNTIME_DIR"]) / f"compass-{tag}"
    yield Path(gettempdir()) / f"compass-{owner.uid}-{tag}"
    yield Path("/tmp") / f"compass-{owner.uid}-{tag}"  # noqa: S108  # checked to be private before it is used


def _is_private(folder: Path, owner: Owner) -> bool:
    """Someone else may have put a folder of that name into a shared place first."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner.uid and not found.st_mode & 0o077


def _holds_sockets(folder: Path) -> bool:
    """Some file systems (shared folders of virtual machines) cannot hold a socket."""
    probe = folder / f".p{os.getpid()}"
    try:
        with socket.socket(socket.AF_UNIX) as trial:
            trial.bind(str(probe))
        probe.unlink()
    except OSError:
        return False
    return True
