"""The image: its parts as the Dockerfile has them, and the reader by which it is carried out without an engine."""

import subprocess
import sys

import pytest

from service.cli.main import COMMANDS
from service.settings import PREFIX, Settings
from tests.packaging.project import PACKAGES, ROOT, pyproject, shipped
from tools import dockerfile
from tools.dockerfile import DockerfileError, Stage
from tools.room import can_enter


@pytest.fixture(scope="module")
def stages() -> list[Stage]:
    return dockerfile.parse((ROOT / "Dockerfile").read_text())


def _environment(stage: Stage) -> dict[str, str]:
    return {name: value for one in stage.instructions if one.keyword == "ENV" for name, value in one.pairs.items()}


def _words(stage: Stage, keyword: str) -> list[str]:
    one = stage.last(keyword)
    assert one is not None, keyword
    return one.words


def test_what_builds_is_not_in_what_runs(stages: list[Stage]) -> None:
    build, run = stages

    copies = [one for one in run.instructions if one.keyword == "COPY"]

    assert build.base == run.base == "debian:bookworm-slim"
    assert [one.flags for one in copies] == [{"from": "build"}]
    assert "python3-venv" not in " ".join(one.text for one in run.instructions)


def test_the_image_runs_as_a_numbered_user_who_is_not_root(stages: list[Stage]) -> None:
    user, _, group = " ".join(_words(stages[-1], "USER")).partition(":")

    assert int(user) > 0
    assert int(group) > 0


def test_one_image_serves_and_works(stages: list[Stage]) -> None:
    run = stages[-1]

    assert _words(run, "ENTRYPOINT") == ["earshot"]
    assert _words(run, "CMD") == ["serve"]
    assert {"serve", "work", "migrate", "up", "health"} <= COMMANDS.keys()


def test_the_health_check_is_the_program_itself(stages: list[Stage]) -> None:
    check = stages[-1].last("HEALTHCHECK")

    assert check is not None
    assert check.text == 'CMD ["earshot", "health"]'
    assert {"interval", "timeout", "start-period", "retries"} == check.flags.keys()


def test_the_image_holds_settings_the_program_knows_and_no_secret(stages: list[Stage]) -> None:
    given = {name: value for name, value in _environment(stages[-1]).items() if name.startswith(PREFIX)}

    assert given == {"EARSHOT_HOST": "0.0.0.0", "EARSHOT_DATA_DIR": "/var/lib/earshot"}
    assert {name.removeprefix(PREFIX).lower() for name in given} <= Settings.model_fields.keys()


def test_packages_are_installed_by_the_lock_alone(stages: list[Stage]) -> None:
    installs = [
        one.text for stage in stages for one in stage.instructions if one.keyword == "RUN" and "pip install" in one.text
    ]

    assert all("--require-hashes" in text or "--no-deps --no-build-isolation ." in text for text in installs)


def test_the_image_bears_the_licence_of_the_project(stages: list[Stage]) -> None:
    labels = [one for one in stages[-1].instructions if one.keyword == "LABEL"]

    assert labels[0].pairs["org.opencontainers.image.licenses"] == pyproject()["project"]["license"]


def test_the_engine_is_sent_the_program_and_nothing_else() -> None:
    rules = (ROOT / ".dockerignore").read_text()
    kept_back = ["tests/make.py", "data/postgres/lock", "secrets/database_url", ".git/config", ".venv/bin/python"]
    kept_back += ["analysis/training/__init__.py", "service/__pycache__/app.pyc", ".env"]

    # The image judges; it does not train.
    program = [name for name in shipped() if not name.startswith("analysis/training/")]

    assert [name for name in program if dockerfile.is_ignored(name, rules)] == []
    assert [name for name in kept_back if not dockerfile.is_ignored(name, rules)] == []


def test_every_package_of_the_program_is_copied(stages: list[Stage]) -> None:
    copied = {word for one in stages[0].instructions if one.keyword == "COPY" for word in one.words[:-1]}

    assert copied >= {*PACKAGES, "pyproject.toml", "README.md", "LICENSE", "requirements/run.txt"}


def test_an_instruction_over_several_lines_is_one() -> None:
    (stage,) = dockerfile.parse("FROM debian\nRUN one \\\n # a remark\n && two\nUSER 1\n")

    assert [(one.keyword, one.text, one.line) for one in stage.instructions] == [
        ("RUN", "one && two", 2),
        ("USER", "1", 5),
    ]


def test_flags_and_both_forms_of_words_are_read() -> None:
    (stage,) = dockerfile.parse('FROM a AS b\nCOPY --from=c --chown=1:2 d e\nCMD ["x", "y z"]\n')

    copy, command = stage.instructions

    assert stage.name == "b"
    assert (copy.flags, copy.words) == ({"from": "c", "chown": "1:2"}, ["d", "e"])
    assert command.words == ["x", "y z"]


def test_variables_are_replaced_and_unknown_ones_are_empty() -> None:
    assert dockerfile.expand("/opt:$PATH:${HOME}:$NONE", {"PATH": "/bin", "HOME": "/root"}) == "/opt:/bin:/root:"


@pytest.mark.parametrize("text", ["RUN before\n", "FROM a\nADD b c\n"])
def test_what_the_reader_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(DockerfileError, match="line"):
        dockerfile.parse(text)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not can_enter(), reason="entering a Debian folder needs root that may mount")
def test_the_dockerfile_carried_out_gives_an_image_that_starts_and_stops() -> None:
    command = [sys.executable, "-m", "tools.image_check"]

    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr[-3000:]
