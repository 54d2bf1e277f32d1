"""Workbooks: what openpyxl writes, what Excel can write, and what only an attacker writes."""

import datetime as dt
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from collectors import xlsx
from collectors.errors import CollectError, Refused, SettingError
from collectors.files import read
from collectors.types import Mention, Quarantined
from collectors.xlsx import open_workbook
from collectors.xlsx_cells import is_date_format
from tests import make
from tests.collectors.workbook import cells, sheet, workbook

ROOT = Path(__file__).resolve().parents[2]
_SST = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def rows_of(path: Path) -> list[list[str]]:
    with open_workbook(path) as book:
        return [row.values for row in book.rows(book.sheets[0])]


def mentions(path: Path, **asked: str) -> list[Mention]:
    return [row.item for row in read(path, now=make.NOW, **asked) if isinstance(row.item, Mention)]  # type: ignore[arg-type]  # every word of it is a text


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[openpyxl.Workbook], Path]:
    def save(book: openpyxl.Workbook) -> Path:
        path = tmp_path / "reviews.xlsx"
        book.save(path)
        return path

    return save


def test_what_openpyxl_writes_becomes_mentions(saved: Callable[[openpyxl.Workbook], Path]) -> None:
    book = openpyxl.Workbook()
    book.active.append(["編號", "評論", "評分", "日期", "按讚數"])
    book.active.append([90071992547, "湯是冷的，\n服務員很兇", 1, dt.datetime(2026, 1, 5, 10, 0, 1), 3])  # noqa: DTZ001  # cells know no zone
    book.active.append(["r2", "ดีมาก", 4.5, dt.date(2026, 1, 6), None])

    first, second = mentions(saved(book), zone="Asia/Taipei")

    assert (first.id, first.text, first.engagement) == ("90071992547", "湯是冷的，\n服務員很兇", {"likes": 3})
    assert first.published_at is not None
    assert first.published_at.isoformat() == "2026-01-05T02:00:01+00:00"
    assert second.rating is not None
    assert second.rating.value == 4.5


@pytest.mark.parametrize("epoch", [None, CALENDAR_MAC_1904])
def test_dates_are_read_from_either_day_zero(
    epoch: dt.datetime | None, saved: Callable[[openpyxl.Workbook], Path]
) -> None:
    book = openpyxl.Workbook()
    if epoch:
        book.epoch = epoch
    book.active.append(["text", "date"])
    book.active.append(["shown as a date", dt.datetime(2024, 3, 5, 12)])  # noqa: DTZ001
    plain = 45356.5 - (1462 if epoch else 0)
    book.active.append(["left as a number", plain])

    found = [mention.published_at for mention in mentions(saved(book))]

    assert [at and at.isoformat() for at in found] == ["2024-03-05T12:00:00+00:00"] * 2


@pytest.mark.parametrize(
    ("code", "is_date"),
    [
        ("yyyy/m/d", True),
        ("[$-404]e/m/d", True),
        ("[$-D07041E]d mmm bbbb", True),
        ('yyyy"年"m"月"d"日"', True),
        ("[h]:mm", True),
        ("General", False),
        ("0.00E+00", False),
        ('0 "days"', False),
        ("#,##0.00_);[Red](#,##0.00)", False),
        ("[$฿-41E]#,##0", False),
        ("@", False),
    ],
)
def test_a_format_tells_whether_it_shows_a_date(code: str, is_date: bool) -> None:
    assert is_date_format("164", code) is is_date


def test_headings_may_stand_below_a_title_and_on_a_later_sheet(saved: Callable[[openpyxl.Workbook], Path]) -> None:
    book = openpyxl.Workbook()
    book.active.append(["How to read this file"])
    table = book.create_sheet("資料")
    table.append(["商品評價匯出", None, None])
    table.append([])
    table.append(["評論", "評分"])
    table.append(["太甜", 2])
    hidden = book.create_sheet("old", 0)
    hidden.append(["text"])
    hidden.append(["never shown"])
    hidden.sheet_state = "hidden"
    path = saved(book)

    reading = read(path, now=make.NOW)

    assert [(row.line, row.item.text) for row in reading if isinstance(row.item, Mention)] == [(4, "太甜")]
    assert [mention.text for mention in mentions(path, sheet="old")] == ["never shown"]
    with pytest.raises(SettingError, match="sheet: there is no sheet 'New'; use one of 'old', 'Sheet', '資料'"):
        read(path, now=make.NOW, sheet="New")


def test_a_bad_row_is_quarantined_with_its_place_in_the_sheet(saved: Callable[[openpyxl.Workbook], Path]) -> None:
    book = openpyxl.Workbook()
    for row in (["text", "rating"], ["fine", 4], [None, None], ["bad", "many"], ["last", 1]):
        book.active.append(row)

    found = list(read(saved(book), now=make.NOW))

    assert [row.line for row in found] == [2, 4, 5]
    assert isinstance(found[1].item, Quarantined)
    assert found[1].item.reason == "'many' is no rating"
    assert found[1].item.raw == b'{"rating":"many","text":"bad"}'


