"""The chart's JavaScript (Vega, Vega-Lite, vega-embed), out of the package vl-convert.

Loading vl-convert costs 150 MB of memory, so a child process does it once and leaves a compressed file.
"""

import asyncio
import sys
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path

_MAKE = """
import gzip, sys, vl_convert
sys.stdout.buffer.write(gzip.compress(vl_convert.javascript_bundle().encode(), 9, mtime=0))
"""
_PATIENCE_SECONDS = 60


class LibraryError(Exception):
    """The chart's JavaScript cannot be made; pages show the table in its place."""


@cache
def name() -> str:
    """Return the file's name: another version of the package is another file."""
    return f"vega-{version('vl-convert-python')}.js"


class ChartLibrary:
    """Makes the file at the first wish for it, keeps it on disk for the next start and in memory for this one."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._zipped: bytes | None = None

    async def zipped(self, folder: Path) -> bytes:
        """Return the compressed script. Raises LibraryError."""
        async with self._lock:
            if self._zipped is None:
                self._zipped = await _kept(folder / f"{name()}.gz")
            return self._zipped


async def _kept(path: Path) -> bytes:
    """Return the file's bytes, made if it is not there. A folder that cannot be written only costs the next start."""
    try:
        kept = await asyncio.to_thread(path.read_bytes)
    except OSError:
        kept = b""
    if kept:
        return kept
    made = await _made()
    await asyncio.to_thread(_keep, path, made)
    return made


async def _made() -> bytes:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _MAKE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        made, complaint = await asyncio.wait_for(child.communicate(), _PATIENCE_SECONDS)
    except BaseException:
        # A cancelled request too: the child must not outlive the wish for it.
        if child.returncode is None:
            child.kill()
            await child.wait()
        raise
    if child.returncode != 0 or not made:
        raise LibraryError(f"vl-convert failed: {complaint.decode(errors='replace')[-300:]}")
    return made


def _keep(path: Path, made: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(made)
        Path(file.name).replace(path)  # another process sees the whole file or none
    except OSError:
        return
