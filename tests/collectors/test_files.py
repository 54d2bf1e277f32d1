"""Files of reviews from spreadsheets, exports and other programs."""

import csv
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.csv_rows import CsvRows
from collectors.errors import SettingError
from collectors.file_lines import MAX_LINE_CHARS, Lines
from collectors.files import Kind, Reading, read
from collectors.import_mappings import MAPPINGS
from collectors.shape import mention_to_json
from collectors.types import Author, Mention, Quarantined, Rating
from tests import make


def written(folder: Path, content: str | bytes, name: str = "reviews.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def mentions(reading: Reading) -> list[Mention]:
    return [row.item for row in reading if isinstance(row.item, Mention)]


def reasons(reading: Reading) -> list[tuple[int, str]]:
    return [(row.line, row.item.reason) for row in reading if isinstance(row.item, Quarantined)]


def test_a_plain_csv_becomes_mentions(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "id,text,rating,date,author,url,title\n"
        'r1,"Cold soup, rude waiter",1,2026-03-01 10:00,Ann,https://x.example/r1?utm_source=a,Never\n',
    )

    (mention,) = mentions(read(path, now=make.NOW, site="Survey"))

    assert (mention.id, mention.site, mention.title) == ("r1", "Survey", "Never")
    assert mention.text == "Cold soup, rude waiter"
    assert mention.rating is not None
    assert (mention.rating.value, mention.rating.scale) == (1, 5)
    assert mention.url == "https://x.example/r1"
    assert mention.published_at is not None
    assert mention.published_at.isoformat() == "2026-03-01T10:00:00+00:00"
    assert mention.author.name == "Ann"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "big5", "cp950"])
def test_traditional_chinese_in_any_usual_encoding(encoding: str, tmp_path: Path) -> None:
    rows = "作者,評論,評分,日期\n" + "小明,這家店的服務真的很差，我等了一個小時還沒有來。,1,2026年3月1日\n" * 20

    found = mentions(read(written(tmp_path, rows, encoding=encoding), now=make.NOW))

    assert found[0].text == "這家店的服務真的很差，我等了一個小時還沒有來。"
    assert found[0].author.name == "小明"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gbk"])
def test_simplified_chinese_in_any_usual_encoding(encoding: str, tmp_path: Path) -> None:
    rows = "作者;内容;评分\n" + "小红;这家店的服务真的不好，我们等了一个小时还没有来。;2\n" * 20

    found = mentions(read(written(tmp_path, rows, encoding=encoding), now=make.NOW))

    assert found[0].text == "这家店的服务真的不好，我们等了一个小时还没有来。"


@pytest.mark.parametrize("encoding", ["utf-8", "cp874", "tis-620", "utf-16"])
def test_thai_in_any_usual_encoding(encoding: str, tmp_path: Path) -> None:
    rows = "ผู้เขียน\tรีวิว\tคะแนน\tวันที่\n" + "สมชาย\tอาหารเย็นมาก พนักงานพูดไม่ดีเลย\t1\t5 มี.ค. 2567\n" * 20

    (first, *_) = mentions(read(written(tmp_path, rows, encoding=encoding), now=make.NOW))

    assert first.text == "อาหารเย็นมาก พนักงานพูดไม่ดีเลย"
    assert first.published_at is not None
    assert first.published_at.year == 2024


def test_european_text_is_not_taken_for_chinese(tmp_path: Path) -> None:
    path = written(tmp_path, "text\n" + "Le café était très mauvais, à éviter\n" * 5, encoding="cp1252")

    assert mentions(read(path, now=make.NOW))[0].text == "Le café était très mauvais, à éviter"


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, "q1;q2;when\nfine;8;25/12/2025\nbad;3;01/12/2025\n")
    mapping = {"q1": "text", "q2": "rating/10", "when": "published_at"}

    found = mentions(read(path, now=make.NOW, mapping=mapping))

    assert [mention.rating and mention.rating.scale for mention in found] == [10, 10]
    # The first row shows that the day comes first, so the second is readable too.
    assert [mention.published_at and mention.published_at.month for mention in found] == [12, 12]


