"""Carries out the Dockerfile without an engine, stage by stage in Debian folders, and starts what comes out of it.

python -m tools.image_check      as root; about two minutes
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tools import dockerfile
from tools.dockerfile import Instruction, Stage
from tools.room import Room, RoomError, bootstrap, install_bootstrapper, reachable_packages

_PROJECT = Path(__file__).resolve().parent.parent
_BASE = "debian:bookworm-slim"
_READY_SECONDS = 90
_STOP_SECONDS = 15


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _context(target: Path) -> Path:
    """Copy what an engine would be sent."""
    rules = (_PROJECT / ".dockerignore").read_text()

    def left_out(folder: str, names: list[str]) -> list[str]:
        inside = [(Path(folder) / name).relative_to(_PROJECT).as_posix() for name in names]
        return [name for name, path in zip(names, inside, strict=True) if dockerfile.is_ignored(path, rules)]

    shutil.copytree(_PROJECT, target, ignore=left_out, symlinks=True)
    return target


def _copy(one: Instruction, room: Room, rooms: dict[str, Room], context: Path) -> None:
    if unknown := one.flags.keys() - {"from"}:
        raise RoomError(f"line {one.line}: COPY with {unknown} is not known to this check")
    *sources, destination = one.words
    target = room.path(destination)
    for source in sources:
        origin = rooms[one.flags["from"]].path(source) if "from" in one.flags else context / source
        if not origin.exists():
            raise RoomError(f"line {one.line}: COPY finds no {source}; does .dockerignore leave it out?")
        if origin.is_dir():
            shutil.copytree(origin, target, symlinks=True, dirs_exist_ok=True)
        else:
            into = target / origin.name if destination.endswith("/") else target
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(origin, into)


def _run(one: Instruction, room: Room) -> None:
    words = one.words if one.text.startswith("[") else ["/bin/sh", "-c", one.text]
    _say(f"  {one.line}: RUN {one.text[:100]}")
    command = room.command(words, also=reachable_packages(room.root))
    if subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode:
        raise RoomError(f"line {one.line}: RUN failed: {one.text}")


def _carry_out(stage: Stage, room: Room, rooms: dict[str, Room], context: Path) -> None:
    for one in stage.instructions:
        match one.keyword:
            case "RUN":
                _run(one, room)
            case "COPY":
                _copy(one, room, rooms, context)
            case "ENV":
                expanded = {name: dockerfile.expand(value, room.environment) for name, value in one.pairs.items()}
                room.environment.update(expanded)
            case "WORKDIR":
                room.folder = str(Path(room.folder, one.text))
                room.path(".").mkdir(parents=True, exist_ok=True)
            case "USER":
                room.user = one.text
            case _:
                pass  # says how the image is started, and is read there


def _words(stage: Stage, keyword: str) -> list[str]:
    one = stage.last(keyword)
    if one is None:
        raise RoomError(f"the last stage has no {keyword}")
    return replace(one, text=one.text.removeprefix("CMD ")).words


def _answer(room: Room, words: list[str]) -> str:
    done = subprocess.run(room.command(words), check=False, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RoomError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout.strip()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _wait_until_healthy(health: list[str], program: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _READY_SECONDS
    while subprocess.run(health, check=False, stdout=sys.stderr).returncode:
        if program.poll() is not None or time.monotonic() > end:
            raise RoomError(f"not healthy after {_READY_SECONDS} seconds; it ended with {program.poll()}")
        time.sleep(0.5)


def _start_and_stop(room: Room, entry: list[str], healthcheck: list[str]) -> None:
    """Run everything in one container, unable to write anywhere but to its data, and see it end on SIGTERM."""
    data = room.environment["EARSHOT_DATA_DIR"]
    port = {"EARSHOT_PORT": str(_free_port())}
    inside = room.command([*entry, "up"], also=port, writable=data)
    with subprocess.Popen(inside, stdin=subprocess.DEVNULL, stdout=sys.stderr) as program:
        try:
            _wait_until_healthy(room.command(healthcheck, also=port), program)
            program.send_signal(signal.SIGTERM)
            code = program.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise RoomError(f"still running {_STOP_SECONDS} seconds after SIGTERM") from None
        finally:
            program.kill()
            for pid in (left := room.left_running()):
                os.kill(pid, signal.SIGKILL)
    if code != 0 or left:
        raise RoomError(f"after SIGTERM it ended with {code} and left {len(left)} processes running")


def check(folder: Path) -> None:
    """Carry out every stage in the folder and try the last one. Raises RoomError, DockerfileError."""
    stages = dockerfile.parse((_PROJECT / "Dockerfile").read_text())
    context, rooms, stage = _context(folder / "context"), dict[str, Room](), stages[-1]
    _say(f"bootstrapping {_BASE}")
    bootstrap(folder / "base")
    for stage in stages:
        if stage.base != _BASE:
            raise RoomError(f"this check stands in for {_BASE}, and stage {stage.name} begins from {stage.base}")
        _say(f"stage {stage.name}")
        room = rooms[stage.name] = Room(root=folder / stage.name)
        # Not copytree: the folder has device files, and one of them never ends.
        subprocess.run(["cp", "--archive", str(folder / "base"), str(room.root)], check=True)
        _carry_out(stage, room, rooms, context)
    room = rooms[stage.name]
    if room.user.startswith(("0", "root")):
        raise RoomError("the image runs as root")
    entry, healthcheck = _words(stage, "ENTRYPOINT"), _words(stage, "HEALTHCHECK")
    _say(_answer(room, [*entry, "--version"]))
    for command in ("serve", "work", "migrate", "up", "health"):
        _answer(room, [*entry, command, "--help"])
    _start_and_stop(room, entry, healthcheck)


def main() -> int:
    """Return the exit code."""
    folder = Path(tempfile.mkdtemp(prefix="earshot-image-"))
    folder.chmod(0o755)  # the image's user must walk in
    try:
        install_bootstrapper()
        check(folder)
    except (RoomError, dockerfile.DockerfileError) as error:
        _say(f"image check: {error}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _say("image check: every step was carried out, and what came out of it started and stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
