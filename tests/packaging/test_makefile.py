"""The two commands, and what they say where a machine lacks something."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.project import ROOT


def _make(*arguments: str) -> str:
    # A `make` above this one must not speak through its environment.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


def _python(*folders: Path, name: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.pathsep.join(map(str, folders)), "PYTHON": name}
    command = ["/bin/sh", str(ROOT / "tools" / "python.sh")]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


def _place(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_help_lists_every_target_a_person_types() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE)) - {"test-env", "train-env", "static"}

    listed = set(re.findall(r"^  make ([a-z-]+) {2,}\S", _make("help"), re.MULTILINE))

    assert listed == targets
    assert {"run", "test", "check", "env", "image-check", "lock", "schema", "clean"} <= listed


def test_test_runs_all_that_check_runs() -> None:
    steps = {"ruff check", "ruff format --check", "mypy", "lint-imports", "hadolint", "pytest"}

    for target in ("test", "check"):
        said = _make("--dry-run", target)
        assert {step for step in steps if step in said} == steps


def test_test_leaves_nothing_out() -> None:
    assert " -m " not in _make("--dry-run", "test").split("-m pytest")[1]


def test_continuous_integration_runs_the_tests() -> None:
    assert "make --no-print-directory test" in (ROOT / ".ci" / "run").read_text()


def test_the_first_python_that_will_do_is_taken(tmp_path: Path) -> None:
    _place(tmp_path, "python3.12", "exit 1")
    (tmp_path / "python3.11").symlink_to(sys.executable)

    found = _python(tmp_path)

    assert found.stdout.strip() == str(tmp_path / "python3.11")


@pytest.mark.parametrize(
    ("script", "advice"),
    [
        ("exit 1", "needs Python 3.11 or newer, found only older ones: python3 "),
        ('case "$2" in *version_info*) exit 0;; *) exit 1;; esac', "run 'apt install python3-venv' first"),
    ],
)
def test_a_python_that_will_not_do_gets_one_line(tmp_path: Path, script: str, advice: str) -> None:
    _place(tmp_path, "python3", script)

    refused = _python(tmp_path)

    assert refused.returncode == 1
    assert advice in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_no_python_at_all_gets_one_line(tmp_path: Path) -> None:
    refused = _python(tmp_path)

    assert refused.returncode == 1
    assert refused.stderr.startswith("earshot: needs Python 3.11 or newer, found none")
    assert len(refused.stderr.splitlines()) == 1


def test_a_named_browser_that_does_not_run_is_not_replaced_silently(tmp_path: Path) -> None:
    _place(tmp_path, "broken", "exit 1")

    refused = subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / "browser.sh")],
        env={**os.environ, "EARSHOT_CHROMIUM": str(tmp_path / "broken")},
        check=False,
        capture_output=True,
        text=True,
    )

    assert refused.returncode == 1
    assert "EARSHOT_CHROMIUM" in refused.stderr
    assert refused.stdout == ""
