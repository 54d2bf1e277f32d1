"""Reads the dates that places really send.

Everything that cannot be a time of a post (the year 0, the year 20000, 31 February) is None, never an error:
when it was said is then unknown, and the time it was first seen orders the stream.
"""

import difflib
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from collectors.errors import SettingError

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_SLACK = timedelta(days=1)
#: Nobody writes a longer date; longer strings are not searched.
_MAX_CHARS = 120

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january ม.ค. มกราคม",
            "feb february ก.พ. กุมภาพันธ์",
            "mar march มี.ค. มีนาคม",
            "apr april เม.ย. เมษายน",
            "may พ.ค. พฤษภาคม",
            "jun june มิ.ย. มิถุนายน",
            "jul july ก.ค. กรกฎาคม",
            "aug august ส.ค. สิงหาคม",
            "sep sept september ก.ย. กันยายน",
            "oct october ต.ค. ตุลาคม",
            "nov november พ.ย. พฤศจิกายน",
            "dec december ธ.ค. ธันวาคม",
        ),
        start=1,
    )
    for name in names.split()
} | {
    name: number
    for number, digit in enumerate(
        ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"), start=1
    )
    for name in (f"{digit}月", f"{number}月")
}
# RFC 822 zones and those that are common though undefined; CST is North American, as e-mail has it.
_ZONES = {
    "ut": 0, "gmt": 0, "utc": 0, "z": 0, "wet": 0, "bst": 1, "west": 1, "cet": 1, "met": 1, "cest": 2, "mest": 2,
    "eet": 2, "eest": 3, "msk": 3, "ict": 7, "hkt": 8, "sgt": 8, "awst": 8, "jst": 9, "kst": 9, "aest": 10, "aedt": 11,
    "nzst": 12, "nzdt": 13, "ast": -4, "adt": -3, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6,
    "pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10,
}  # fmt: skip

_CLOCK = (
    r"(?:(?P<before>上午|下午|晚上|凌晨|早上|中午|am|pm)?\s*(?P<hour>\d{1,2})\s*[:.時时點点]\s*(?P<minute>\d{1,2})"
    r"(?:\s*[:.分]\s*(?P<second>\d{1,2})(?:[.,]\d+)?)?\s*[分秒]?(?:\s*(?:น\.|hrs?))?\s*(?P<half>[ap]\.?m\.?(?![a-z]))?"
    r"\s*\(?(?P<zone>[+-]\d{1,2}:?\d{2}|[+-]\d{1,2}(?!\d)|(?:gmt|utc)[+-]\d{1,2}(?::?\d{2})?|[a-z]{1,5}(?:/[a-z_]+)?)?"
    r"(?![a-z]).*)?"
)
_FORMS = tuple(
    re.compile(form + _CLOCK, re.IGNORECASE | re.DOTALL)
    for form in (
        # 2024-03-05T14:30:00Z, 2024/3/5 14:30, 2024年3月5日, 民國113年3月5日
        r"^(?:(?P<roc>(?:中華|中华)?(?:民國|民国))\s*)?(?P<year>(?<=[國国])\d{2}|\d{3,5})\s*(?:[-/.]|年)\s*(?P<month>\d{1,2})\s*(?:[-/.]|月)\s*"
        r"(?P<day>\d{1,2})(?!\d)\s*[日號号]?\s*(?:[（(]?(?:星期|週|周)?[一二三四五六日天][）)]?)?\s*[t_,]?\s*",
        # 1130305, as Taiwan's offices write it
        r"^(?P<year>(?:0?[89]|1\d)\d)(?P<month>\d{2})(?P<day>\d{2})(?!\d)",
        # 20240305T143000Z
        r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:[t ](?=\d{2}:))?",
        # Tue, 5 Mar 2024 14:30:00 +0800; 5 มี.ค. 2567 14:30 น.; 05-Mar-24
        r"^(?:วัน)?(?:[^\d\s,]+,?\s+)?(?:ที่\s*)?(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?:of\s+)?"
        r"(?P<name>\d{1,2}月|[^\W\d_][^\s\d,-]*)[,\s-]+(?:พ\.ศ\.\s*)?(?P<year>\d{2,5})(?!\d)\s*(?:,|at|เวลา|-)?\s*",
        # March 5, 2024 2:30 PM; Tue, Mar 5 2024
        r"^(?:[a-z]+,?\s+)??(?P<name>[a-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4,5})(?!\d)"
        r"\s*(?:,|at)?\s*",
        # 25/12/2024 14:30, 12/25/2024, 5/6/26
        r"^(?P<first>\d{1,2})(?P<mark>[/.-])(?P<other>\d{1,2})[/.-](?P<year>\d{4}|\d{2})(?!\d),?\s*",
    )
)
# Tue Mar  5 14:30:00 +0800 2024, as C's asctime and some social networks write it.
_ASCTIME = re.compile(
    r"^[a-z]{3,9},?\s+(?P<name>[a-z]{3,9})\s+(?P<day>\d{1,2})\s+(?P<hour>\d{1,2}):(?P<minute>\d{2}):(?P<second>\d{2})"
    r"(?:\s+(?P<zone>[+-]\d{4}|[a-z]{1,5}))?\s+(?P<year>\d{4})(?!\d)",
    re.IGNORECASE,
)
#: A date that counts from the day it was read, or leaves the year to be guessed from it.
_RELATIVE = re.compile(
    r"(?:just now|moments? ago|today|yesterday|(?:about |over |an? |edited )*\d*\s*(?:s|sec|second|m|min|minute|h|hr|"
    r"hour|d|day|w|wk|week|mo|month|y|yr|year)s?\.? ago|last (?:week|month|year)|"
    r"(?:編輯於|编辑于|发布于|發佈於)?\s*(?:剛剛|刚刚|今天|昨天|前天|今日|昨日|上週|上周|上個月|上个月|去年|"
    r"(?:約|约)?\s*[\d一二兩两三四五六七八九十幾几半]+\s*(?:個|个)?\s*(?:秒|分|小時|小时|天|日|週|周|星期|月|年)\s*(?:鐘|钟)?\s*(?:之)?前)|"
    r"เมื่อวาน(?:นี้|ซืน)?|เมื่อสักครู่|วันนี้|เมื่อกี้|(?:เมื่อ|ประมาณ)?\s*\d*\s*(?:วินาที|นาที|ชั่วโมง|ชม\.?|วัน|สัปดาห์|อาทิตย์|เดือน|ปี)"
    r"\s*(?:ที่แล้ว|ก่อน|ที่ผ่านมา))(?![a-z]).*|"
    r"(?:編輯於|编辑于|发布于|發佈於)?\s*\d{1,2}\s*[-/月]\s*\d{1,2}\s*[日號号]?(?:\s+\D.*|\s+\d{1,2}:\d{2}.*)?",
    re.IGNORECASE | re.DOTALL,
)
_THAI = re.compile("[ก-๛]")
_COMPACT_CLOCK = re.compile(r"^(\d{8})[t ]?(\d{2})(\d{2})(\d{2})?", re.IGNORECASE)