def test_a_reading_goes_on_after_any_row(saved: Callable[[openpyxl.Workbook], Path]) -> None:
    book = openpyxl.Workbook()
    book.active.append(["text"])
    for number in range(30):
        book.active.append([f"row {number}"])
    path = saved(book)
    whole = list(read(path, now=make.NOW))

    assert len(whole) == 30
    for after in (0, 1, 29, 30, 31):
        assert list(read(path, now=make.NOW, after=after)) == whole[after:]


def test_shared_texts_are_read_without_their_pronunciation(tmp_path: Path) -> None:
    texts = (
        f'<sst xmlns="{_SST}"><si><t>text</t></si><si><r><t>東</t></r><r><t xml:space="preserve"> 京</t></r>'
        "<rPh><t>トウ</t></rPh></si><si><t>a_x000D_&#10;b_x005F_</t></si></sst>"
    )
    rows = "".join(f'<row><c t="s"><v>{place}</v></c></row>' for place in (0, 1, 2, 7, -1))

    assert rows_of(workbook(tmp_path / "a.xlsx", sheet(rows), texts=texts)) == [["text"], ["東 京"], ["a\r\nb_"]]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ('<c t="str"><f>A1&amp;B1</f><v>joined</v></c>', "joined"),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ("<c><v>1.2E+3</v></c>", "1200"),
        ("<c><v>0.1</v></c>", "0.1"),
        ('<c t="b"><v>1</v></c>', "TRUE"),
        ('<c t="d"><v>2024-03-05T10:00:00</v></c>', "2024-03-05T10:00:00"),
        ('<c r="a1" s="x"><v>nan</v></c>', "nan"),
        ('<c s="99999"><v>5</v></c>', "5"),
    ],
)
def test_a_cell_is_shown_as_a_person_reads_it(cell: str, shown: str, tmp_path: Path) -> None:
    assert rows_of(workbook(tmp_path / "a.xlsx", sheet(f"<row>{cell}</row>"))) == [[shown]]


def test_a_formula_that_failed_or_was_never_computed_is_empty(tmp_path: Path) -> None:
    row = '<row><c t="e"><v>#REF!</v></c><c><f>NOW()</f></c><c r="E1" t="inlineStr"><is><t>end</t></is></c></row>'

    assert rows_of(workbook(tmp_path / "a.xlsx", sheet(row))) == [["", "", "", "", "end"]]


@pytest.mark.parametrize("content", [b"", b"text\nfine\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", b"PK\x03\x04rest"])
def test_what_is_no_workbook_is_refused_with_the_remedy(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "reviews.xlsx"
    path.write_bytes(content)

    with pytest.raises(SettingError, match=r"^file: .*(is no \.xlsx|save it as \.xlsx)"):
        read(path, now=make.NOW)


@pytest.mark.parametrize(
    "content", [b"<html><table><tr><td>text</td></tr></table></html>", b"\xef\xbb\xbf\n<?xml version='1.0'?>"]
)
def test_a_web_page_that_calls_itself_a_workbook_is_refused_with_the_remedy(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "reviews.xls"
    path.write_bytes(content)

    with pytest.raises(SettingError, match=r"web page by another name: .* save it as \.xlsx"):
        read(path, now=make.NOW)


def test_a_binary_workbook_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "reviews.xlsb"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "_rels/.rels",
            f'<Relationships><Relationship Id="r" Type="{kind}" Target="xl/workbook.bin"/></Relationships>',
        )
        archive.writestr("xl/workbook.bin", b"\0\1")

    with pytest.raises(SettingError, match=r"is an \.xlsb: open it and save it as \.xlsx"):
        read(path, now=make.NOW)


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reviews.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")

    with pytest.raises(SettingError, match="no workbook"):
        read(path, now=make.NOW)


def test_a_workbook_is_known_by_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    path = workbook(tmp_path / "reviews.csv", sheet(cells(1, "text") + cells(2, "fine")))

    assert [mention.text for mention in mentions(path, kind="csv")] == ["fine"]


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("xml", "because"),
    [
        (BOMB + sheet(cells(1, "text") + cells(2, "&b;")), "declares a document type"),
        (sheet("<a>" * 5_000 + "</a>" * 5_000), "nested more than 64 deep"),
        (sheet(f'<row r="1" x="{"a" * 3_000_000}"/>'), "a tag is longer than"),
        (sheet(cells(1_048_577, "text")), "a row 1048577"),
    ],
)
def test_bombs_are_refused(xml: str, because: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=because):
        read(workbook(tmp_path / "a.xlsx", xml), now=make.NOW)


