"""Secrets that are kept outside the database."""

from pathlib import Path

import pytest

from collectors.errors import SettingError
from collectors.kept_secrets import revealed


def test_a_secret_is_read_from_its_variable() -> None:
    settings = {"channel_secret": "env:EARSHOT_SECRET_LINE"}

    assert revealed("line", settings, {"EARSHOT_SECRET_LINE": " sesame "}) == {"channel_secret": "sesame"}


def test_a_secret_is_read_from_the_file_its_variable_names(tmp_path: Path) -> None:
    (tmp_path / "line").write_text("sesame\n", "utf-8")
    environment = {"EARSHOT_SECRET_LINE_FILE": str(tmp_path / "line")}

    assert revealed("line", {"channel_secret": "env:EARSHOT_SECRET_LINE"}, environment) == {"channel_secret": "sesame"}


def test_a_plain_secret_and_what_is_no_secret_stay() -> None:
    assert revealed("line", {"channel_secret": "sesame"}, {}) == {"channel_secret": "sesame"}
    assert revealed("feed", {"site": "env:HOME"}, {"HOME": "/root"}) == {"site": "env:HOME"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("env:EARSHOT_SECRET_LINE", "channel_secret: neither EARSHOT_SECRET_LINE nor"),
        ("env:AWS_SECRET_ACCESS_KEY", "begins with EARSHOT_SECRET_"),
        ("env:EARSHOT_SECRET_GONE", "cannot be read"),
    ],
)
def test_a_secret_that_is_not_there_names_its_setting_and_the_remedy(value: str, said: str) -> None:
    environment = {"EARSHOT_SECRET_GONE_FILE": "/nowhere/at/all", "AWS_SECRET_ACCESS_KEY": "x"}

    with pytest.raises(SettingError, match=said):
        revealed("line", {"channel_secret": value}, environment)
