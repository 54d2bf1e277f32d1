"""What the columns of an imported file mean, and a row as a mention."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import quote

from collectors.column_names import NAMES, bare, known_field
from collectors.dates import is_relative, parse_date, plausible
from collectors.errors import SettingError
from collectors.feed_items import content_hash, language_tag, one_line
from collectors.import_mappings import ImportMapping, likely_mapping
from collectors.text import MAX_TITLE_CHARS, canonical_url, clean, host_of, html_to_text
from collectors.types import Author, Mention, Rating, SourceKind

_STARS = re.compile(r"^([★⭐🌟]+)([☆]*)$")
_NUMBER = re.compile(r"^[^\d-]{0,12}?(\d{1,3}(?:[.,]\d{1,20})?)\s*(?:(?:/|out of|of)\s*(\d{1,3}))?\s*\D{0,12}$")
_ROUNDED_ID = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{1,3}")
_SERIAL = re.compile(r"^\d{5}(?:\.\d+)?$")
#: Excel believes in 29 February 1900, so that its 1900 begins a day early.
SERIAL_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
_HOLE = re.compile(r"\{([^{}]+)\}")
_COUNT = re.compile(r"(\d{1,15}(?:\.\d{1,4})?)\s*([kKmM千万萬亿億]?)\+?")
_GROUPING = re.compile(r"(?<=\d)[,'’ _](?=\d)")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_UNITS = {"": 1, "k": 10**3, "千": 10**3, "万": 10**4, "萬": 10**4, "m": 10**6, "亿": 10**8, "億": 10**8}
_SLASHED = re.compile(r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?!\d)")
#: Later than any date of a row: whether something is a date must not depend on when a file is read.
_ANY_TIME = datetime(2500, 1, 1, tzinfo=UTC)
#: A longer text is a sentence that happens to hold a number.
_MAX_RATING_CHARS = 12
_DEFAULT_SCALE = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """Which column holds which field."""

    column_of: Mapping[str, str]
    #: The most a rating can be, unless a row says.
    scale: float = _DEFAULT_SCALE
    #: Whether 05/03/2024 is in March; None where the file does not show it.
    day_first: bool | None = None
    #: For times without an offset.
    zone: tzinfo = UTC
    #: Day 0 of dates that are numbers.
    zero: datetime = SERIAL_ZERO
    #: The place whose file it is, where that is said.
    place: ImportMapping | None = None


def columns_of(names: Sequence[str], mapping: Mapping[str, str], place: ImportMapping | None = None) -> Columns:
    """Return where each field is: by the user's mapping first, by the place's own headings next, by well-known names
    then. Raises SettingError."""
    column_of, scale = mapped_fields(mapping, names)
    taken = set(mapping)
    named = {bare(name): name for name in reversed(names)}
    for wanted, headings in (place.fields if place else {}).items():
        found = next((named[bare(heading)] for heading in headings if bare(heading) in named), None)
        if found and wanted not in column_of and found not in mapping:
            column_of[wanted] = found
            taken.add(found)
    for column in names:
        known = known_field(column)
        if known and known not in column_of and column not in taken:
            column_of[known] = column
    if "text" not in column_of:
        raise SettingError("text", f"no column is known to hold the text; the columns are {_listed(names)}; "
                           f"name it with --map COLUMN=text{_suggestion(names, place)}")  # fmt: skip
    return Columns(column_of=column_of, scale=scale, place=place)


def mapped_fields(mapping: Mapping[str, str], names: Sequence[str] | None = None) -> tuple[dict[str, str], float]:
    """Return the column of each field that the user names, and the scale of ratings. `names` are the columns there
    are, where that is known. Raises SettingError."""
    column_of: dict[str, str] = {}
    scale = _DEFAULT_SCALE
    for column, target in mapping.items():
        wanted, _, most = target.partition("/")
        if names is not None and column not in names:
            raise SettingError("map", f"there is no column {column!r}; the columns are {_listed(names)}")
        if wanted not in NAMES or (most and (wanted != "rating" or not most.isdigit() or int(most) == 0)):
            raise SettingError("map", f"{target!r} is no field; use one of {', '.join(NAMES)}, or rating/10")
        column_of[wanted] = column
        scale = float(most) if most else scale
    return column_of, scale


def fields_of(values: Mapping[str, str], columns: Columns) -> dict[str, str]:
    """Return the fields of a row of a table."""
    fields = {name: values.get(column, "") for name, column in columns.column_of.items()}
    if columns.place and not fields.get("url"):
        by_heading = {bare(name): value for name, value in values.items()}
        fields["url"] = made_address(columns.place, lambda heading: by_heading.get(bare(heading), ""))
    return fields


def made_address(place: ImportMapping, value_of: Callable[[str], str]) -> str:
    """Return the address of a row that has none, made of its other columns; nothing where these are empty."""
    for pattern in place.addresses:
        parts = _HOLE.split(pattern)
        values = [quote(value_of(heading).strip(), safe="") for heading in parts[1::2]]
        if all(values):
            return "".join(literal + value for literal, value in zip(parts[::2], [*values, ""], strict=True))
    return ""


def scale_of(ratings: Iterable[str], columns: Columns) -> float:
    """Return the least of the place's scales that holds these ratings."""
    scales = columns.place.scales if columns.place else ()
    values = [float(match[1].replace(",", ".")) for rating in ratings if (match := _NUMBER.match(rating.strip()))]
    return next((scale for scale in scales if scale >= max(values, default=0)), columns.scale)


