"""Words stand out from what is behind them, in light and in dark (WCAG AA)."""

import re

import pytest

from service.web import static_files

_CSS = (static_files.FOLDER / "style.css").read_text("utf-8")
_ROOTS = re.findall(r":root \{(.*?)\n\s*\}", _CSS, re.DOTALL)
_LIGHT = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", _ROOTS[0]))
_DARK = _LIGHT | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", _ROOTS[1]))

_TEXT = (
    *(("ink", ground) for ground in ("paper", "sheet", "sunk", "warn-soft", "accent-soft", "tone-angry-soft")),
    *(("ink-soft", ground) for ground in ("paper", "sheet", "sunk", "tone-angry-soft")),
    *(("accent", ground) for ground in ("paper", "sheet", "accent-soft")),
    *((f"tone-{tone}-ink", f"tone-{tone}-soft") for tone in ("angry", "negative", "neutral", "positive")),
    *((name, "sheet") for name in ("tone-angry-ink", "warn", "good")),
    *(("accent-on", "accent"), ("on-deep", "deep"), ("on-deep-soft", "deep"), ("tone-on", "tone-angry")),
    ("mark-ink", "mark"),
)
_SHAPES = (*((f"tone-{tone}", "sheet") for tone in ("angry", "negative", "positive")), ("spark", "deep"))


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("tokens", [_LIGHT, _DARK], ids=["light", "dark"])
def test_words_and_shapes_stand_out(tokens: dict[str, str]) -> None:
    faint = [
        f"{front} on {ground}: {ratio:.2f}"
        for least, pairs in ((4.5, _TEXT), (3.0, _SHAPES))
        for front, ground in pairs
        if (ratio := _contrast(tokens[front], tokens[ground])) < least
    ]

    assert faint == []


def test_no_colour_stands_outside_the_tokens() -> None:
    rules = _CSS[_CSS.index("*, *::before") :]

    assert set(re.findall(r"#[0-9a-f]{3,8}\b", rules)) <= {"#5fd6a4", "#fff"}


def test_nothing_is_fetched_from_elsewhere() -> None:
    files = {name: asset.body.decode() for name, asset in static_files.assets().items() if name != "favicon.svg"}

    assert not [name for name, body in files.items() if re.search(r"https?:|url\(|@import", body)]
    assert not [name for name, body in files.items() if "letter-spacing" in body]
