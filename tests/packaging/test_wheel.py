"""What is installed is what the program needs, and nothing else."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.packaging.project import PACKAGES, ROOT, shipped


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with ZipFile(next(Path(folder).glob("*.whl"))) as opened:
        yield opened


def _files(wheel: ZipFile) -> list[str]:
    return sorted(name for name in wheel.namelist() if ".dist-info/" not in name)


def test_every_file_of_the_program_is_in_the_wheel(wheel: ZipFile) -> None:
    assert _files(wheel) == shipped()


@pytest.mark.parametrize("kind", [".po", ".sql", ".bin", ".html", ".css", ".js", ".txt"])
def test_what_is_not_python_is_in_the_wheel_too(wheel: ZipFile, kind: str) -> None:
    assert any(name.endswith(kind) for name in _files(wheel))


def test_no_tests_are_in_the_wheel(wheel: ZipFile) -> None:
    assert {name.split("/")[0] for name in _files(wheel)} == set(PACKAGES)


def test_the_wheel_has_the_command_and_the_licence(wheel: ZipFile) -> None:
    (folder,) = {name.split("/")[0] for name in wheel.namelist()} - set(PACKAGES)

    commands = wheel.read(f"{folder}/entry_points.txt").decode()
    assert "earshot = service.cli:main" in commands
    assert "earshot-train = analysis.training.command:main" in commands
    assert f"{folder}/licenses/LICENSE" in wheel.namelist()
