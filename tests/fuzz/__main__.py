"""`python -m tests.fuzz`: feeds every reader what coverage leads to (atheris); without atheris, what chance leads to.

What was found interesting stays in build/fuzz, so that the next run goes on from there; what breaks a reader is written
beside it, and belongs in base64 into tests/fuzz/found/TARGET, where the tests read it for ever after.
"""

import argparse
import subprocess
import sys

from tests.fuzz.targets import TARGETS


def main() -> int:
    """Run each target for its share of the time; return 1 if any was broken."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)}; all if none is named")
    parser.add_argument("--minutes", type=float, default=10, help="of all targets together")
    given = parser.parse_args()
    names = given.targets or list(TARGETS)
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        parser.error(f"there is no target {unknown[0]!r}; use {', '.join(TARGETS)}")
    seconds = max(1, int(given.minutes * 60 / len(names)))
    # A fuzzer ends its process where something breaks: each target has one of its own.
    broken = [name for name in names if subprocess.run(_command(name, seconds), check=False).returncode]
    print(f"{len(names)} targets, {seconds} s each; broken: {', '.join(broken) or 'none'}")
    return 1 if broken else 0


def _command(name: str, seconds: int) -> list[str]:
    return [sys.executable, "-W", "ignore", "-m", "tests.fuzz.one", name, str(seconds)]


if __name__ == "__main__":
    sys.exit(main())
