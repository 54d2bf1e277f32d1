"""Who reads a page: the language, the zone, and how times and numbers are said to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton

from alerts.catalogue import LANGUAGES, Catalogue, catalogue, negotiate

LANGUAGE_COOKIE = "earshot_language"
FOLDER = Path(__file__).parent
_MINUS = "\N{MINUS SIGN}"


def words_in(language: str) -> Catalogue:
    """Return the dashboard's words in a language."""
    return catalogue(FOLDER / "locale", "web", language)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """One reader at one moment."""

    language: str
    zone: ZoneInfo
    now: datetime

    @property
    def words(self) -> Catalogue:
        """The dashboard's words in the reader's language."""
        return words_in(self.language)

    def clock(self, at: datetime) -> str:
        """Return hours and minutes."""
        return self.words.time(at, self.zone)

    def day(self, at: datetime) -> str:
        """Return the day, without the year while it is this year."""
        local = at.astimezone(self.zone)
        if local.year == self.now.astimezone(self.zone).year:
            return format_skeleton("MMMd", local, tzinfo=self.zone, locale=self.words.locale)
        return self.words.date(local.date())

    def moment(self, at: datetime) -> str:
        """Return day and time, as «today, 14:05» where that is shorter."""
        days = (self.now.astimezone(self.zone).date() - at.astimezone(self.zone).date()).days
        if days == 0:
            return self.words.gettext("today, %(time)s") % {"time": self.clock(at)}
        if days == 1:
            return self.words.gettext("yesterday, %(time)s") % {"time": self.clock(at)}
        return self.words.gettext("%(day)s %(time)s") % {"day": self.day(at), "time": self.clock(at)}

    def exactly(self, at: datetime) -> str:
        """Return day, time and zone in full."""
        return self.words.datetime(at, self.zone)

    def span(self, length: timedelta) -> str:
        """Return a length of time, such as «5 minutes»."""
        minutes = max(int(length.total_seconds() // 60), 1)
        if minutes < 60:
            said, n = self.words.ngettext("%(n)s minute", "%(n)s minutes", minutes), minutes
        elif (hours := minutes // 60) < 48:
            said, n = self.words.ngettext("%(n)s hour", "%(n)s hours", hours), hours
        else:
            days = hours // 24
            said, n = self.words.ngettext("%(n)s day", "%(n)s days", days), days
        return said % {"n": self.number(n)}

    def number(self, value: float) -> str:
        """Return a number as it is written in the language."""
        return self.words.number(value).replace("-", _MINUS)

    def signed(self, value: int) -> str:
        """Return a whole number with its sign; zero has none."""
        return f"+{self.number(value)}" if value > 0 else self.number(value)

    def percent(self, share: float) -> str:
        """Return a share as whole percents."""
        return self.words.percent(share)


def language_of(cookies: Mapping[str, str], accept_language: str | None) -> str:
    """Return the language the reader chose, else the one their browser likes best."""
    chosen = cookies.get(LANGUAGE_COOKIE)
    return chosen if chosen in LANGUAGES else negotiate(accept_language)
