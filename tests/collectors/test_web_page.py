"""Web pages: marked reviews first, then selectors; robots.txt is obeyed."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import robots
from collectors.errors import Refused, SettingError, Unreachable
from collectors.types import Collected, Rating, Validators
from collectors.web_items import read_web_page
from collectors.web_page import head_of
from tests import make
from tests.collectors.played import Given, Platform, played

HTML = {"Content-Type": "text/html"}
REVIEW = {
    "@context": "https://schema.org",
    "@type": "Product",
    "name": "Lamp",
    "review": [
        {
            "@type": "Review",
            "@id": "https://shop.example/r/1",
            "author": {"@type": "Person", "name": "小美"},
            "datePublished": "2026-03-04T10:00:00+08:00",
            "reviewBody": "燈一個月就壞了<br>客服不理人",
            "name": "壞了",
            "reviewRating": {"@type": "Rating", "ratingValue": "1", "bestRating": "5"},
            "inLanguage": "zh-TW",
        },
        {
            "@type": "http://schema.org/Review",
            "author": "Ann",
            "description": "Bright.",
            "reviewRating": {"ratingValue": 4},
        },
        {"@type": "Review", "reviewRating": {"ratingValue": {"odd": []}}, "reviewBody": ["First", "second"]},
    ],
}
LIST = """<html lang="th"><body>
<div class=r data-id=a1><b class=t>ช้า</b><p class=x>รอ <i>สองชั่วโมง</i></p><span class=who>Nok</span>
  <time datetime="2026-03-01T08:00:00+07:00">1 มี.ค.</time><span class=s data-v="2"></span><a href="/r/a1">#</a></div>
