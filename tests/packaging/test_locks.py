"""The locks say what pyproject.toml says, exactly."""

import re
from functools import cache

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.project import ROOT, pyproject

#: The lock, and the extras and dependency groups in it.
_LOCKS: dict[str, tuple[list[str], list[str]]] = {
    "run": ([], ["build"]),
    "test": ([], ["build", "test"]),
    "train": (["hub", "train"], ["bench", "build", "test"]),
}


@cache
def _locked(name: str) -> dict[str, dict[str, frozenset[str]]]:
    """Return versions and their hashes by package."""
    versions: dict[str, dict[str, frozenset[str]]] = {}
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            requirement = Requirement(line.split(" --hash", 1)[0])
            (pinned,) = requirement.specifier
            hashes = frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})", line))
            versions.setdefault(canonicalize_name(requirement.name), {})[pinned.version] = hashes
    return versions


@pytest.mark.parametrize("name", _LOCKS)
def test_a_lock_has_all_that_pyproject_asks_for(name: str) -> None:
    asked = [*pyproject()["project"]["dependencies"]]
    extras, groups = _LOCKS[name]
    asked += [text for extra in extras for text in pyproject()["project"]["optional-dependencies"][extra]]
    asked += [text for group in groups for text in pyproject()["dependency-groups"][group]]

    for requirement in map(Requirement, asked):
        versions = _locked(name)[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in versions), requirement.name


@pytest.mark.parametrize("name", _LOCKS)
def test_everything_locked_has_hashes(name: str) -> None:
    assert [package for package, versions in _locked(name).items() if not all(versions.values())] == []


@pytest.mark.parametrize("name", ["test", "train"])
def test_other_environments_have_the_versions_that_ship(name: str) -> None:
    shipped = _locked("run")

    assert {package: _locked(name)[package] for package in shipped} == shipped


def test_what_ships_needs_no_training_library() -> None:
    assert _locked("run").keys() & {"torch", "scikit-learn", "scipy", "transformers"} == set()


@pytest.mark.parametrize("name", _LOCKS)
def test_a_lock_does_not_say_where_packages_come_from(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")

    assert "://" not in text
    assert "index" not in text
