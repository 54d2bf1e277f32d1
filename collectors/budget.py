"""What may still be read of a place that takes money for each item: a budget a day, and one a month."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from collectors.errors import SettingError
from collectors.pages import record
from collectors.types import Source


class Budget:
    """How many items may still be read. The day's count is in the cursor, the month's with the source."""

    def __init__(self, source: Source, now: datetime, *, unit: str, usual_a_day: int, fewest: int) -> None:
        """`unit` names the settings, such as posts_a_day; `fewest` is the smallest page. Raises SettingError."""
        self._unit, self._fewest, self._now = unit, fewest, now.astimezone(UTC)
        self._day = _given(source, f"{unit}_a_day", fewest) or usual_a_day
        self._month = _given(source, f"{unit}_a_month", fewest)
        self._month_before = source.spent
        kept = record(source.cursor.get("spent"))
        count = kept.get(unit) if kept.get("day") == self._now.date().isoformat() else 0
        self._today = count if isinstance(count, int) else 0
        #: Read in this poll.
        self.spent = 0

    @property
    def left(self) -> int:
        """How many items may still be read today."""
        return min(self._day - self._today, self._left_of_month())

    @property
    def is_spent(self) -> bool:
        """Say whether it does not hold the smallest page any more."""
        return self.left < self._fewest

    def said(self) -> str:
        """Return that it is spent, and when it goes on."""
        spent = self._is_month_spent()
        most, period, setting = (self._month, "this month", "month") if spent else (self._day, "today", "day")
        return f"the budget of {most} {self._unit} for {period} is spent; it is the setting {self._unit}_a_{setting}"

    def spend(self, items: int) -> None:
        """Count what was read."""
        self.spent += items
        self._today += items

    def until_more(self) -> timedelta:
        """Return the time to the next day or month, UTC."""
        midnight = self._now.replace(hour=0, minute=0, second=0, microsecond=0)
        if self._is_month_spent():
            following = (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
            return following - self._now
        return midnight + timedelta(days=1) - self._now

    def cursor(self) -> dict[str, Any]:
        """Return what the next poll needs to know."""
        return {"spent": {"day": self._now.date().isoformat(), self._unit: self._today}}

    def _left_of_month(self) -> int:
        return self._day if self._month is None else self._month - self._month_before - self.spent

    def _is_month_spent(self) -> bool:
        return self._left_of_month() < self._fewest


def _given(source: Source, setting: str, fewest: int) -> int | None:
    """Return the number of a setting, None where it is not given. Raises SettingError."""
    given = source.settings.get(setting, "").strip()
    if not given:
        return None
    if not re.fullmatch(r"[1-9][0-9]{1,8}", given) or int(given) < fewest:
        raise SettingError(setting, f"is a number from {fewest} on, such as 500")
    return int(given)
