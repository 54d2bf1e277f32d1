"""Files of reviews from spreadsheets, exports and other programs."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.errors import SettingError
from collectors.files import MAX_ROW_CHARS, Reading, read
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
    with pytest.raises(SettingError, match="--kind"):
        read(tmp_path / "reviews.dat", now=make.NOW)


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

    assert [mention.text for mention in mentions(reading)] == ["fine"]
    assert reasons(reading) == [(3, "a quotation mark is never closed")]


@pytest.mark.parametrize("name", ["huge.csv", "huge.jsonl"])
def test_a_line_without_end_is_quarantined_in_bounded_size(name: str, tmp_path: Path) -> None:
    good = "fine\n" if name.endswith("csv") else '{"text": "fine"}\n'
    head = "text\n" if name.endswith("csv") else ""
    path = written(tmp_path, head + good + "x" * (2 * MAX_ROW_CHARS + 5) + "\n" + good, name=name)

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