@pytest.mark.parametrize(
    ("content", "mapping", "named"),
    [
        ("a,b\n1,2\n", {}, r"text: no column.*'a', 'b'.*--map COLUMN=text"),
        ("text\nx\n", {"body": "text"}, r"there is no column 'body'; the columns are 'text'"),
        ("text\nx\n", {"text": "words"}, r"'words' is no field"),
        ("", {}, r"no header line"),
    ],
)
def test_what_is_wrong_with_the_columns_is_said(
    content: str, mapping: dict[str, str], named: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match=named):
        read(written(tmp_path, content), now=make.NOW, mapping=mapping)


def test_a_missing_or_unknown_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read"):
        read(tmp_path / "none.csv", now=make.NOW)
    with pytest.raises(SettingError, match="--kind csv, --kind jsonl"):
        read(written(tmp_path, "text\nfine\n", name="reviews.dat"), now=make.NOW)


def test_a_bad_row_is_quarantined_with_its_line_and_its_siblings_go_on(tmp_path: Path) -> None:
    path = written(tmp_path, 'text,rating\nfine,4\n"two\nlines",5\nbad,many stars\n,\nshort,1,extra\nlast,\n')
    reading = read(path, now=make.NOW)

    assert [mention.text for mention in mentions(reading)] == ["fine", "two\nlines", "last"]
    assert reasons(reading) == [
        (5, "'many stars' is no rating"),
        (6, "the row has no text, no title and no rating"),
        (7, "the row has 3 values for 2 columns"),
    ]


def test_a_quote_that_never_closes_is_not_taken_for_one_long_review(tmp_path: Path) -> None:
    path = written(tmp_path, 'text\nfine\n"open\nrow\nrow\n')

    reading = read(path, now=make.NOW)

    assert [mention.text for mention in mentions(reading)] == ["fine", "row", "row"]
    assert reasons(reading) == [(3, "a stray quotation mark in line 3: it is never closed")]


HEAD = "text,rating,date\n"
GOOD = "fine,4,2026-01-05\n"


@pytest.mark.parametrize(
    ("broken", "after", "because"),
    [
        ('"bad quote,5,2026-01-05\n', GOOD * 8_000, "not closed within"),
        ('"bad quote,5,2026-01-05\n', GOOD * 3, "never closed"),
        ('"bad quote,5,2026-01-05\n', GOOD * 3 + 'he said "ok",3,2026-01-05\n', "among the words of line 7"),
        ('"bad quote,5,2026-01-05\n', GOOD * 3 + '"Good, too",3,2026-01-05\n', "among the words of line 7"),
        ('"bad quote,5,2026-01-05\n', GOOD * 3 + 'great food",3,2026-01-05\n', "rows by themselves"),
        ('"bad quote,5,2026-01-05\n', 'great food",3,2026-01-05\n', "rows by themselves"),
        ('bad,"5,2026-01-05\n', GOOD + 'fine,4",2026-01-05\n', "rows by themselves"),
        ('bad,5,"2026-01-05\n', GOOD + 'fine,4",2026-01-05\n', "4 values for 3 columns"),
        ('"bad"",5,2026-01-05\n', GOOD + "last,1,2026-01-05", "never closed"),
    ],
)
def test_a_stray_quotation_mark_costs_its_own_row_only(broken: str, after: str, because: str, tmp_path: Path) -> None:
    rows = list(read(written(tmp_path, HEAD + GOOD + broken + after), now=make.NOW))

    assert len(rows) == 2 + len(after.splitlines())
    assert [row.line for row in rows] == list(range(2, len(rows) + 2))
    (bad,) = [row.item for row in rows if isinstance(row.item, Quarantined)]
    assert bad.raw.decode() == broken
    assert bad.reason.startswith("a stray quotation mark in line 3: ")
    assert because in bad.reason


def test_a_reading_goes_on_after_any_row_around_stray_quotation_marks(tmp_path: Path) -> None:
    content = HEAD + f'{GOOD}"bad,1,2026-01-05\n"Long,\n\nlonger",2,2026-01-05\n{GOOD}x,"3,2026-01-05\n' * 4 + GOOD
    path = written(tmp_path, content)
    whole = list(read(path, now=make.NOW))

    assert [row.number for row in whole] == list(range(1, 22))
    for after in range(22):
        assert list(read(path, now=make.NOW, after=after)) == whole[after:]


