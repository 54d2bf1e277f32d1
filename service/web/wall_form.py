"""Times as a form's `datetime-local` field holds them: by the reader's clock, without a zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerts import wall_clock

_EARLIEST, _LATEST = 1970, 2200


def read(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the instant that a field means; None for an empty or wrong one."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if not _EARLIEST < found.year < _LATEST:
        return None
    return wall_clock.first(found, zone) if found.tzinfo is None else found.astimezone(UTC)


def is_wrong(text: str, zone: ZoneInfo) -> bool:
    """Whether a field that may stay empty holds something that is no time."""
    return bool(text.strip()) and read(text, zone) is None


def written(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant as the field takes it."""
    return at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes")
