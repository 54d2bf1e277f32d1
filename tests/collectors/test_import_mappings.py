"""Files that places, or those who gather from them, hand out. Ours, in the shape that is documented."""

import atexit
import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest

from collectors.column_names import NAMES
from collectors.dates import zone_named
from collectors.errors import SettingError
from collectors.files import Row, read
from collectors.import_mappings import MAPPINGS, likely_mapping
from collectors.types import Mention, Quarantined, Rating
from tests import make

KEPT = Path(__file__).with_name("imports")
#: As the places write them; kept in UTF-8, so that they can be read here.
ENCODINGS = {"dianping.csv": "gb18030", "wongnai.csv": "cp874", "google_play.csv": "utf-16"}
CASES = {
    "dcard": "dcard.json",
    "xiaohongshu": "xiaohongshu.csv",
    "douyin": "douyin.jsonl",
    "bilibili": "bilibili.json",
    "dianping": "dianping.csv",
    "zhihu": "zhihu.json",
    "wongnai": "wongnai.csv",
    "shopee": "shopee.csv",
    "lazada": "lazada.json",
    "facebook": "facebook.json",
    "google_play": "google_play.csv",
}


@cache
def file(name: str) -> Path:
    """Return a file in the encoding in which its place writes it."""
    if name not in ENCODINGS:
        return KEPT / name
    folder = TemporaryDirectory(prefix="earshot-imports-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / name
    path.write_bytes((KEPT / name).read_text("utf-8").encode(ENCODINGS[name]))
    return path


def rows(place: str, name: str = "") -> list[Row]:
    return list(read(file(name or CASES[place]), now=make.NOW, place=place))


def mentions(place: str, name: str = "") -> list[Mention]:
    return [row.item for row in rows(place, name) if isinstance(row.item, Mention)]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_every_place_has_its_file() -> None:
    assert CASES.keys() == MAPPINGS.keys()


@pytest.mark.parametrize("place", MAPPINGS)
def test_a_mapping_names_fields_and_zones_that_exist(place: str) -> None:
    mapping = MAPPINGS[place]

    assert set(mapping.fields) <= set(NAMES)
    assert zone_named(mapping.zone)
    assert mapping.site
    assert mapping.expects


@pytest.mark.parametrize("place", MAPPINGS)
def test_a_file_without_its_place_named_is_known(place: str) -> None:
    try:
        likely = read(file(CASES[place]), now=make.NOW).layout.likely
    except SettingError as error:
        assert f"or try --columns {place}," in str(error)  # noqa: PT017  # the message is half of what is tested
    else:
        assert likely == place


@pytest.mark.parametrize("names", [["text", "rating", "date"], ["id", "title", "content", "likes"], []])
def test_an_ordinary_file_is_nobodys(names: list[str]) -> None:
    assert likely_mapping(names) is None


def test_dcard_gives_posts_with_their_comments_below() -> None:
    post, comment = mentions("dcard")

    assert (post.site, post.id, post.title) == ("Dcard", "255100001", "燈籠茶的服務真的很扯")
    assert post.url == "https://www.dcard.tw/f/food/p/255100001"
    assert post.engagement == {"likes": 345, "replies": 12}
    assert post.published_at == datetime(2026, 1, 5, 2, 3, 4, tzinfo=UTC)
    assert (comment.text, comment.parent, comment.root) == ("我上次也是，再也不去了", "255100001", "255100001")
    assert comment.author.name == "範例科大"
    assert [row.line for row in rows("dcard") if isinstance(row.item, Quarantined)] == [3]


def test_xiaohongshu_gives_notes_in_the_time_of_china() -> None:
    first, second = mentions("xiaohongshu")

    assert first.text == "排队一小时，奶盖是馊的，\n店员还说我事多"
    assert first.published_at == at("2026-01-05 02:30:00")
    assert first.engagement == {"likes": 12_000, "replies": 89, "shares": 10}
    assert (first.author.id, first.author.name) == ("5a00000000000000000000ff", "小测试")
    # Without a link the address is made of the id.
    assert second.url == "https://www.xiaohongshu.com/explore/65f000000000000012345679"


def test_douyin_gives_comments_under_their_video() -> None:
    first, second = mentions("douyin")

    assert (first.text, first.author.name) == ("灯笼茶的杯子漏水，客服不理人", "路人甲")
    assert first.url == "https://www.douyin.com/video/7390000000000000009"
    assert first.parent is None
    assert second.parent == "7400000000000000001"
    assert first.published_at == at("2026-01-05 02:00:00")


def test_bilibili_gives_comments_and_what_was_said_below_them() -> None:
    first, below, third = mentions("bilibili")

    assert (first.id, first.text, first.author.name) == ("210000000001", "灯笼茶这广告太假了，实物差远了", "测试用户")
    assert first.engagement == {"likes": 56, "replies": 1}
    assert (below.id, below.parent, below.root) == ("210000000002", "210000000001", "210000000001")
    assert third.text == "好喝"


def test_dianping_counts_stars_of_fifty() -> None:
    first, second = mentions("dianping")

    assert first.rating == Rating(value=10, scale=50)
    assert second.rating == Rating(value=45, scale=50)
    assert first.published_at == at("2026-01-05 11:20:00")
    assert (first.title, first.author.name) == ("灯笼茶(人民广场店)", "吃货小例")
    (answer,) = [row.answer for row in rows("dianping") if row.answer]
    assert (answer.text, answer.reply_by_owner, answer.parent) == ("非常抱歉，我们会改进", True, "900000001")


def test_zhihu_gives_answers_as_plain_text() -> None:
    (answer,) = mentions("zhihu")

    assert answer.text == "喝过两次，质量下降得厉害。\n\n不推荐。"
    assert answer.title == "如何评价灯笼茶？"
    assert answer.url == "https://www.zhihu.com/question/500000001/answer/3000000001"
    assert (answer.author.id, answer.author.name) == ("li-zi-54", "例子")
    assert (answer.root, answer.engagement) == ("500000001", {"likes": 1024, "replies": 15})
    assert answer.edited_at == at("2026-01-06 02:00:00")


def test_wongnai_gives_reviews_with_buddhist_years() -> None:
    first, second = mentions("wongnai")

    assert first.text == "รอชาเกือบชั่วโมง พนักงานพูดไม่ดีเลย"
    assert (first.title, first.author.name) == ("บริการแย่มาก", "สมชาย")
    assert first.rating == Rating(value=1, scale=5)
    assert first.published_at == at("2026-01-04 17:00:00")
    assert second.published_at == at("2026-01-07 11:30:00")
    assert [row.answer.text for row in rows("wongnai") if row.answer] == ["ขออภัยเป็นอย่างสูงค่ะ"]


def test_shopee_gives_ratings_with_and_without_words() -> None:
    first, second = mentions("shopee")

    assert (first.id, first.author.name, first.root) == ("7100000001", "buyer_a", "110000001")
    assert (first.rating, second.rating) == (Rating(value=1, scale=5), Rating(value=5, scale=5))
    assert "要求退款" in first.text
    assert [row.answer.parent for row in rows("shopee") if row.answer] == ["7100000001"]


def test_shopee_as_a_workbook_with_a_title_gives_the_same(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["商品評價", None, "匯出日期"])
    with file("shopee.csv").open(encoding="utf-8-sig", newline="") as table:
        for row in csv.reader(table):
            book.active.append(row)
    book.save(tmp_path / "shopee.xlsx")

    found = list(read(tmp_path / "shopee.xlsx", now=make.NOW, place="shopee"))

    assert [(row.item, row.answer) for row in found] == [(row.item, row.answer) for row in rows("shopee")]


def test_lazada_gives_reviews_with_the_sellers_answer() -> None:
    first, second = mentions("lazada")

    assert first.rating == Rating(value=1, scale=5)
    assert first.published_at == at("2026-01-05 02:00:00")
    assert (second.text, second.root) == ("ชาหอมมาก ส่งเร็ว", "770000001")
    assert [row.answer is not None for row in rows("lazada")] == [True, False]


def test_facebook_mends_letters_that_were_bytes() -> None:
    first, second = mentions("facebook")

    assert (first.text, first.author.name) == ("等了一小時", "小明")
    assert second.text == "Café was rude"
    assert first.published_at == at("2026-01-05 02:00:00")


def test_facebooks_table_of_posts_is_read_too() -> None:
    first, second = mentions("facebook", "facebook_posts.csv")

    assert (first.id, first.text) == ("1220000000001", "New season oolong is here!")
    assert first.engagement == {"likes": 120, "replies": 1_034, "shares": 5, "views": 20_431}
    # 01/25 shows that the month comes first.
    assert second.published_at == at("2026-02-03 07:30:00")


def test_the_monthly_file_of_google_play_is_imported() -> None:
    first, rating_only = mentions("google_play")

    assert (first.text, first.rating, first.language) == ("更新後一直閃退,\n退錢", Rating(value=1, scale=5), "zh-TW")
    assert first.published_at == at("2026-02-01 03:04:05")
    assert first.edited_at == at("2026-02-02 03:04:05")
    assert (first.url or "").endswith("reviewId=gp:A1")
    assert (rating_only.text, rating_only.rating) == ("", Rating(value=5, scale=5))
    assert [row.answer.text for row in rows("google_play") if row.answer] == ["請更新到 4.3 版"]


def test_a_mapping_of_ones_own_comes_before_the_places(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"rpid": 1, "content": {"message": "a"}, "note": "b"}))
    mapping: Mapping[str, str] = {"note": "text"}

    (row,) = read(path, now=make.NOW, place="bilibili", mapping=mapping)

    assert isinstance(row.item, Mention)
    assert row.item.text == "b"


@pytest.mark.corpus
def test_recorded_posts_and_comments_of_dcard_are_read(corpus: Path) -> None:
    folder = corpus / "payloads" / "dcard" / "leVirve__dcard-spider"
    for name, linked in (("post_metas.json", True), ("single_post_comments.json", False)):
        given = json.loads((folder / name).read_text("utf-8"))
        found = [row.item for row in read(folder / name, now=make.NOW, place="dcard")]
        told = [item for item in found if isinstance(item, Mention)]

        assert len(found) == len(given)
        assert len(told) == sum(bool(item.get("content") or item.get("excerpt") or item.get("title")) for item in given)
        assert all(item.published_at for item in told)
        assert all((item.url is not None) is linked for item in told)