@pytest.mark.parametrize(
    "text",
    [
        "Nice, clean\nbut slow, and late\n\nBye, all",
        "好吃,便宜\n服務好,環境好\n下次再來",
        "one, two, three\nfour, five, six\nseven",
        'He said ""no"", twice\n""Never"" again, I say\n',
        "Came late, after 3 days\nand cold, too, of course\nsay, no",
        "line\n" * 900,
        ",,\n,,\n,,",
        "fine, 3 days,\n\nthen 4/5",
        "1. soup, 5 of 10, cold\n2. rice, 8 of 10, fine\n3. tea, 9 of 10, warm",
    ],
)
@pytest.mark.parametrize("head", ["text,rating,date", "text,rating", "text,author,place", "text,author"])
def test_a_review_of_many_lines_with_commas_is_one_mention(text: str, head: str, tmp_path: Path) -> None:
    rest = {"rating": "4", "date": "2026-01-05"}
    values = "".join("," + rest.get(name, "word") for name in head.split(",")[1:])
    row = f'"{text}"{values}\r\n'
    reading = read(written(tmp_path, f"{head}\r\n{row}short{values}\r\n{row}"), now=make.NOW)

    whole = [mention.text for mention in mentions(reading)]

    assert reasons(reading) == []
    assert len(whole) == 3
    assert whole[0] == whole[2]
    assert whole[0].split() == text.replace('""', '"').split()


