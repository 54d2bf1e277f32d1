"""Judging for real: the shipped light model, loaded once."""

import pytest

from analysis.registry import analyser as named
from analysis.types import Analyser


@pytest.fixture(scope="session")
def analyser() -> Analyser:
    return named("ngram")
