"""Settings come from the environment or from files, and a mistake is named."""

from pathlib import Path

import pytest

from service.settings import SettingsError, read_settings


def test_without_any_everything_has_a_default() -> None:
    settings = read_settings({})

    assert (settings.host, settings.port, settings.database_url) == ("127.0.0.1", 8000, None)
    assert settings.public_url == "http://127.0.0.1:8000"


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "smtp"
    path.write_text("smtp://mail.example.com\n")

    assert read_settings({"EARSHOT_SMTP_URL_FILE": str(path)}).smtp_url == "smtp://mail.example.com"


def test_an_empty_secret_file_counts_as_absent(tmp_path: Path) -> None:
    path = tmp_path / "smtp"
    path.write_text("\n")

    assert read_settings({"EARSHOT_SMTP_URL_FILE": str(path)}).smtp_url is None


@pytest.mark.parametrize(
    ("environment", "part"),
    [
        ({"EARSHOT_PORT": "0"}, "EARSHOT_PORT"),
        ({"EARSHOT_DATABASE_URL": "mysql://x"}, "EARSHOT_DATABASE_URL: must look like postgresql://"),
        ({"EARSHOT_BASE_URL": "earshot.example.com"}, "EARSHOT_BASE_URL: must be the address people open"),
        ({"EARSHOT_MAIL_FROM": "nobody"}, "EARSHOT_MAIL_FROM: must be one e-mail address"),
        ({"EARSHOT_TIME_ZONE": "Asia/Taipeh"}, "write an IANA name such as Asia/Taipei"),
        ({"EARSHOT_SMTP_URL_FILE": "/nowhere"}, "EARSHOT_SMTP_URL_FILE: cannot read '/nowhere'"),
        ({"EARSHOT_SEAL_KEY": "short"}, "EARSHOT_SEAL_KEY: must have 32 characters or more"),
        ({"EARSHOT_OIDC_URL": "id.example.com"}, "EARSHOT_OIDC_URL: must be an address such as https://id.example.com"),
        ({"EARSHOT_OIDC_URL": "https://id.example.com"}, "EARSHOT_OIDC_CLIENT_ID: is needed with EARSHOT_OIDC_URL"),
        ({"EARSHOT_OIDC_ROLES": "staff=boss"}, "EARSHOT_OIDC_ROLES: staff=boss names no role"),
        ({"EARSHOT_OIDC_DEFAULT_ROLE": "boss"}, "EARSHOT_OIDC_DEFAULT_ROLE: 'boss' is none of viewer"),
        ({"EARSHOT_LOG_LEVEL": "loud"}, "EARSHOT_LOG_LEVEL"),
        ({"EARSHOT_COLOUR": "red"}, "EARSHOT_COLOUR: there is no such setting; known are"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(environment: dict[str, str], part: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(environment)

    assert part in str(caught.value)


def test_a_setting_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "smtp"
    path.write_text("smtp://mail.example.com")

    with pytest.raises(SettingsError, match="given twice"):
        read_settings({"EARSHOT_SMTP_URL": "smtp://other.example.com", "EARSHOT_SMTP_URL_FILE": str(path)})
