"""The e-mail about a webhook that was switched off."""

import pytest

from alerts import notice
from alerts.catalogue import LANGUAGES
from alerts.types import Notice
from tests import make


def said(language: str, name: str = "Help desk", why: str = "410: gone") -> Notice:
    return Notice(
        notification_id=make.message().notification_id,
        contact=make.contact(language=language),
        webhook=name,
        why=why,
        url="http://127.0.0.1:8000/webhooks",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_names_the_webhook_the_reason_and_the_page(language: str) -> None:
    letter = notice.rendered(said(language))

    assert "Help desk" in letter.subject
    for part in (letter.text, letter.html):
        assert "410: gone" in part
        assert "http://127.0.0.1:8000/webhooks" in part


def test_hostile_words_stay_words() -> None:
    letter = notice.rendered(said("en", name="<script>x</script>\r\nBcc: a@b", why="<img src=x>"))

    assert "<script>" not in letter.html
    assert "<img" not in letter.html
    assert "\n" not in letter.subject
