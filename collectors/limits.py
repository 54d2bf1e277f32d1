"""How places say «not so fast»: every dialect of rate limit, read into one pause.

The dialects: Retry-After; X-RateLimit-*, RateLimit-* and RateLimit with a reset that is an instant, an epoch or
seconds to go; Meta's usage percentages and error codes; Google's reasons in a 403; Stack Exchange's backoff; App Store
Connect's hour; Telegram's and Discord's fields in the body.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from collectors.polite import LONGEST_PAUSE, SHORTEST_RETRY_AFTER, retry_after

_ROLLING_HOUR = timedelta(hours=1)
_RESETS = ("x-ratelimit-reset-after", "x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")
_REMAINING = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining")
#: RateLimit: "default";r=0;t=30
_STRUCTURED = re.compile(r"\br=(\d+)\b.*?\bt=(\d+)\b")
_HOUR_LEFT = re.compile(r"user-hour-rem:\s*(\d+)")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")
_SECONDS_IN_WORDS = re.compile(r"(\d+)\s*seconds?\b")
_EPOCHS_BEGIN = 1e9
#: Meta stops answering at 100; other programs of the same owner use up the rest.
_META_FULL = 95
_META_THROTTLED = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
_GOOGLE_DAY = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_GOOGLE_SOON = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})


def refused_for(status: int, headers: Mapping[str, str], document: object, *, now: datetime) -> timedelta | None:
    """Return the pause where this answer, no success, is a rate limit; None where it is another error."""
    said = _of_body(document, now=now)
    after = retry_after(headers.get("retry-after"), now=now)
    spent = _spent(headers, now=now)
    limited = status == 429 or (status in {403, 503} and after is not None) or (status == 403 and spent is not None)
    if not limited and said is None:
        return None
    # The longest of what was said: an answer often carries a general header and a precise body.
    pauses = [pause for pause in (said, after, spent or _reset(headers, now=now)) if pause is not None]
    return _bounded(max(pauses, default=SHORTEST_RETRY_AFTER))


def asked_for(headers: Mapping[str, str], document: object, *, now: datetime) -> timedelta | None:
    """Return the pause that a successful answer asks for before the next request, or None."""
    pauses = [_spent(headers, now=now)]
    if isinstance(document, dict):
        pauses.append(_seconds(document.get("backoff")))
        if document.get("quota_remaining") == 0 and not isinstance(document["quota_remaining"], bool):
            pauses.append(_until_hour(0, now=now))
    wishes = [pause for pause in pauses if pause]
    return min(max(wishes), LONGEST_PAUSE) if wishes else None


def _bounded(pause: timedelta) -> timedelta:
    return min(max(pause, SHORTEST_RETRY_AFTER), LONGEST_PAUSE)


def _spent(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """Return the pause of headers that say nothing is left, or None."""
    left = [_number(headers[name]) for name in _REMAINING if name in headers]
    if any(number is not None and number < 1 for number in left):
        return _reset(headers, now=now) or SHORTEST_RETRY_AFTER
    structured = _STRUCTURED.search(headers.get("ratelimit", ""))
    if structured and not int(structured[1]):
        return _seconds(int(structured[2]))
    hour = _HOUR_LEFT.search(headers.get("x-rate-limit", ""))
    if hour and not int(hour[1]):
        return _ROLLING_HOUR
    return _meta_usage(headers)


def _reset(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """Return the time to the reset: an instant, a Unix time, or seconds to go."""
    for name in _RESETS:
        value = headers.get(name, "").strip()
        number = _number(value)
        if number is not None:
            # No limit is longer than thirty years, no clock is before 2001.
            return _seconds(number - now.timestamp() if number >= _EPOCHS_BEGIN else number)
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            continue
        return max((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, timedelta(0))
    return None


def _meta_usage(headers: Mapping[str, str]) -> timedelta | None:
    """Return the pause that Meta's usage headers ask for (percentages, and minutes until access comes back)."""
    pauses = []
    for usage in _usages(headers):
        shares = [_number(usage.get(key)) for key in ("call_count", "total_time", "total_cputime")]
        minutes = _number(usage.get("estimated_time_to_regain_access")) or 0
        if minutes > 0:
            pauses.append(_seconds(minutes * 60))
        elif any(share is not None and share >= _META_FULL for share in shares):
            pauses.append(_ROLLING_HOUR)
    return max((pause for pause in pauses if pause), default=None)


def _usages(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Yield every usage object in Meta's headers."""
    for name in ("x-app-usage", "x-page-usage", "x-business-use-case-usage", "x-ad-account-usage"):
        try:
            found = json.loads(headers.get(name, "null"))
        except (ValueError, RecursionError):
            continue
        values = [found, *(found.values() if isinstance(found, dict) else ())]
        for value in values:
            yield from (usage for usage in (value if isinstance(value, list) else [value]) if isinstance(usage, dict))


def _of_body(document: object, *, now: datetime) -> timedelta | None:
    """Return the pause that an error's body asks for, or None where it is no rate limit."""
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    if isinstance(error, dict):
        return _of_google(error, now=now) or _of_meta(error)
    if document.get("error_name") == "throttle_violation" or document.get("error_id") == 502:
        words = _SECONDS_IN_WORDS.search(str(document.get("error_message", ""))[:500])
        return _seconds(int(words[1][:9])) if words else SHORTEST_RETRY_AFTER
    parameters = document.get("parameters")
    extras = document.get("extras")
    for holder in (document, parameters, extras):
        if isinstance(holder, dict):
            pause = _seconds(holder.get("retry_after")) or _seconds(holder.get("wait_seconds"))
            if pause:
                return pause
    return None


def _of_google(error: Mapping[str, Any], *, now: datetime) -> timedelta | None:
    """Return the pause of a Google error: a quota of the day ends at midnight on the Pacific coast."""
    listed = [entry for key in ("errors", "details") for entry in _objects(error.get(key))]
    reasons = {entry.get("reason") for entry in listed if isinstance(entry.get("reason"), str)}
    if reasons & _GOOGLE_DAY:
        # 08:00 UTC is midnight there in winter and an hour past it in summer.
        return _until_hour(8, now=now)
    delays = [_DURATION.fullmatch(str(entry.get("retryDelay", ""))[:20]) for entry in listed]
    pauses = [_seconds(float(delay[1])) for delay in delays if delay]
    exhausted = error.get("status") == "RESOURCE_EXHAUSTED" or reasons & _GOOGLE_SOON
    return max((pause for pause in pauses if pause), default=SHORTEST_RETRY_AFTER if exhausted else None)


def _of_meta(error: Mapping[str, Any]) -> timedelta | None:
    # A list, or another thing that has no hash, is no code.
    code = error.get("code")
    return _ROLLING_HOUR if isinstance(code, int) and code in _META_THROTTLED else None


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _number(value: object) -> float | None:
    """Return a finite number, whether sent as one or as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None


def _seconds(value: object) -> timedelta | None:
    """Return that many seconds, from none to a day; None for what is no number."""
    number = _number(value)
    if number is None:
        return None
    return timedelta(seconds=min(max(number, 0.0), LONGEST_PAUSE.total_seconds()))


def _until_hour(hour: int, *, now: datetime) -> timedelta:
    """Return the time to the next such hour, UTC."""
    now = now.astimezone(UTC)
    at = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return (at if at > now else at + timedelta(days=1)) - now