def parse_date(text: str, *, now: datetime, zone: tzinfo = UTC, day_first: bool | None = None) -> datetime | None:
    """Return the moment in UTC, from 1990 to tomorrow, or None. `zone` is for dates without one; `day_first` settles
    05/03/2024 (None: such a date is unknown unless only one reading exists)."""
    text = unicodedata.normalize("NFKC", text[:_MAX_CHARS]).strip()
    if re.fullmatch(r"-?\d{9,13}(?:\.\d+)?", text):
        return from_epoch(float(text), now=now)
    # ISO 8601 basic form: the clock gets its colons, so that one pattern reads all clocks.
    text = _COMPACT_CLOCK.sub(lambda match: f"{match[1]}T{match[2]}:{match[3]}:{match[4] or '00'}", text)
    for form in (_ASCTIME, *_FORMS):
        match = form.match(text)
        if match:
            return _moment(match.groupdict(), now=now, zone=zone, day_first=day_first)
    return None


def is_relative(text: str) -> bool:
    """Say whether a date tells only how long before an unknown day it was, or leaves out the year."""
    return bool(_RELATIVE.fullmatch(unicodedata.normalize("NFKC", text[:_MAX_CHARS]).strip()))


def zone_named(name: str) -> tzinfo:
    """Return the IANA zone, UTC for no name. Raises SettingError for a zone there is not."""
    if not name.strip():
        return UTC
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = {zone.lower(): zone for zone in available_timezones()}
        near = difflib.get_close_matches(name.strip().lower()[:60], known, n=1)
        remedy = f"did you mean {known[near[0]]}?" if near else "use a name such as Asia/Taipei"
        raise SettingError("zone", f"there is no time zone {name.strip()[:60]!r}; {remedy}") from None


def from_epoch(seconds: float, *, now: datetime) -> datetime | None:
    """Return the moment of a Unix time in seconds or milliseconds, or None."""
    if abs(seconds) > 1e11:
        seconds /= 1000
    try:
        return plausible(datetime.fromtimestamp(seconds, UTC), now=now)
    except (OverflowError, OSError, ValueError):
        return None


