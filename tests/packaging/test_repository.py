"""What may lie in the repository."""

import os
import re
import subprocess

from tests.packaging.project import ROOT, tracked

#: Where packages are fetched from, and where the project happens to be worked on, is each machine's own business.
#: In two halves each, so that this file does not hold what it looks for.
_UNWANTED = [
    "py" + r"pi\.org",
    "python" + "hosted",
    "deb" + r"\.debian\.org",
    "npm" + r"js\.(org|com)",
    "artifact" + "registry",
    "pkg" + r"\.dev\b",
    r"/wo" + r"rk/",
    r"\.lib" + r"rary/",
    r"\bthe C" + r"EO\b",
    r"extra-index" + r"-url[ =]\S",
]
_TO_DO = re.compile(r"(#|--|//|<!--|\{#).*\b(TO" + r"DO|FIX" + r"ME)\b(?!.*#\d)")
_MODEL = ROOT / "analysis" / "model"


def _texts() -> dict[str, str]:
    texts = {}
    for file in tracked():
        content = file.read_bytes()
        if b"\0" not in content:
            texts[file.relative_to(ROOT).as_posix()] = content.decode("utf-8")
    return texts


def test_no_file_names_a_registry_or_a_workplace() -> None:
    unwanted = re.compile("|".join(_UNWANTED), re.IGNORECASE)

    found = {name: match[0] for name, text in _texts().items() if (match := unwanted.search(text))}

    assert found == {}


def test_what_is_left_to_do_names_its_issue() -> None:
    found = [
        f"{name}:{number}"
        for name, text in _texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if _TO_DO.search(line)
    ]

    assert found == []


def test_only_the_model_is_large() -> None:
    sizes = {file: file.stat().st_size for file in tracked()}

    large = {str(file): size for file, size in sizes.items() if size > 1024**2 and not file.is_relative_to(_MODEL)}
    model = sum(size for file, size in sizes.items() if file.is_relative_to(_MODEL))

    assert large == {}
    assert model <= 60 * 1024**2


def test_what_is_made_is_ignored() -> None:
    made = [
        ".venv/bin/earshot",
        ".venv-test/bin/python",
        "build/feedparser-tests/runtests.py",
        "data/postgres/lock",
        "dist/earshot.whl",
        "secrets/database_url",
        ".env",
        "service/__pycache__/app.pyc",
        ".mypy_cache/x",
        ".ruff_cache/x",
        ".pytest_cache/x",
        ".hypothesis/x",
    ]

    command = ["git", "-c", "safe.directory=*", "check-ignore", "--no-index", *made]
    ignored = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True).stdout.split()

    assert ignored == made


def test_scripts_can_be_executed() -> None:
    scripts = [*(ROOT / "tools").glob("*.sh"), ROOT / ".ci" / "run"]

    assert [script.name for script in scripts if not os.access(script, os.X_OK)] == []
