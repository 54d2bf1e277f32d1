"""What cannot be undone is asked once more, on every page, by a form that needs no script."""

import re
from pathlib import Path

from service.web.reader import FOLDER

#: Buttons of these words stand only behind a question.
_GRAVE = re.compile(r"_\(\"(Remove|Revoke|New secret|End it now|Give back|Sign it out|Throw away|Merge)\b")
_BUTTON = re.compile(r"<button[^>]*>.*?</button>", re.DOTALL)


def _templates() -> list[Path]:
    return sorted((FOLDER / "templates").glob("*.html"))


def test_no_button_takes_away_at_once() -> None:
    grave = [
        f"{page.name}: {button}"
        for page in _templates()
        for button in _BUTTON.findall(page.read_text("utf-8"))
        if _GRAVE.search(button)
    ]

    assert grave == []


def test_each_question_says_what_is_lost() -> None:
    asked = [
        words
        for page in _templates()
        for words in re.findall(
            r"\{% call parts\.confirm\(.*?%\}(.*?)\{% endcall %\}", page.read_text("utf-8"), re.DOTALL
        )
    ]

    assert len(asked) >= 11
    assert all("_(" in words for words in asked)
