"""Judging for real, the shipped light model loaded once; and a mail server that takes what is sent."""

from collections.abc import Iterator

import pytest

from analysis.registry import analyser as named
from analysis.types import Analyser
from tests.places import Mailbox


@pytest.fixture(scope="session")
def analyser() -> Analyser:
    return named("ngram")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    box.open()
    yield box
    box.close()
