"""Words in the reader's language, for e-mails and for the dashboard.

English is the msgid, so a missing translation is still readable. The .po files are read as they are, once a process:
nothing compiled lies in the repository. `gaps.py` tells what a catalogue lacks.

Thai dates carry the year of the Buddhist era (2569 for 2026): that is what Pantip and Thai phones show beside the same
post. Machine formats (the API, exports, the Date header) stay Gregorian. All clocks are 24 hours.
"""

import io
from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import IO, cast

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import Translations
from jinja2 import Environment

ENGLISH = "en"
LANGUAGES = ("en", "zh-Hant", "zh-Hans", "th")
#: Each in its own words, for the menu that chooses.
NATIVE_NAMES: Mapping[str, str] = {
    "en": "English",
    "zh-Hant": "繁體中文",
    "zh-Hans": "简体中文",
    "th": "ไทย",
}
#: The region whose usage each language follows.
_LOCALES = {"en": "en_GB", "zh-Hant": "zh_Hant_TW", "zh-Hans": "zh_Hans_CN", "th": "th_TH"}
#: What people say; the Unicode names («Chinese (Traditional)») are for sorting in lists.
_CHINESE_NAMES = {
    ("en", "zh-Hant"): "Traditional Chinese",
    ("en", "zh-Hans"): "Simplified Chinese",
    ("zh-Hant", "zh-Hant"): "繁體中文",
    ("zh-Hant", "zh-Hans"): "簡體中文",
    ("zh-Hans", "zh-Hant"): "繁体中文",
    ("zh-Hans", "zh-Hans"): "简体中文",
    ("th", "zh-Hant"): "จีนตัวเต็ม",
    ("th", "zh-Hans"): "จีนตัวย่อ",
}
_BUDDHIST_YEARS_AHEAD = 543
_TRADITIONAL_REGIONS = frozenset({"tw", "hk", "mo"})


class Catalogue:
    """One domain's words in one language, and that language's way to write numbers and times."""

    def __init__(self, folder: Path, domain: str, language: str) -> None:
        """Read `folder/<language>/LC_MESSAGES/<domain>.po`. English needs none. Raises ValueError, OSError."""
        if language not in LANGUAGES:
            raise ValueError(f"no catalogue for {language!r}; there are {', '.join(LANGUAGES)}")
        self.language = language
        self.locale = Locale.parse(_LOCALES[language])
        self.translations = _translations(path_of(folder, domain, language), _LOCALES[language])

    def install(self, environment: Environment) -> None:
        """Give a Jinja environment `{% trans %}` and its kin in this language, as `gaps.py` reads them."""
        environment.add_extension("jinja2.ext.i18n")
        environment.policies["ext.i18n.trimmed"] = True
        environment.install_gettext_translations(  # type: ignore[attr-defined]  # the extension brings it
            self.translations, newstyle=True
        )

    def gettext(self, message: str) -> str:
        """Return the message in this language, the English where it is missing."""
        return self.translations.ugettext(message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Return the form for n things."""
        return self.translations.ungettext(singular, plural, n)

    def pgettext(self, context: str, message: str) -> str:
        """Return the message as it is said in this context."""
        return str(self.translations.upgettext(context, message))

    def npgettext(self, context: str, singular: str, plural: str, n: int) -> str:
        """Return the form for n things as it is said in this context."""
        return self.translations.unpgettext(context, singular, plural, n)

    def date(self, at: date) -> str:
        """Return a day, such as «5 Mar 2026»."""
        pattern = str(self.locale.date_formats["medium"].pattern)
        if self.language == "th":
            pattern = pattern.replace("y", f"'{at.year + _BUDDHIST_YEARS_AHEAD}'")
        return format_date(at, pattern, locale=self.locale)

    def time(self, at: datetime, zone: tzinfo) -> str:
        """Return hours and minutes in the zone."""
        return format_time(at.astimezone(zone), "HH:mm", locale=self.locale)

    def datetime(self, at: datetime, zone: tzinfo) -> str:
        """Return day, hours, minutes and the zone's distance, such as «5 Mar 2026 19:00 UTC+7»."""
        local = at.astimezone(zone)
        return f"{self.date(local.date())} {self.time(local, zone)} {_distance(local)}"

    def number(self, value: float) -> str:
        """Return a number with this language's separators and at most three decimals."""
        return format_decimal(value, locale=self.locale)

    def percent(self, share: float) -> str:
        """Return a share, 0 to 1, as whole percents. Only 0 and 1 are shown as 0 % and 100 %."""
        if 0 < share < 1:
            share = min(max(share, 0.01), 0.99)
        return format_percent(share, locale=self.locale)

    def language_name(self, tag: str) -> str:
        """Return what a language is called here; the tag itself where that is not known."""
        if (self.language, tag) in _CHINESE_NAMES:
            return _CHINESE_NAMES[self.language, tag]
        try:
            name = Locale.parse(tag, sep="-").get_display_name(self.locale)
        except (ValueError, UnknownLocaleError):
            return tag
        return name or tag


def path_of(folder: Path, domain: str, language: str) -> Path | None:
    """Return where a language's words are; None for English, which is in the program itself."""
    return None if language == ENGLISH else folder / language / "LC_MESSAGES" / f"{domain}.po"


def negotiate(accepted: str | None, default: str = ENGLISH) -> str:
    """Return our language that an Accept-Language header likes best. Any header is read; nonsense counts as absent."""
    wishes: list[tuple[float, int, str]] = []
    for position, part in enumerate((accepted or "")[:1000].split(",")):
        tag, _, parameters = part.strip().lower().partition(";")
        language, quality = _ours(tag.strip()), _quality(parameters)
        if language and quality > 0:
            wishes.append((-quality, position, language))
    return min(wishes)[2] if wishes else default


@cache
def catalogue(folder: Path, domain: str, language: str) -> Catalogue:
    """Return the catalogue, read once a process."""
    return Catalogue(folder, domain, language)


@cache
def _translations(path: Path | None, locale: str) -> Translations:
    """Return the words of a .po file, through the binary form in memory; fuzzy ones are left out."""
    if path is None:
        return Translations()
    with path.open("rb") as file:
        # Without the locale Babel would drop the plural forms.
        read = read_po(cast("IO[str]", file), locale=locale, charset="utf-8", abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return Translations(compiled)


def _distance(local: datetime) -> str:
    """Return how far the clock is from UTC, such as «UTC+7» or «UTC−3:30»."""
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02}' if rest else ''}"


def _ours(tag: str) -> str | None:
    """Return our language for a lower-case BCP 47 tag: zh-TW is Traditional, plain zh Simplified."""
    base, *rest = tag.split("-")
    if base == "zh":
        if "hans" in rest:
            return "zh-Hans"
        return "zh-Hant" if "hant" in rest or _TRADITIONAL_REGIONS & set(rest) else "zh-Hans"
    return base if base in LANGUAGES else None


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if name.strip() == "q" and 0 <= quality <= 1 else 0.0