def test_a_part_that_would_unpack_to_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_SHEET_BYTES", 100_000)
    path = workbook(tmp_path / "a.xlsx", sheet(cells(1, "text") + cells(2, " " * 200_000)))

    with pytest.raises(Refused, match=r"more than .* save the sheet as CSV"):
        read(path, now=make.NOW)


def test_a_cell_of_a_megabyte_and_a_row_of_a_million_cells_are_cut(tmp_path: Path) -> None:
    rows = cells(1, "text") + cells(2, "x" * 1_000_000) + "<row>" + "<c><v>1</v></c>" * 20_000 + "</row>"
    path = workbook(tmp_path / "a.xlsx", sheet(rows))

    assert len(mentions(path)[0].text.encode()) <= 65_536
    assert max(map(len, rows_of(path))) == 16_384


_ANY_XML = st.text(st.sampled_from("<>/=\"' crowvtsis?!&;#09AZé中"), max_size=200) | st.sampled_from(
    ["<row><c><v>", '<c r="ZZZZ9"/>', '<row r="-5"/>', "</sheetData>", '<c t="s"><v>99</v></c>', "<is><t>x</t></is>"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(_ANY_XML, max_size=6))
def test_any_sheet_gives_rows_or_an_error_of_ours(pieces: list[str], tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", sheet(cells(1, "text") + "".join(pieces)))

    with suppress(CollectError):
        list(read(path, now=make.NOW))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_gives_rows_or_an_error_of_ours(data: st.DataObject, tmp_path: Path) -> None:
    whole = bytearray(workbook(tmp_path / "a.xlsx", sheet(cells(1, "text") + cells(2, "fine"))).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "b.xlsx"
    path.write_bytes(whole[: data.draw(st.integers(len(whole) // 2, len(whole)))])

    with suppress(CollectError):
        list(read(path, now=make.NOW, kind="xlsx"))


_COUNT_ROWS = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from collectors.files import read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(1 for _ in read(Path(sys.argv[1]), now=datetime(2026, 3, 5, tzinfo=UTC)))
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_a_million_rows_of_shared_texts_need_little_memory(tmp_path: Path) -> None:
    count = 1_000_000
    texts = "".join(f"<si><t>the soup was cold, number {number}</t></si>" for number in range(count))
    body = "".join(f'<row><c t="s"><v>{number}</v></c></row>' for number in range(count))
    path = workbook(tmp_path / "a.xlsx", sheet(cells(1, "text") + body), texts=f'<sst xmlns="{_SST}">{texts}</sst>')
    done = subprocess.run(
        [sys.executable, "-c", _COUNT_ROWS, str(path)], capture_output=True, check=True, cwd=ROOT, text=True
    )

    rows, grown_mb = map(int, done.stdout.split())
    assert rows == count
    # The mapped texts (38 MB) are pages of a file, which the system takes back when it wants them.
    assert grown_mb < 120


def test_rows_below_share_what_is_merged_over_them(saved: Callable[[openpyxl.Workbook], Path]) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (
        ["Reviews"],
        ["author", "text", "date"],
        ["Ann", "a", "2026-03-05"],
        [None, "b"],
        [None, "c"],
        ["Bob", "d"],
    ):
        book.active.append(row)
    for merged in ("A1:C1", "A3:A5", "C3:C4"):
        book.active.merge_cells(merged)

    found = mentions(saved(book))

    assert [(one.author.name, one.text, one.published_at is None) for one in found] == [
        ("Ann", "a", False), ("Ann", "b", False), ("Ann", "c", True), ("Bob", "d", True),
    ]  # fmt: skip


def test_a_formula_that_was_never_calculated_is_set_aside_with_the_remedy(
    saved: Callable[[openpyxl.Workbook], Path],
) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["text", "note"], ['=CONCATENATE("a", "b")', "x"], ["plain", "=1+1"]):
        book.active.append(row)

    broken, plain = (row.item for row in read(saved(book), now=make.NOW))

    assert isinstance(broken, Quarantined)
    assert "the column 'text' was never calculated: open the file in Excel" in broken.reason
    assert isinstance(plain, Mention)


def test_other_sheets_with_texts_are_named(saved: Callable[[openpyxl.Workbook], Path]) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for name, heading, state in (("A", "text", "visible"), ("B", "text", "visible"), ("C", "text", "hidden"),
                                 ("D", "sum", "visible")):  # fmt: skip
        added = book.create_sheet(name)
        added.sheet_state = state
        added.append([heading])
        added.append(["x"])
    path = saved(book)

    assert read(path, now=make.NOW).layout.other_sheets == ["B"]
    assert not read(path, now=make.NOW, sheet="B").layout.other_sheets
