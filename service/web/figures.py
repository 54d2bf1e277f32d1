"""The numbers of a period beside those of the one before, and whether that is better or worse."""

from dataclasses import dataclass
from enum import StrEnum

from alerts.types import Counts
from service.measures import differs, ratio, wilson
from service.web.period import Period
from service.web.reader import Reader


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals(Counts):
    """Counts over a whole period."""

    @property
    def net(self) -> int | None:
        """Positive less negative in a hundred judged mentions, −100 to 100; None where none is judged."""
        return round(100 * (self.positive - self.negative) / self.judged) if self.judged else None

    @property
    def anger_rate(self) -> float | None:
        """The angry among the judged; None where none is judged."""
        return ratio(self.angry, self.judged)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One number as it is shown."""

    key: str
    name: str
    value: str
    #: The difference in words.
    change: str
    #: The mentions or incidents behind it.
    link: str
    note: str = ""
    #: Somebody should look.
    alarming: bool = False


class Course(StrEnum):
    """How a period compares with the one before."""

    BETTER = "better"
    WORSE = "worse"
    MIXED = "mixed"
    #: The difference may be chance.
    SAME = "same"
    #: One of the two has no judged mention.
    UNKNOWN = "unknown"


def course(now: Totals, then: Totals) -> Course:
    """Return whether anger and displeasure grew or fell, by shares that differ with a certainty of 95 %."""
    if not now.judged or not then.judged:
        return Course.UNKNOWN
    parts = ((now.angry, then.angry), (now.negative, then.negative))
    signs = {differs((part, now.judged), (before, then.judged)) for part, before in parts} - {0}
    if len(signs) > 1:
        return Course.MIXED
    return {1: Course.WORSE, -1: Course.BETTER}[signs.pop()] if signs else Course.SAME


def _interval(part: int, whole: int) -> tuple[float, float]:
    low, high = wilson(part, whole)
    return low or 0.0, 1.0 if high is None else high


def course_words(found: Course, period: Period, reader: Reader) -> str:
    """Return the comparison as a sentence."""
    _ = reader.words.gettext
    pattern = {
        Course.BETTER: _("Better than %(before)s"),
        Course.WORSE: _("Worse than %(before)s"),
        Course.MIXED: _("Mixed against %(before)s: one of anger and displeasure rose, the other fell"),
        Course.SAME: _("About the same as %(before)s: the difference may be chance"),
        Course.UNKNOWN: _("No mentions in %(before)s to compare with yet"),
    }[found]
    return pattern % {"before": before(period, reader)}


def rate_words(part: int, whole: int, reader: Reader) -> str:
    """Return a share of the judged with its interval; '' where none is judged."""
    if not whole:
        return ""
    low, high = _interval(part, whole)
    return reader.words.gettext("%(share)s of those judged (95%% interval %(low)s to %(high)s)") % {
        "share": reader.percent(part / whole),
        "low": reader.percent(low),
        "high": reader.percent(high),
    }


def before(period: Period, reader: Reader) -> str:
    """Return what the period is compared with."""
    _ = reader.words.gettext
    return {
        Period.DAY: _("the 24 hours before"),
        Period.WEEK: _("the 7 days before"),
        Period.MONTH: _("the 30 days before"),
    }[period]


def ago(period: Period, reader: Reader) -> str:
    """Return when the period began."""
    _ = reader.words.gettext
    return {Period.DAY: _("24 hours ago"), Period.WEEK: _("7 days ago"), Period.MONTH: _("30 days ago")}[period]


def count_change(now: int, then: int, than: str, reader: Reader) -> str:
    """Return how a count differs."""
    _ = reader.words.gettext
    values = {"n": reader.number(abs(now - then)), "before": than}
    if now > then:
        return _("%(n)s more than %(before)s") % values
    if now < then:
        return _("%(n)s fewer than %(before)s") % values
    return _("the same as %(before)s") % values


def net_change(now: int | None, then: int | None, than: str, reader: Reader) -> str:
    """Return how a net sentiment differs."""
    words = reader.words
    if now is None:
        return words.gettext("nothing judged yet")
    if then is None:
        return words.gettext("nothing to compare with in %(before)s") % {"before": than}
    difference = abs(now - then)
    values = {"n": reader.number(difference), "before": than}
    if now > then:
        return (
            words.ngettext("%(n)s point better than %(before)s", "%(n)s points better than %(before)s", difference)
            % values
        )
    if now < then:
        return (
            words.ngettext("%(n)s point worse than %(before)s", "%(n)s points worse than %(before)s", difference)
            % values
        )
    return words.gettext("the same as %(before)s") % values
