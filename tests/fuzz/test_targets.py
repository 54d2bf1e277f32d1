"""The short form of `make fuzz`: some inputs for every reader, the same in each run, and all that ever broke one."""

import base64
import random
from pathlib import Path

import pytest

from tests.fuzz.mutations import mutated
from tests.fuzz.targets import TARGETS, check, seeds

_INPUTS = 40
#: Inputs that broke a reader once, in base64, in a folder a target.
_FOUND = sorted((Path(__file__).parent / "found").glob("*/*"))


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_keeps_its_word(name: str) -> None:
    chance, known = random.Random(name), seeds(name)
    for seed in known:
        check(name, seed)
    for _ in range(_INPUTS):
        check(name, mutated(chance.choice(known), chance))


@pytest.mark.parametrize("path", _FOUND, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_broke_a_reader_once_does_so_no_more(path: Path) -> None:
    check(path.parent.name, base64.b64decode(path.read_text("ascii")))
