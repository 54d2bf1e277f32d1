"""What can go wrong on the way to a mention.

CollectError
├── SettingError        the source's settings are wrong; the message names the field and the remedy
├── Refused             we will not do that: an inward address, an entity declaration, a bomb
├── RateLimited         the place asks us to come back later
└── Unreachable         no answer, or one that was cut short
"""

from datetime import timedelta


class CollectError(Exception):
    """A source could not be collected. `permanent`: trying again without a change is pointless."""

    permanent = False

    def __init__(self, message: str, *, permanent: bool | None = None) -> None:
        super().__init__(message)
        if permanent is not None:
            self.permanent = permanent


class SettingError(CollectError):
    """A setting is missing or wrong."""

    permanent = True

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class Refused(CollectError):
    """The request or the answer breaks a safety rule."""

    permanent = True


class RateLimited(CollectError):
    """The place asked for a pause."""

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unreachable(CollectError):
    """No complete answer came."""