_WORD = st.text(st.sampled_from('ab ,"\n中'), max_size=8)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(_WORD, _WORD), max_size=8))
def test_what_a_csv_writer_writes_comes_back_whole(
    rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "whole.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "title"), *rows])

    with Lines(path, "utf-8") as lines:
        found = CsvRows(lines, delimiter=",")
        found.width = 2

        assert [row.values for row in found] == [["text", "title"], *map(list, rows)]


def test_many_stray_quotation_marks_are_read_in_a_moment(tmp_path: Path) -> None:
    began = time.process_time()
    rows = list(read(written(tmp_path, HEAD + ('"bad,1,2026-01-05\n' + GOOD * 9) * 3_000), now=make.NOW))

    assert len(rows) == 30_000
    assert time.process_time() - began < 20


@pytest.mark.parametrize("name", ["huge.csv", "huge.jsonl"])
def test_a_line_without_end_is_quarantined_in_bounded_size(name: str, tmp_path: Path) -> None:
    good = "fine\n" if name.endswith("csv") else '{"text": "fine"}\n'
    head = "text\n" if name.endswith("csv") else ""
    path = written(tmp_path, head + good + "x" * (2 * MAX_LINE_CHARS + 5) + "\n" + good, name=name)

    reading = read(path, now=make.NOW)

    assert [mention.text for mention in mentions(reading)] == ["fine", "fine"]
    ((_, reason),) = reasons(reading)
    assert "longer than" in reason
    (quarantined,) = [row.item for row in reading if isinstance(row.item, Quarantined)]
    assert len(quarantined.raw) <= 65_536


def test_a_row_without_an_id_has_the_same_one_next_time_and_another_for_other_words(tmp_path: Path) -> None:
    path = written(tmp_path, "text,author\nfine,a\nbad,a\nfine,b\n")

    first, second = mentions(read(path, now=make.NOW)), mentions(read(path, now=make.NOW))

    assert [mention.id for mention in first] == [mention.id for mention in second]
    assert len({mention.id for mention in first}) == 3


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_a_reading_goes_on_after_any_row(name: str, tmp_path: Path) -> None:
    lines = (
        [f'"row {n}"' for n in range(50)]
        if name.endswith("csv")
        else [json.dumps({"text": f"row {n}"}) for n in range(50)]
    )
    head = ["text"] if name.endswith("csv") else []
    path = written(tmp_path, "\n".join([*head, *lines]), name=name)
    whole = list(read(path, now=make.NOW))

    for after in (0, 1, 17, 49, 50, 99):
        assert list(read(path, now=make.NOW, after=after)) == whole[after:]


def test_progress_ends_at_the_size(tmp_path: Path) -> None:
    reading = read(written(tmp_path, "text\n" + "fine\n" * 30_000), now=make.NOW)

    seen = [reading.bytes_read for _ in reading]

    assert seen == sorted(seen)
    assert 0 < seen[0] < reading.size
    assert reading.bytes_read == reading.size


def test_json_lines_are_read_each_for_itself(tmp_path: Path) -> None:
    lines = [
        '{"text": "fine", "rating": 4}',
        "{broken",
        "[1]",
        '{"text": 5, "stars": "4/5"}',
        "",
        '{"评论": "好"}',
        "null",
        '{"text": ""}',
    ]
    reading = read(written(tmp_path, "\n".join(lines), name="a.jsonl"), now=make.NOW)

    assert [mention.text for mention in mentions(reading)] == ["fine", "5", "好"]
    assert [line for line, _ in reasons(reading)] == [2, 3, 7, 8]


def test_what_fetch_prints_can_be_imported(tmp_path: Path) -> None:
    said = make.mention(title="T", author=Author(name="Ann", id="a1"), rating=Rating(value=2, scale=10))
    path = written(tmp_path, json.dumps(mention_to_json(said)), name="fetched.jsonl")

    (mention,) = mentions(read(path, now=make.NOW))

    assert (mention.id, mention.site, mention.title, mention.text) == (said.id, said.site, "T", said.text)
    assert (mention.author, mention.rating, mention.published_at) == (said.author, said.rating, said.published_at)


@pytest.mark.parametrize(
    ("text", "value", "scale"),
    [
        ("4", 4, 5),
        ("4.5", 4.5, 5),
        ("4,5", 4.5, 5),
        ("8/10", 8, 10),
        ("★★★☆☆", 3, 5),
        ("⭐⭐", 2, 5),
        ("5 stars", 5, 5),
        ("5顆星", 5, 5),
        ("4 out of 5", 4, 5),
        ("٣", 3, 5),
    ],
)
def test_ratings_are_read_as_people_write_them(text: str, value: float, scale: float, tmp_path: Path) -> None:
    (mention,) = mentions(read(written(tmp_path, f'text,rating\nfine,"{text}"\n'), now=make.NOW))

    assert mention.rating is not None
    assert (mention.rating.value, mention.rating.scale) == (value, scale)


@pytest.mark.parametrize("text", ["6", "-1", "1/0", "eleven", "99999"])
def test_an_impossible_rating_is_quarantined(text: str, tmp_path: Path) -> None:
    assert len(reasons(read(written(tmp_path, f"text,rating\nfine,{text}\n"), now=make.NOW))) == 1


def test_a_date_left_as_a_spreadsheet_number_is_read(tmp_path: Path) -> None:
    (mention,) = mentions(read(written(tmp_path, "text,date\nfine,45356.5\n"), now=make.NOW))

    assert mention.published_at is not None
    assert mention.published_at.isoformat() == "2024-03-05T12:00:00+00:00"


@pytest.mark.parametrize(
    ("rating", "value", "scale"),
    [
        ({"value": 4, "scale": "5"}, 4, 5),
        ({"value": "4", "scale": "10"}, 4, 10),
        ({"value": "4.5"}, 4.5, 5),
        ({"value": 3.6666666666666665, "scale": 5.0}, 3.6666666666666665, 5),
        ({"value": "8/10", "scale": 5}, 8, 10),
        ({"value": 4, "scale": None}, 4, 5),
        ({"value": 4, "scale": [5]}, 4, 5),
        ("4", 4, 5),
        (3.3333333, 3.3333333, 5),
    ],
)
def test_a_rating_in_json_is_read_whatever_its_type(rating: object, value: float, scale: float, tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps({"text": "x", "rating": rating}), name="a.jsonl")

    (mention,) = mentions(read(path, now=make.NOW))

    assert mention.rating == Rating(value=value, scale=scale)


def test_times_without_an_offset_are_read_in_the_given_zone(tmp_path: Path) -> None:
    rows = "text,date\na,2026-01-05 10:00\nb,2026-01-05T10:00Z\nc,46027.5\nd,2026-01-05 10:00 +0700\n"

    found = mentions(read(written(tmp_path, rows), now=make.NOW, zone="Asia/Taipei"))

    assert [mention.published_at and mention.published_at.strftime("%d %H") for mention in found] == [
        "05 02",
        "05 10",
        "05 04",
        "05 03",
    ]
    with pytest.raises(SettingError, match=r"zone: there is no time zone 'asia/taipei'; did you mean Asia/Taipei\?"):
        read(tmp_path / "reviews.csv", now=make.NOW, zone="asia/taipei")


@pytest.mark.parametrize("name", ["dates.csv", "dates.jsonl"])
def test_mentions_without_a_date_are_counted(name: str, tmp_path: Path) -> None:
    dates = ["2026-01-05", "", "soon", "31.02.2026", " ", "now and then"]
    if name.endswith("csv"):
        rows = "text,date\n" + "".join(f"x,{date}\n" for date in dates)
    else:
        rows = "\n".join(json.dumps({"text": "x", "date": date}) for date in dates)
    reading = read(written(tmp_path, rows, name=name), now=make.NOW)

    for _ in range(2):
        assert len(mentions(reading)) == 6
        assert (reading.undated, reading.unreadable_dates) == (2, 3)


@pytest.mark.parametrize(
    ("dates", "second"),
    [
        (["25/6/25", "5/6/25"], "2025-06-05"),
        (["6/25/25", "5/6/25"], "2025-05-06"),
        (["25/06/25 10:00", "05/06/25 10:00", "17/06/25 10:00"], "2025-06-05"),
        (["25.6.25", "5.6.25"], "2025-06-05"),
        (["5/6/25", "5/7/25"], None),
        # By themselves these may begin with the year.
        (["24/03/05", "24/03/05"], None),
        (["24/03/05", "24/03/17"], None),
    ],
)
def test_years_of_two_digits_are_read_as_the_column_shows(dates: list[str], second: str | None, tmp_path: Path) -> None:
    rows = "text,date\n" + "".join(f"x,{date}\n" for date in dates)

    found = mentions(read(written(tmp_path, rows), now=make.NOW))[1].published_at

    assert (found and found.isoformat()[:10]) == second


_PARTS = ("value", "scale", "id", "name", "url")
_FIELDS = ("text", "title", "author", "author_name", "author_id", "author_url", "published_at", "date", "edited_at",
           "rating", "stars", "url", "id", "site", "language", "parent", "root", "kind", "engagement")  # fmt: skip
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["4", "5", "1e999"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_PARTS) | st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(values=st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=6))
def test_any_values_in_json_are_a_mention_or_quarantined(
    values: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "values.jsonl"
    path.write_text(json.dumps(values) + "\n" + json.dumps({"text": "sibling"}), encoding="utf-8")

    _, sibling = read(path, now=make.NOW)

    assert isinstance(sibling.item, Mention)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=300), kind=st.sampled_from(["csv", "jsonl"]))
