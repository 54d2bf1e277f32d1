"""Every word of every page is there in every language."""

import pytest

from alerts.catalogue import LANGUAGES
from alerts.gaps import gaps
from service.web.reader import FOLDER


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_missing_fuzzy_unused_or_broken(language: str) -> None:
    found = gaps(FOLDER / "locale", "web", language, [FOLDER])

    assert not found
