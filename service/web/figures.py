"""The four numbers of the overview, each beside what it was one period before."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.store.trend import TrendCounts
from service.web.period import Period
from service.web.reader import Reader


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """Counts over a whole period."""

    total: int = 0
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    angry: int = 0

    @property
    def net(self) -> int | None:
        """Positive less negative in a hundred judged mentions, −100 to 100; None where none is judged."""
        judged = self.negative + self.neutral + self.positive
        return round(100 * (self.positive - self.negative) / judged) if judged else None


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


def totals(counts: Sequence[TrendCounts]) -> Totals:
    """Return the sum of all steps."""
    return Totals(
        total=sum(step.total for step in counts),
        negative=sum(step.negative for step in counts),
        neutral=sum(step.neutral for step in counts),
        positive=sum(step.positive for step in counts),
        angry=sum(step.angry for step in counts),
    )


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