def test_any_bytes_are_rows_or_a_setting_error(
    content: bytes, kind: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{kind}"
    path.write_bytes((b"text,date,rating\n" if kind == "csv" else b"") + content)

    try:
        rows = list(read(path, now=make.NOW))
    except SettingError:
        return

    assert [row.number for row in rows] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize(
    "date",
    [
        "yesterday",
        "3 days ago",
        "an hour ago",
        "昨天 10:30",
        "3天前",
        "2小時前",
        "3 วันที่แล้ว",
        "เมื่อวานนี้ 14:00 น.",
        "03-05 上海",
    ],
)
def test_a_date_that_counts_from_an_unknown_day_is_refused_with_the_reason(date: str, tmp_path: Path) -> None:
    reading = read(written(tmp_path, f"text,date\nfine,2026-01-05\nbad,{date}\n"), now=make.NOW)

    ((line, reason),) = reasons(reading)
    assert line == 3
    assert reason == f"the date {date!r} counts from a day that the file does not tell: write the day"


@pytest.mark.parametrize(
    ("date", "day"),
    [
        ("5/3/2567", "2024-03-05"),
        ("๕/๓/๒๕๖๗", "2024-03-05"),
        ("๕ มีนาคม พ.ศ. ๒๕๖๗ เวลา ๑๔:๓๐ น.", "2024-03-05"),
        ("5 มี.ค. 67", "2024-03-05"),
        ("5/3/67", "2024-03-05"),
        ("民國113年3月5日", "2024-03-05"),
        ("113/03/05 下午 02:30", "2024-03-05"),
        ("2024/3/5 上午 12:05:00", "2024-03-05"),
    ],
)
def test_dates_of_the_buddhist_era_and_the_republic_are_read(date: str, day: str, tmp_path: Path) -> None:
    (mention,) = mentions(read(written(tmp_path, f'text,date\nfine,"{date}"\n'), now=make.NOW))

    assert mention.published_at is not None
    assert mention.published_at.isoformat()[:10] == day


def test_a_line_that_tells_excel_the_delimiter_is_no_header(tmp_path: Path) -> None:
    assert [
        mention.text for mention in mentions(read(written(tmp_path, "sep=;\ntext;rating\na, b;4\n"), now=make.NOW))
    ] == ["a, b"]


@pytest.mark.parametrize(
    "content",
    [
        '[{"id": 1, "text": "good"}, 5, {"id": 2, "text": "bad"}]',
        '{"page": {"items": [{"id": 1, "text": "good"}, {"id": 2, "text": "bad"}], "tags": []}}',
        '{"data": [{"id": 1, "text": "good", "comments": {"data": [{"id": 2, "text": "bad"}]}}]}',
    ],
)
def test_a_json_document_is_read_item_by_item(content: str, tmp_path: Path) -> None:
    found = mentions(read(written(tmp_path, content, name="posts.json"), now=make.NOW))

    assert [(mention.id, mention.text) for mention in found] == [("1", "good"), ("2", "bad")]


def test_counts_are_read_as_places_round_them(tmp_path: Path) -> None:
    (mention,) = mentions(read(written(tmp_path, 'text,点赞数,评论数,shares\nfine,1.2万,"1,234",many\n'), now=make.NOW))

    assert mention.engagement == {"likes": 12_000, "replies": 1_234}


def test_an_owners_answer_in_the_row_is_a_mention_below_it(tmp_path: Path) -> None:
    path = written(tmp_path, "id,text,seller reply,reply time\n1,bad,Sorry!,2026-01-06\n2,fine,,\n")

    first, second = read(path, now=make.NOW)

    assert first.answer is not None
    assert (first.answer.parent, first.answer.text, first.answer.reply_by_owner) == ("1", "Sorry!", True)
    assert first.answer.published_at is not None
    assert second.answer is None


_KEYS = st.sampled_from(
    ["id", "text", "content", "message", "author", "rating", "date", "ctime", "replies", "data", "member", "x"]
)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["5", "昨天", "1.2万", "2026"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(document=_JSON, place=st.sampled_from([None, *MAPPINGS]), kind=st.sampled_from(["json", "jsonl"]))
def test_any_json_gives_rows_or_an_error_of_ours(
    document: object, place: str | None, kind: Kind, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(document), "utf-8", "surrogatepass")

    with suppress(SettingError):
        for row in read(path, now=make.NOW, place=place, kind=kind):
            assert isinstance(row.item, Mention | Quarantined)


def test_json_too_deep_to_be_read_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="is not JSON"):
        list(read(written(tmp_path, "[" * 100_000, name="deep.json"), now=make.NOW))


@pytest.mark.parametrize(
    "content",
    [
        "Export of reviews\nMade on 2026-03-05\n\nid,text,date\n1,Cold soup,2026-03-05\n",
        "Comments,,\n,,\nid,text,date\n1,Cold soup,2026-03-05\n",
        "id;text;a,b,c,d\n1;Cold soup;x\n",
        "sep=;\nid;text;date\n1;Cold soup;2026-03-05\n",
    ],
)
def test_headings_are_found_below_a_title_and_by_their_own_delimiter(content: str, tmp_path: Path) -> None:
    (mention,) = mentions(read(written(tmp_path, content), now=make.NOW))

    assert (mention.id, mention.text) == ("1", "Cold soup")


def test_the_first_of_two_headings_that_are_alike_is_the_one(tmp_path: Path) -> None:
    (mention,) = mentions(read(written(tmp_path, "text,text\nfirst,second\n"), now=make.NOW))

    assert mention.text == "first"


def test_files_put_together_keep_every_row_and_set_the_second_headings_aside(tmp_path: Path) -> None:
    reading = read(written(tmp_path, '\ufeffid,text\n1,a\n\ufeffid,text\n\ufeff"2","b, c"\n'), now=make.NOW)

    assert [(one.id, one.text) for one in mentions(reading)] == [("1", "a"), ("2", "b, c")]
    assert reasons(reading) == [(3, "the row repeats the headings")]


@pytest.mark.parametrize("name", ["reviews.csv", "reviews.jsonl"])
def test_lines_of_another_encoding_are_read_in_theirs(name: str, tmp_path: Path) -> None:
    said = "這家店的服務真的很差，我等了一個小時還沒有來。"
    line = '{{"text": "{}"}}\n' if name.endswith("l") else '"{}"\n'
    head = b"" if name.endswith("l") else b"text\n"
    path = written(tmp_path, head + line.format(said).encode() + line.format(said + "1").encode("big5"), name)

    assert [one.text for one in mentions(read(path, now=make.NOW))] == [said, said + "1"]


def test_utf_32_is_read(tmp_path: Path) -> None:
    (mention,) = mentions(read(written(tmp_path, "text\n好吃\n", encoding="utf-32"), now=make.NOW))

    assert mention.text == "好吃"


@pytest.mark.parametrize(
    ("likes", "count"),
    [('"1,234"', 1234), ("1.234", 1234), ("1.234.567", 1_234_567), ("12 345", 12_345), ("1’234", 1234),
     ("1.2万", 12_000), ("1.234k", 1234), ("0.5", 0)],
)  # fmt: skip
def test_thousands_are_parted_in_every_usual_way(likes: str, count: int, tmp_path: Path) -> None:
    (mention,) = mentions(read(written(tmp_path, f"text,likes\na,{likes}\n"), now=make.NOW))

    assert mention.engagement == {"likes": count}


def test_ids_that_a_spreadsheet_rounded_are_not_believed(tmp_path: Path) -> None:
    path = written(tmp_path, "id,text\n1.23457E+17,first\n1.23457E+17,second\n")

    first, second = mentions(read(path, now=make.NOW))

    assert first.id != second.id


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"\x1f\x8b\x08\x00", "a.csv", "is packed: unpack it"),
        (b"%PDF-1.7", "a.csv", "is a PDF: export the table"),
        (b"<!DOCTYPE html><table>", "a.csv", "is a web page by another name"),
        (b"\n  \n,,\n", "a.csv", "has no header line"),
        (b"a," * 600_000 + b"text\n", "a.csv", "no headings can be read: line 1: the line is longer"),
        (b"", "a.jsonl", "holds no object in any line"),
        (b'{\n "text": "a"\n}\n', "a.jsonl", "say --kind json for one document"),
    ],
)
def test_what_is_no_table_is_refused_with_its_remedy(content: bytes, name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=said):
        read(written(tmp_path, content, name), now=make.NOW)


def test_an_array_by_the_name_of_lines_is_read_as_what_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, '[{"text": "a"}, {"text": "b"}]', "a.jsonl")

    assert [one.text for one in mentions(read(path, now=make.NOW))] == ["a", "b"]


def test_a_line_of_another_encoding_is_measured_before_it_is_read(tmp_path: Path) -> None:
    long = "差".encode("big5") * (MAX_LINE_CHARS // 2) + b"x\nb\n"

    with Lines(written(tmp_path, long), "utf-8") as lines:
        first, second = lines

    assert first.fault
    assert (second.number, second.text) == (2, "b\n")
