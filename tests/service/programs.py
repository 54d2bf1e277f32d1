"""Starts the program's own processes, as an operator would."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

PYTHON = sys.executable


def environment(**given: str) -> dict[str, str]:
    """Return an environment with only the settings a test gives."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EARSHOT_")}
    return {**kept, "PYTHONWARNINGS": "default", **given}


@contextmanager
def started(*arguments: str, settings: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run `earshot` while in use; killed at the end, if it still lives then."""
    process = subprocess.Popen(
        [PYTHON, "-m", "service.cli", *arguments],
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run(*arguments: str, settings: Mapping[str, str], stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run `earshot` to its end, two minutes at most."""
    return subprocess.run(
        [PYTHON, "-m", "service.cli", *arguments],
        env=environment(**settings),
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Ask a process to end; return its code and what it said on standard error."""
    if process.poll() is None:
        process.terminate()
    _, said = process.communicate(timeout=20)
    return process.returncode, said
