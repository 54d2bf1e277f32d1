"""What tests of collectors share: one pool of parsers, ended at the end."""

from collections.abc import Iterator

import pytest

from collectors.parsers import close_parsers


@pytest.fixture(scope="session", autouse=True)
def _parsers_end() -> Iterator[None]:
    yield
    close_parsers()