def day_first(dates: Iterable[str]) -> bool | None:
    """Return whether dates like 05/03/2024 or 5/3/24 begin with the day, if they show it."""
    short: list[tuple[str, str, str]] = []
    for date in dates:
        match = _SLASHED.match(date.strip())
        if not match:
            continue
        if len(match[3]) == 2:
            short.append((match[1], match[2], match[3]))
        elif max(int(match[1]), int(match[2])) > 12:
            return int(match[1]) > 12
    return _day_first_of_short(short)


def _day_first_of_short(dates: Sequence[tuple[str, str, str]]) -> bool | None:
    """Return the same for years of two digits, which might as well come first: 24/03/05."""
    if any(int(second) > 12 for _, second, _ in dates):
        return False
    years_are_last = any(int(third) > 31 for *_, third in dates) or (
        len({third for *_, third in dates}) < len({first for first, *_ in dates})
    )
    single = any(len(first) == 1 for first, *_ in dates)
    return True if any(int(first) > 12 for first, *_ in dates) and (single or years_are_last) else None


def tells_row(values: Mapping[str, str], columns: Columns) -> bool | None:
    """Return whether the values are a row by its ratings, dates and addresses; None where they do not tell."""
    found = {name: values.get(column, "").strip() for name, column in columns.column_of.items()}
    typed = [name for name in ("published_at", "edited_at", "url", "rating") if found.get(name)]
    if not (found.get("text") or found.get("title")) or not all(_is_such(name, found[name], columns) for name in typed):
        return False
    # A number is found in many a sentence: it tells only where no column tells more.
    sure = {"published_at", "edited_at", "url"} & found.keys()
    return True if (set(typed) & sure if sure else typed) else None


def _is_such(name: str, value: str, columns: Columns) -> bool:
    if name == "url":
        return canonical_url(value) is not None
    if name != "rating":
        return is_relative(value) or any(
            _date(value, replace(columns, day_first=order), _ANY_TIME) for order in (True, False)
        )
    try:
        return len(value) <= _MAX_RATING_CHARS and rating_of(value, columns.scale) is not None
    except ValueError:
        return False


def mention_of(values: Mapping[str, str], *, columns: Columns, site: str, now: datetime) -> Mention:
    """Return the mention a row's fields give. Raises ValueError, with the reason, for a row that is none."""
    title = one_line(_words(values, "title", columns), MAX_TITLE_CHARS)
    text = clean(_words(values, "text", columns))
    rating = rating_of(values.get("rating", ""), columns.scale)
    if not (title or text or rating):
        raise ValueError("the row has no text, no title and no rating")
    url = canonical_url(values["url"]) if values.get("url") else None
    author_url = canonical_url(values["author_url"]) if values.get("author_url") else None
    name = one_line(_words(values, "author_name", columns), 200)
    place = one_line(values.get("site", ""), 200) or site or host_of(url) or "import"
    raw_date = clean(values.get("published_at", ""), 100)
    own = one_line(values.get("id", ""), 500)
    if _ROUNDED_ID.fullmatch(own):
        # A spreadsheet rounded it, and other rows to the same.
        own = ""
    return Mention(
        kind=SourceKind.IMPORT,
        site=place,
        # Without an id the content names the row, so that the same file twice adds nothing.
        id=own or f"sha256:{content_hash(place, url or '', name, raw_date, title, text, values.get('rating', ''))}",
        url=url,
        parent=_other(values.get("parent")),
        root=_other(values.get("root")),
        author=Author(id=one_line(values.get("author_id", ""), 200) or None, name=name or None, url=author_url),
        published_at=_date(raw_date, columns, now),
        edited_at=_optional_date(values.get("edited_at", ""), columns, now),
        title=title,
        text=text,
        language=language_tag(values.get("language")),
        rating=rating,
        engagement=_engagement(values),
    )


