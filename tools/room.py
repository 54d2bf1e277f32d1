"""A Debian folder that stands for a container: bootstrapped from the machine's own sources, entered by chroot."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

RELEASE = "bookworm"
#: What the slim image leaves out as well.
_SLIM = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
#: What of the machine's pip configuration says how packages are reached.
_PIP_OPTION = re.compile(
    r"^\S*\.(index-url|extra-index-url|trusted-host|proxy|default-timeout)='((?!file:).*)'$", re.MULTILINE
)
#: Mounts are private to the process, so that nothing is left mounted. It replaces itself until it is the program.
_ENTER = """
set -e
root=$1 user=$2 writable=$3
shift 3
if [ -n "$writable" ]; then # read-only but for one folder, as compose.yaml has it
  mount --bind "$root" "$root"
  mount --bind "$root$writable" "$root$writable"
  mount -o remount,bind,ro "$root"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
fi
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot --userspec="$user" "$root" /usr/bin/env -i "$@"
"""


class RoomError(Exception):
    """A folder could not be made, or a step in it failed. One line."""


def can_enter() -> bool:
    """Whether a folder can be entered here: by root who may mount, which root in a container may not."""
    tried = ["unshare", "--mount", "true"]
    return os.geteuid() == 0 and subprocess.run(tried, check=False, stderr=subprocess.DEVNULL).returncode == 0


def install_bootstrapper() -> None:
    """See to mmdebstrap. Raises RoomError."""
    if not can_enter():
        raise RoomError("entering a Debian folder needs root that may mount; with an engine, run: docker build .")
    if shutil.which("mmdebstrap") is None and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False, stdout=sys.stderr)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "mmdebstrap"]
        subprocess.run(install, check=False, stdout=sys.stderr, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if shutil.which("mmdebstrap") is None:
        raise RoomError("no mmdebstrap here: run 'apt install mmdebstrap' first")


def _sources() -> list[str]:
    """Return the machine's own files of Debian sources for the release; none where it is another system."""
    folder = Path("/etc/apt")
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    wanted = re.compile(rf"^(deb|Suites:).*\b{RELEASE}\b", re.MULTILINE)
    readable = [file for file in files if file.suffix in (".list", ".sources") and file.is_file()]
    return [str(file) for file in readable if wanted.search(text := file.read_text()) and "main" in text.split()]


def bootstrap(root: Path) -> None:
    """Make what `debian:bookworm-slim` is. Raises RoomError."""
    acquire = root.with_suffix(".apt")
    dumped = subprocess.run(["apt-config", "dump", "--no-empty", "Acquire"], check=True, capture_output=True, text=True)
    acquire.write_text(dumped.stdout)
    options = [f"--dpkgopt=path-exclude={path}" for path in _SLIM]
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--aptopt={acquire}", *options]
    if subprocess.run([*command, RELEASE, str(root), *_sources()], check=False, stdout=sys.stderr).returncode:
        raise RoomError("mmdebstrap could not make a Debian folder; see above")
    for name in ("resolv.conf", "hosts"):
        shutil.copyfile(Path("/etc") / name, root / "etc" / name)


def reachable_packages(root: Path) -> dict[str, str]:
    """Return the environment by which pip in the folder reaches packages as the machine does."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True, cwd="/"
    ).stdout
    environment = {"PIP_" + name.upper().replace("-", "_"): value for name, value in _PIP_OPTION.findall(listed)}
    environment |= {name: os.environ[name] for name in ("http_proxy", "https_proxy", "no_proxy") if name in os.environ}
    if _CERTIFICATES.exists():
        shutil.copyfile(_CERTIFICATES, root / "tmp" / "certificates.crt")
        environment["PIP_CERT"] = "/tmp/certificates.crt"  # noqa: S108  # inside the folder
    return environment


@dataclass(kw_only=True, slots=True)
class Room:
    """One stage under way: its folder, and what ENV, WORKDIR and USER have said so far."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    folder: str = "/"
    user: str = "0:0"

    def command(self, words: Sequence[str], *, also: Mapping[str, str] | None = None, writable: str = "") -> list[str]:
        """Return the command that runs the words inside; `writable` names the one folder that stays so."""
        variables = [f"{name}={value}" for name, value in {**(also or {}), **self.environment}.items()]
        inside = [f"--chdir={self.folder}", *variables, *words]
        return ["unshare", "--mount", "sh", "-c", _ENTER, "room", str(self.root), self.user, writable, *inside]

    def path(self, inside: str) -> Path:
        """Return where a path of the folder lies, seen from outside."""
        return self.root / Path(self.folder, inside).relative_to("/")

    def left_running(self) -> list[int]:
        """Return pids of processes that live in the folder."""
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in pids if _root_of(pid) == self.root]


def _root_of(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/root").readlink()
    except OSError:
        return None