<div class=r data-id=a2><p class=x>ดีมาก</p><a href="/r/a2">#</a></div>
<div class=r data-id=a3></div>
<a rel=next href="/list?page=2">next</a></body></html>"""
SELECTED: dict[str, Any] = {
    "item": ".r",
    "id": "@data-id",
    "title": ".t",
    "text": ".x",
    "author": ".who",
    "rating": ".s@data-v",
}


def page(document: Any) -> str:
    return f'<html><head><script type="application/ld+json">{json.dumps(document)}</script></head><body>…</body></html>'


def read(html: str | bytes, *, whole: bool = False, content_type: str = "text/html", **given: Any) -> Any:
    source = make.source(kind="web_page", settings={"url": "https://shop.example/lamp", **given})
    head = head_of(source, "https://shop.example/lamp", {"content-type": content_type}, make.NOW, whole=whole)
    return read_web_page(head, html if isinstance(html, bytes) else html.encode())


async def poll(platform: Platform, path: str = "/list", **given: Any) -> Collected:
    robots.forget()
    chosen = {"url": platform.url + path, **given.pop("settings", {})}
    return await platform.collect(make.source(kind="web_page", settings=chosen, allow_private=True, **given))


def test_marked_reviews_become_mentions() -> None:
    first, second, third = read(page(REVIEW)).read.mentions

    assert (first.id, first.url) == ("https://shop.example/r/1", "https://shop.example/r/1")
    assert (first.author.name, first.title, first.text) == ("小美", "壞了", "燈一個月就壞了\n客服不理人")
    assert (first.rating, first.language) == (Rating(value=1, scale=5), "zh-TW")
    assert first.published_at is not None
    assert first.published_at.isoformat() == "2026-03-04T02:00:00+00:00"
    assert (second.author.name, second.text, second.rating) == ("Ann", "Bright.", Rating(value=4, scale=5))
    assert (third.text, third.rating) == ("First", None)


def test_marks_are_read_before_selectors_and_microdata_where_there_is_no_json() -> None:
    micro = (
        '<div itemscope itemtype="https://schema.org/Review"><span itemprop=author itemscope itemtype='
        '"https://schema.org/Person"><b itemprop=name>Lek</b></span><meta itemprop=datePublished content=2026-03>'
        '<div itemprop=reviewRating itemscope itemtype="https://schema.org/Rating">'
        "<meta itemprop=ratingValue content=3></div><p itemprop=reviewBody>พอใช้</p></div>"
    )
    (one,) = read(micro).read.mentions
    assert (one.author.name, one.text, one.rating) == ("Lek", "พอใช้", Rating(value=3, scale=5))
    assert [mention.text for mention in read(page(REVIEW) + LIST, **SELECTED).read.mentions][1] == "Bright."


def test_selectors_find_items_and_one_without_words_is_set_aside() -> None:
    found = read(LIST, **SELECTED)

    first, second = found.read.mentions
    assert (first.id, first.title, first.text, first.author.name) == ("a1", "ช้า", "รอ สองชั่วโมง", "Nok")
    assert (first.url, first.rating, first.language) == ("https://shop.example/r/a1", Rating(value=2, scale=5), "th")
    assert first.published_at is not None
    assert first.published_at.isoformat() == "2026-03-01T01:00:00+00:00"
    assert (second.id, second.published_at, second.rating) == ("a2", None, None)
    assert [one.reason for one in found.read.quarantined] == ["ValueError: the item holds no words"]
    assert found.next == "https://shop.example/list?page=2"


def test_a_page_in_big5_says_so_in_itself() -> None:
    html = '<meta charset="big5"><div class=r>服務很差，再也不來</div>'.encode("big5")
    assert read(html, content_type="", item=".r").read.mentions[0].text == "服務很差，再也不來"


def test_nothing_found_is_said_and_a_wrong_selector_named() -> None:
    assert "say where they stand by the setting item" in read("<p>hello</p>").read.warnings[0]
    assert "finds nothing" in read("<p>hello</p>", item=".r").read.warnings[0]
    with pytest.raises(SettingError, match="text: '::::' is no CSS selector"):
        read(LIST, item=".r", text="::::")
    with pytest.raises(SettingError, match="rating_scale"):
        read(LIST, rating_scale="many")


def test_an_article_is_itself_what_is_said_where_that_is_asked_for() -> None:
    paragraphs = "".join(f"<p>第{n}段，店家的服務態度引起許多顧客不滿，紛紛在網路上留言。</p>" for n in range(8))
    html = f"<title>店家挨轟</title><nav>home</nav><article><h1>店家挨轟</h1>{paragraphs}</article><footer>©</footer>"
    (one,) = read(html, whole=True).read.mentions
    assert one.title == "店家挨轟"
    assert "引起許多顧客不滿" in one.text
    marked = page(
        {"@type": "NewsArticle", "headline": "News", "articleBody": "What happened.", "datePublished": "2026-03-01"}
    )
    (article,) = read(marked, whole=True).read.mentions
    assert (article.title, article.text) == ("News", "What happened.")


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["@type", "review", "author", "reviewBody", "datePublished", "reviewRating", "url", "@id"]
                ),
                inner | st.just("Review"),
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_no_marks_make_it_raise(document: Any) -> None:
    read(page(document))


async def test_pages_are_followed_until_nothing_is_new() -> None:
    async with played() as platform:
        platform.on("/robots.txt", Given(content=b"User-agent: *\nDisallow: /private"))
        second = LIST.replace("a1", "b1").replace("a2", "b2").replace("page=2", "page=3")
        third = Given(content=second.replace("rel=next", "").encode(), headers=HTML)
        platform.on("/list", Given(content=LIST.encode(), headers={**HTML, "ETag": '"1"'}), third)
        collected = await poll(platform, settings=SELECTED)
        assert [mention.id for mention in collected.mentions] == ["a1", "a2", "b1", "b2"]
        assert collected.validators.etag == '"1"'

        platform.on("/list", Given(content=LIST.encode(), headers=HTML))
        again = await poll(platform, settings=SELECTED, cursor=collected.cursor)
        assert [mention.id for mention in again.mentions] == ["a1", "a2"]
        assert platform.paths.count("/list") == 3


async def test_what_robots_txt_forbids_is_not_read() -> None:
    async with played() as platform:
        platform.on("/robots.txt", Given(content=b"User-agent: *\nDisallow: /list"))
        with pytest.raises(Refused, match=r"robots\.txt of 127\.0\.0\.1 forbids this page"):
            await poll(platform)
        assert platform.paths == ["/robots.txt"]

        platform.on("/robots.txt", Given(content=b"", status=503))
        with pytest.raises(Unreachable, match=r"robots\.txt of 127\.0\.0\.1 cannot be read"):
            await poll(platform)
        assert "/list" not in platform.paths


async def test_a_page_that_did_not_change_adds_nothing() -> None:
    async with played() as platform:
        platform.on("/list", Given(content=b"", status=304))
        collected = await poll(platform, validators=Validators(etag='"1"'), cursor={"known": ["a1"]})
        assert collected.unchanged
        assert collected.cursor == {"known": ["a1"]}
        assert platform.asked[-1].headers["if-none-match"] == '"1"'


@pytest.mark.corpus
def test_recorded_pages_are_read(corpus: Path) -> None:
    folder = corpus / "payloads" / "html"
    for path in sorted(folder.rglob("*.html*")):
        payload = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found = read(payload, whole=True)
        assert found.read.mentions, path.name
        assert all(mention.text or mention.title for mention in found.read.mentions), path.name