def answer_of(values: Mapping[str, str], mention: Mention, *, columns: Columns, now: datetime) -> Mention | None:
    """Return what the owner answered, where the row holds that too."""
    text = clean(_words(values, "answer", columns))
    if not text:
        return None
    return Mention(
        kind=mention.kind,
        site=mention.site,
        id=f"{mention.id}#answer",
        url=mention.url,
        parent=mention.id,
        root=mention.root or mention.id,
        published_at=_optional_date(values.get("answered_at", ""), columns, now),
        text=text,
        reply_by_owner=True,
    )


def _words(values: Mapping[str, str], name: str, columns: Columns) -> str:
    """Return a field's words as their author wrote them."""
    text = values.get(name, "")
    if columns.place and columns.place.bytes_as_letters and not text.isascii():
        try:
            text = text.encode("latin-1").decode()
        except UnicodeError:
            # It is what it looks like.
            return text
    return html_to_text(text) if columns.place and columns.place.markup else text


def _other(given: str | None) -> str | None:
    """Return the id of another item; places write 0 for none."""
    if not given:
        return None
    own = one_line(given, 500)
    return own if own not in {"", "0", "None", "null"} else None


def _engagement(values: Mapping[str, str]) -> dict[str, int]:
    given = {name: values[name] for name in ("likes", "replies", "shares", "views") if values.get(name)}
    return {name: count for name, text in given.items() if (count := _count(text)) is not None}


def _count(text: str) -> int | None:
    """Return a count such as 1,234, 1.234, 1 234 or 1.2万; None for what is none."""
    written = _GROUPING.sub("", unicodedata.normalize("NFKC", text[:40])).strip()
    # There is no part of a like: three digits behind a point are thousands.
    match = _COUNT.fullmatch(written.replace(".", "") if _THOUSANDS.fullmatch(written) else written)
    return int(float(match[1]) * _UNITS[match[2].lower()]) if match else None


def rating_of(text: str, scale: float) -> Rating | None:
    """Return a rating such as 4, 4.5, 8/10, ★★★★☆ or «5 stars»; None for none. Raises ValueError."""
    text = unicodedata.normalize("NFKC", text[:100]).strip()
    if not text or text.lower() in {"-", "n/a", "na", "null", "none", "nan"}:
        return None
    stars = _STARS.match(text.replace("\ufe0f", ""))
    if stars:
        given, most = len(stars[1]), len(stars[1]) + len(stars[2])
        return Rating(value=given, scale=most if stars[2] else max(scale, given))
    number = _NUMBER.match(text)
    if not number:
        raise ValueError(f"{text!r} is no rating")
    value, most_given = float(number[1].replace(",", ".")), float(number[2]) if number[2] else scale
    if not 0 <= value <= most_given or most_given == 0:
        raise ValueError(f"rating {text} is above {most_given:g}; say the scale with --map COLUMN=rating/10")
    return Rating(value=value, scale=most_given)


def _date(text: str, columns: Columns, now: datetime) -> datetime | None:
    """Return a date, also one that a spreadsheet left as a number of days. Raises ValueError for one that only tells
    how long ago something was: the file does not say from when that counts."""
    if _SERIAL.match(text.strip()):
        return plausible((columns.zero + timedelta(days=float(text))).replace(tzinfo=columns.zone), now=now)
    if is_relative(text):
        raise ValueError(f"the date {text.strip()[:40]!r} counts from a day that the file does not tell: write the day")
    return parse_date(text, now=now, zone=columns.zone, day_first=columns.day_first)


def _optional_date(text: str, columns: Columns, now: datetime) -> datetime | None:
    return None if is_relative(text) else _date(text, columns, now)


def _suggestion(names: Sequence[str], place: ImportMapping | None) -> str:
    likely = likely_mapping(names) if place is None else None
    return f", or try --columns {likely}, whose headings these look like" if likely else ""


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")
