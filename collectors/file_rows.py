"""What the columns of an imported file mean, and a row as a mention."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from collectors.dates import parse_date, plausible
from collectors.errors import SettingError
from collectors.feed_items import content_hash, language_tag, one_line
from collectors.text import MAX_TITLE_CHARS, canonical_url, clean, host_of
from collectors.types import Author, Mention, Rating, SourceKind

#: Each field with the names its column goes by, in the four languages; compared without case, spaces and signs.
_NAMES = {
    "text": "text content body comment comments review reviewtext reviewbody message post description feedback "
    "opinion 內容 内容 評論 评论 留言 內文 正文 評價 评价 評語 评语 意見 意见 評論內容 评论内容 貼文 "
    "帖子 文章 心得 ข้อความ รีวิว ความคิดเห็น เนื้อหา ความเห็น คอมเมนต์ คำติชม",
    "title": "title subject headline heading reviewtitle 標題 标题 主旨 主題 主题 หัวข้อ ชื่อเรื่อง",
    "author_name": "author authorname user username name reviewer reviewername nickname 作者 用戶 用户 使用者 暱稱 "
    "昵称 姓名 帳號 留言者 評論者 评论者 用户名 ผู้เขียน ชื่อ ผู้ใช้ ชื่อผู้ใช้ ผู้รีวิว",
    "author_id": "authorid userid 作者id 用戶id 用户id",
    "author_url": "authorurl userurl profile profileurl",
    "published_at": "publishedat published date datetime time timestamp created createdat posted postedat reviewdate "
    "日期 時間 时间 發表時間 发表时间 發布時間 发布时间 評論時間 评论时间 評論日期 评论日期 建立時間 "
    "创建时间 วันที่ เวลา วันเวลา วันที่โพสต์",
    "edited_at": "editedat updated updatedat modified modifiedat 更新時間 更新时间 修改時間 修改时间 แก้ไขเมื่อ",
    "rating": "rating stars star starrating score 評分 评分 星等 星級 星级 分數 分数 打分 คะแนน ดาว เรตติ้ง",
    "url": "url link permalink href address reviewlink 網址 网址 連結 链接 鏈接 ลิงก์ ลิงค์",
    "id": "id guid postid reviewid commentid mentionid 編號 编号 評論id 评论id รหัส",
    "site": "site source platform channel website store 來源 来源 平台 網站 网站 ช่องทาง แพลตฟอร์ม แหล่งที่มา "
    "เว็บไซต์",
    "language": "language lang locale reviewerlanguage 語言 语言 ภาษา",
    "parent": "parent parentid inreplyto replyto",
    "root": "root rootid thread threadid",
}  # fmt: skip
_FIELD_OF_NAME = {name: field for field, names in _NAMES.items() for name in names.split()}
_IGNORED = re.compile(r"[\s_\-./()（）:：]+")
_STARS = re.compile(r"^([★⭐🌟]+)([☆]*)$")
_NUMBER = re.compile(r"^[^\d-]{0,12}?(\d{1,3}(?:[.,]\d{1,20})?)\s*(?:(?:/|out of|of)\s*(\d{1,3}))?\s*\D{0,12}$")
_SERIAL = re.compile(r"^\d{5}(?:\.\d+)?$")
_SERIAL_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
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
    #: The columns as they stand in the file, for messages.
    names: Sequence[str] = field(default=())


def columns_of(names: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """Return where each field is, by the user's mapping first and by well-known names then. Raises SettingError."""
    column_of: dict[str, str] = {}
    scale = _DEFAULT_SCALE
    for column, target in mapping.items():
        wanted, _, most = target.partition("/")
        if column not in names:
            raise SettingError("map", f"there is no column {column!r}; the columns are {_listed(names)}")
        if wanted not in _NAMES or (most and (wanted != "rating" or not most.isdigit() or int(most) == 0)):
            raise SettingError("map", f"{target!r} is no field; use one of {', '.join(_NAMES)}, or rating/10")
        column_of[wanted] = column
        scale = float(most) if most else scale
    for column in names:
        known = _FIELD_OF_NAME.get(_bare(column))
        if known and known not in column_of and column not in mapping:
            column_of[known] = column
    if "text" not in column_of:
        raise SettingError("text", f"no column is known to hold the text; the columns are {_listed(names)}; "
                           "name it with --map COLUMN=text")  # fmt: skip
    return Columns(column_of=column_of, scale=scale, names=names)


def field_of(name: str, mapping: Mapping[str, str]) -> str | None:
    """Return the field that a key of a JSON object stands for."""
    return mapping[name].partition("/")[0] if name in mapping else _FIELD_OF_NAME.get(_bare(name))


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
        return any(_date(value, replace(columns, day_first=order), _ANY_TIME) for order in (True, False))
    try:
        return len(value) <= _MAX_RATING_CHARS and rating_of(value, columns.scale) is not None
    except ValueError:
        return False


def mention_of(values: Mapping[str, str], *, columns: Columns, site: str, now: datetime) -> Mention:
    """Return the mention a row's fields give. Raises ValueError, with the reason, for a row that is none."""
    title = one_line(values.get("title", ""), MAX_TITLE_CHARS)
    text = clean(values.get("text", ""))
    rating = rating_of(values.get("rating", ""), columns.scale)
    if not (title or text or rating):
        raise ValueError("the row has no text, no title and no rating")
    url = canonical_url(values["url"]) if values.get("url") else None
    author_url = canonical_url(values["author_url"]) if values.get("author_url") else None
    name = one_line(values.get("author_name", ""), 200)
    place = one_line(values.get("site", ""), 200) or site or host_of(url) or "import"
    raw_date = clean(values.get("published_at", ""), 100)
    own = one_line(values.get("id", ""), 500)
    return Mention(
        kind=SourceKind.IMPORT,
        site=place,
        # Without an id the content names the row, so that the same file twice adds nothing.
        id=own or f"sha256:{content_hash(place, url or '', name, raw_date, title, text, values.get('rating', ''))}",
        url=url,
        parent=one_line(values.get("parent", ""), 500) or None,
        root=one_line(values.get("root", ""), 500) or None,
        author=Author(id=one_line(values.get("author_id", ""), 200) or None, name=name or None, url=author_url),
        published_at=_date(raw_date, columns, now),
        edited_at=_date(values.get("edited_at", ""), columns, now),
        title=title,
        text=text,
        language=language_tag(values.get("language")),
        rating=rating,
    )


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
    """Return a date, also one that a spreadsheet left as days since 1900."""
    if _SERIAL.match(text.strip()):
        return plausible((_SERIAL_ZERO + timedelta(days=float(text))).replace(tzinfo=columns.zone), now=now)
    return parse_date(text, now=now, zone=columns.zone, day_first=columns.day_first)


def _bare(name: str) -> str:
    return _IGNORED.sub("", unicodedata.normalize("NFKC", name).strip().lower())


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")