def plausible(at: datetime, *, now: datetime) -> datetime | None:
    """Return an aware moment in UTC if a post can have it, else None."""
    try:
        at = at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return at if _EARLIEST <= at <= now + _SLACK else None


def _moment(part: dict[str, str | None], *, now: datetime, zone: tzinfo, day_first: bool | None) -> datetime | None:
    """Return the moment that the named parts of a date give, or None."""
    date = _date(part, day_first=day_first)
    clock = _clock(part)
    if date is None or clock is None:
        return None
    hour, minute, second = clock
    try:
        # CST is Taipei's own name for its time, and Chicago's.
        own = datetime(*date, tzinfo=zone).tzname() == (part.get("zone") or "").upper()
        offset = None if own else _offset(part.get("zone"))
        # A leap second, and the 24:00 of ISO 8601, run on into what follows.
        start = datetime(*date, tzinfo=offset or zone)
        return plausible(start + timedelta(hours=hour, minutes=minute, seconds=second), now=now)
    except (OverflowError, ValueError):
        return None


def _date(part: dict[str, str | None], *, day_first: bool | None) -> tuple[int, int, int] | None:
    """Return year, month and day, or None."""
    year = _year(part.get("year") or "", roc=bool(part.get("roc")))
    if year is None:
        return None
    if part.get("first") is not None:
        return _slashed(part, year, day_first=day_first)
    name = part.get("name")
    if name and len(part.get("year") or "") == 2 and _THAI.search(name):
        year = 1957 + int(part["year"] or 0)
    month = _month(name) if name else int(part["month"] or 0)
    return (year, month, int(part["day"] or 0)) if month else None


def _slashed(part: dict[str, str | None], year: int, *, day_first: bool | None) -> tuple[int, int, int] | None:
    """Return year, month and day of 05/03/2024 or 5/3/24, or None where that is open."""
    first, other, written = (int(part[name] or 0) for name in ("first", "other", "year"))
    if other > 12:
        day_first = False
    elif len(part["year"] or "") == 2 and written >= 50:
        # No post is of the years 1950 to 1989: these are 2550 to 2589 of the Buddhist era, behind the day and month.
        year, day_first = 1957 + written, True if day_first is None else day_first
    elif len(part["year"] or "") == 2:
        # 24/03/05 may begin with the year: only other dates beside it can tell.
        if day_first is None and (first != other or len(part["first"] or "") == 2):
            return None
    elif first > 12 or year != written:
        day_first = True
    if day_first is None and part.get("mark") == "." and year == written:
        # Who writes points writes the day first.
        day_first = True
    if day_first is None and first != other:
        return None
    return (year, other, first) if day_first else (year, first, other)


def _year(text: str, *, roc: bool) -> int | None:
    """Return the year of the common era: two digits as e-mail reads them, Buddhist era, Republic of China."""
    year = int(text)
    if roc:
        return year + 1911
    if len(text) == 2:
        return year + (2000 if year < 50 else 1900)
    if 2500 <= year <= 2700:
        return year - 543
    # Taiwanese forms write 113/03/05 without saying of what era.
    return year + 1911 if len(text) == 3 and 79 <= year <= 200 else year


def _month(name: str) -> int | None:
    name = name.lower().strip()
    # NFKC takes the Thai sara am apart; month names are compared in the same form.
    return _MONTHS.get(name) or _MONTHS.get(name.rstrip("."))


def _clock(part: dict[str, str | None]) -> tuple[int, int, int] | None:
    """Return hour, minute and second; midnight where none is given; None for a clock that cannot be."""
    hour, minute, second = (int(part.get(name) or 0) for name in ("hour", "minute", "second"))
    half = (part.get("half") or part.get("before") or "").lower().replace(".", "")
    if half in {"pm", "下午", "晚上", "中午"} and hour < 12 and not (half == "中午" and hour > 10):
        hour += 12
    elif half in {"am", "上午", "凌晨", "早上"} and hour == 12:
        hour = 0
    return (hour, minute, second) if hour <= 24 and minute <= 59 and second <= 60 else None


def _offset(zone: str | None) -> tzinfo | None:
    """Return the offset of a zone's name or number; UTC for one nobody knows; None where none is given."""
    if not zone:
        return None
    match = re.fullmatch(r"(?:gmt|utc)?([+-])(\d{1,2}):?(\d{2})?", zone.lower())
    if match:
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        # -25:00 and the like are typing errors: the date stays, the offset goes.
        return timezone(timedelta(minutes=minutes) * (1 if match[1] == "+" else -1)) if minutes <= 14 * 60 else UTC
    return timezone(timedelta(hours=_ZONES.get(zone.lower(), 0)))
