"""PTT: boards, articles, pushes without a year, quotations, deletions and a host that wants peace."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.ptt import parse
from collectors.ptt_html import articles_in
from collectors.types import Collected, SourceKind
from tests import make
from tests.collectors.played import Given, Platform, played

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
SETTINGS = {"board": "Food"}
SOURCE = make.source(kind=SourceKind.PTT, settings=SETTINGS)
NAME = f"M.{EPOCH - 7200}.A.35C"


def push(text: str = "好吃", tag: str = "推", user: str = "noodler", at: str = "03/05 19:30") -> str:
    css = "hl push-tag" if tag == "推" else "f1 hl push-tag"
    return (
        f'<div class="push"><span class="{css}">{tag} </span><span class="f3 hl push-userid">{user}</span>'
        f'<span class="f3 push-content">: {text}</span><span class="push-ipdatetime"> {at}\n</span></div>'
    )


def article(*pushes: str, name: str = NAME, body: str = "麵太鹹，不會再去。", after: str = "") -> bytes:
    """One article page in the shape of the site."""
    metas = "".join(
        f'<div class="article-metaline{side}"><span class="article-meta-tag">{tag}</span>'
        f'<span class="article-meta-value">{value}</span></div>'
        for tag, value, side in (
            ("作者", "lantern (燈籠)", ""),
            ("看板", "Food", "-right"),
            ("標題", "[食記] 燈籠麵 &lt;台北&gt;", ""),
            ("時間", "Thu Mar  5 18:00:00 2026", ""),
        )
    )
    url = f"https://www.ptt.cc/bbs/Food/{name}.html"
    return (
        f'<html><head><link rel="canonical" href="{url}"></head><body><div id="topbar"><a href="/">批踢踢</a></div>'
        f'<div id="main-container"><div id="main-content" class="bbs-screen bbs-content">{metas}\n{body}\n\n--\n'
        '<span class="f2">※ 發信站: 批踢踢實業坊(ptt.cc), 來自: 192.0.2.7 (臺灣)\n</span>'
        f'<span class="f2">※ 文章網址: <a href="{url}" rel="nofollow">{url}</a>\n</span>{"".join(pushes)}{after}</div>'
        '<div id="article-polling" data-pollurl="/poll/x"></div></div>隱私權</body></html>'
    ).encode()


def atom(*names: str) -> Given:
    entries = "".join(
        f"<entry><id>https://www.ptt.cc/bbs/Food/{name}.html</id><title>x</title>"
        f'<link rel="alternate" href="https://www.ptt.cc/bbs/Food/{name}.html"/></entry>'
        for name in names
    )
    return Given(content=f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode())


def board_list(*names: str, previous: str = "", pinned: str = "") -> Given:
    rows = "".join(
        f'<div class="r-ent"><div class="title"><a href="/bbs/Food/{name}.html">t</a></div></div>' for name in names
    )
    gone = '<div class="r-ent"><div class="title">(本文已被刪除) [noodler]</div></div>'
    older = f'<a class="btn wide" href="{previous}">&lsaquo; 上頁</a>' if previous else ""
    below = f'<div class="r-list-sep"></div><div class="r-ent"><a href="/bbs/Food/{pinned}.html">p</a></div>'
    return Given(content=f"<html>{older}{rows}{gone}{below if pinned else ''}</html>".encode())


def name_of(minutes_ago: int) -> str:
    return f"M.{EPOCH - 60 * minutes_ago}.A.{minutes_ago % 4096:03X}"


def on_article(platform: Platform, name: str, *pushes: str) -> None:
    platform.on(f"/bbs/Food/{name}.html", Given(content=article(*pushes, name=name)))


def read(page: bytes) -> Collected:
    return parse(page, SOURCE, now=NOW)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with played() as running:
        yield running


def test_an_article_is_read_whole() -> None:
    mention, *pushes = read(article(push(), push(tag="噓"), push(tag="→"))).mentions

    assert (mention.id, mention.site, mention.title) == (NAME, "PTT", "[食記] 燈籠麵 <台北>")
    assert mention.text == "麵太鹹，不會再去。"
    assert (mention.author.id, mention.author.name) == ("lantern", "lantern (燈籠)")
    assert mention.published_at == datetime(2026, 3, 5, 10, 0, tzinfo=UTC)
    assert mention.url == f"https://www.ptt.cc/bbs/Food/{NAME}.html"
    assert mention.engagement == {"pushes": 1, "boos": 1, "replies": 3}
    assert mention.language == "zh-Hant"
    assert mention.edited_at is None
    assert len(pushes) == 3


def test_a_push_is_a_mention_of_its_own() -> None:
    _, mention = read(article(push("CP值低 &amp; 貴", tag="噓", at="192.0.2.9 03/05 19:31"))).mentions

    assert (mention.text, mention.author.id) == ("CP值低 & 貴", "noodler")
    assert (mention.parent, mention.root) == (NAME, NAME)
    assert mention.engagement == {"boos": 1}
    assert mention.published_at == datetime(2026, 3, 5, 11, 31, tzinfo=UTC)


def test_pushes_keep_their_ids_when_one_above_them_goes() -> None:
    before = read(article(push("一"), push("二"), push("二"))).mentions
    after = read(article(push("二"), push("二"), push("三"))).mentions

    assert {mention.id for mention in before[2:]} == {mention.id for mention in after[1:3]}
    assert len({mention.id for mention in before}) == 4


def test_pushes_get_the_year_that_the_site_leaves_out() -> None:
    page = article(push(at="12/30 10:00"), push(at="12/31 23:59"), push(at="01/01 00:01"), push(at="02/29 08:00"))
    page = page.replace(b"Thu Mar  5 18:00:00 2026", b"Sat Dec 30 09:00:00 2023")

    times = [mention.published_at for mention in read(page).mentions[1:]]

    assert [f"{at:%Y-%m-%d %H:%M}" for at in times if at] == [
        "2023-12-30 02:00",
        "2023-12-31 15:59",
        "2023-12-31 16:01",
        "2024-02-29 00:00",
    ]


@pytest.mark.parametrize("at", ["", "99/99 99:99", "02/30 10:00", "昨天"])
def test_a_push_without_a_readable_time_is_read(at: str) -> None:
    assert read(article(push(at=at))).mentions[1].published_at is None


def test_quotations_signature_and_system_lines_are_left_out() -> None:
    body = (
        '<span class="f2">※ 引述《other (別人)》之銘言：</span>\n<span class="f6">: 這家很好吃</span>\n我不同意\n'
        "--\n我的簽名檔\nhttps://blog.example/"
    )

    assert read(article(body=body)).mentions[0].text == "我不同意"


def test_what_the_author_adds_below_and_when_is_kept() -> None:
    after = '<span class="f2">※ 編輯: lantern (192.0.2.7 臺灣), 03/05/2026 19:45:10\n</span>更新：店家退錢了\n'

    mention = read(article(push(), after=after)).mentions[0]

    assert mention.edited_at == datetime(2026, 3, 5, 11, 45, 10, tzinfo=UTC)
    assert mention.text == "麵太鹹，不會再去。\n\n更新：店家退錢了"


def test_what_cloudflare_takes_for_an_address_is_unmasked() -> None:
    masked = (
        '<a href="/cdn-cgi/l/email-protection" class="__cf_email__" data-cfemail="30467052">[email&#160;protected]</a>'
    )

    found = read(article(push(f"睡好覺@{masked}!"), body=f"寫信到 {masked}")).mentions

    assert found[0].text == "寫信到 v@b"
    assert found[1].text == "睡好覺@v@b!"


def test_a_push_without_a_user_costs_only_itself() -> None:
    found = read(article(push(user=""), push("第二")))

    assert [mention.text for mention in found.mentions[1:]] == ["第二"]
    assert len(found.quarantined) == 1


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_bytes_give_mentions_or_our_error(data: st.DataObject) -> None:
    page = article(push(), push(tag="→"))
    cut = data.draw(st.integers(0, len(page)))
    noise = data.draw(
        st.binary(max_size=30) | st.sampled_from([b"</div>", b"<div class='push'>", b"&#x1;", b"<<", b"--"])
    )

    with contextlib.suppress(CollectError):
        for mention in read(page[:cut] + noise + page[cut + data.draw(st.integers(0, 60)) :]).mentions:
            mention.text.encode()


async def test_new_articles_of_the_feed_are_read_and_the_reader_is_of_age(platform: Platform) -> None:
    first, second = name_of(60), name_of(120)
    platform.on("/atom/Food.xml", atom(first, second))
    on_article(platform, first, push())
    on_article(platform, second)

    found = await platform.poll("ptt", SETTINGS, now=NOW)

    assert [mention.parent or mention.id for mention in found.mentions] == [first, first, second]
    assert found.cursor["threads"] == {first: EPOCH, second: EPOCH}
    assert all(asked.headers["cookie"] == "over18=1" for asked in platform.asked)


async def test_a_young_article_is_read_again_for_its_pushes_and_an_old_one_is_not(platform: Platform) -> None:
    young, old = name_of(60), name_of(60 * 24 * 6)
    platform.on("/atom/Food.xml", atom(young, old))
    on_article(platform, young)
    on_article(platform, old)
    first = await platform.poll("ptt", SETTINGS, now=NOW)
    on_article(platform, young, push("晚到的推文"))
    platform.asked.clear()

    second = await platform.poll("ptt", SETTINGS, now=NOW + timedelta(minutes=15), cursor=first.cursor)

    assert [mention.text for mention in second.mentions if mention.parent] == ["晚到的推文"]
    assert platform.paths == ["/atom/Food.xml", f"/bbs/Food/{young}.html"]


async def test_a_page_that_is_gone_is_a_deletion(platform: Platform) -> None:
    name = name_of(60)
    platform.on("/atom/Food.xml", atom(name))
    on_article(platform, name)
    first = await platform.poll("ptt", SETTINGS, now=NOW)
    platform.on(f"/bbs/Food/{name}.html", Given(content=b"404 - Not Found.", status=404))

    second = await platform.poll("ptt", SETTINGS, now=NOW + timedelta(minutes=30), cursor=first.cursor)

    assert [(mention.id, mention.deleted, mention.text) for mention in second.mentions] == [(name, True, "")]
    assert name not in second.cursor["threads"]


async def test_more_than_the_feed_holds_is_walked_back_in_the_list(platform: Platform) -> None:
    known, new = name_of(300), [name_of(minutes) for minutes in (10, 20, 30, 40)]
    for name in new:
        on_article(platform, name)
    platform.on("/atom/Food.xml", atom(new[0], new[1]))
    platform.on("/bbs/Food/index.html", board_list(new[1], new[0], previous="/bbs/Food/index9.html", pinned=name_of(9)))
    platform.on("/bbs/Food/index9.html", board_list(known, new[3], new[2], previous="/bbs/Food/index8.html"))

    found = await platform.poll("ptt", SETTINGS, now=NOW, cursor={"threads": {known: EPOCH}})

    assert {mention.id for mention in found.mentions} == set(new)
    assert "/bbs/Food/index8.html" not in platform.paths
    assert "/bbs/Food/" + name_of(9) + ".html" not in platform.paths


async def test_articles_beyond_one_poll_wait_for_the_next(platform: Platform) -> None:
    names = [name_of(minutes) for minutes in range(1, 31)]
    platform.on("/atom/Food.xml", atom(*names))
    for name in names:
        on_article(platform, name)

    first = await platform.poll("ptt", SETTINGS, now=NOW)
    second = await platform.poll("ptt", SETTINGS, now=NOW, cursor=first.cursor)

    assert (len(first.mentions), len(second.mentions)) == (25, 5)
    assert "5 articles are left" in (first.warning or "")
    assert second.warning is None


async def test_a_search_asks_the_board_for_the_words(platform: Platform) -> None:
    name = name_of(10)
    platform.on("/bbs/Food/search", board_list(name))
    on_article(platform, name)

    found = await platform.poll("ptt", {**SETTINGS, "search": "燈籠 麵"}, now=NOW)

    assert [mention.id for mention in found.mentions] == [name]
    assert platform.asked[0].query == {"q": "燈籠 麵"}


async def test_a_feed_that_did_not_change_costs_one_request(platform: Platform) -> None:
    platform.on("/atom/Food.xml", Given(content=b"", status=304))

    found = await platform.poll("ptt", SETTINGS, now=NOW, cursor={"threads": {name_of(5): EPOCH}, "etag": '"1"'})

    assert platform.asked[0].headers["if-none-match"] == '"1"'
    assert (found.mentions, len(platform.asked)) == ((), 1)


async def test_a_page_in_place_of_the_feed_is_no_quiet_board(platform: Platform) -> None:
    platform.on("/atom/Food.xml", Given(content=b"<html>One moment, please</html>"))

    with pytest.raises(CollectError, match="in place of the board's feed"):
        await platform.poll("ptt", {"board": "Food"})


async def test_a_bare_429_ends_the_poll_with_what_was_read(platform: Platform) -> None:
    first, second = name_of(10), name_of(20)
    platform.on("/atom/Food.xml", atom(first, second))
    on_article(platform, first)
    platform.on(f"/bbs/Food/{second}.html", Given(content=b"", status=429))

    found = await platform.poll("ptt", SETTINGS, now=NOW)

    assert [mention.id for mention in found.mentions] == [first]
    assert found.next_poll_after == timedelta(seconds=60)
    assert found.cursor["threads"][second] == 0


async def test_a_busy_board_feed_asks_for_a_pause(platform: Platform) -> None:
    platform.on("/atom/Food.xml", Given(content=b"", status=429))

    with pytest.raises(RateLimited):
        await platform.poll("ptt", SETTINGS, now=NOW)


async def test_a_page_that_is_no_article_is_quarantined_and_costs_no_other(platform: Platform) -> None:
    good, bad = name_of(10), name_of(20)
    platform.on("/atom/Food.xml", atom(good, bad))
    on_article(platform, good)
    platform.on(f"/bbs/Food/{bad}.html", Given(content=b"<html>maintenance</html>"))

    found = await platform.poll("ptt", SETTINGS, now=NOW)

    assert [mention.id for mention in found.mentions] == [good]
    assert len(found.quarantined) == 1


@pytest.mark.parametrize("cursor", [{"threads": []}, {"threads": {"junk": 1, NAME: "x"}}, {"etag": 7}])
async def test_a_cursor_of_another_shape_is_as_none(cursor: dict[str, object], platform: Platform) -> None:
    platform.on("/atom/Food.xml", atom())

    assert (await platform.poll("ptt", SETTINGS, now=NOW, cursor=cursor)).mentions == ()


@pytest.mark.parametrize("board", ["", "../etc", "Food/M.1", "食物"])
async def test_a_wrong_board_names_the_field(board: str, platform: Platform) -> None:
    with pytest.raises(SettingError, match="board: "):
        await platform.poll("ptt", {"board": board})


@pytest.mark.corpus
async def test_the_recorded_pages_are_read(platform: Platform, corpus: Path) -> None:
    folder = corpus / "payloads" / "ptt" / "Ptt-Alertor__ptt-alertor"
    name, board = "M.1498563199.A.35C", "TFSHS66th321"
    platform.on(f"/atom/{board}.xml", Given(content=f"<id>https://www.ptt.cc/bbs/{board}/{name}.html</id>".encode()))
    page = (folder / "article_TFSHS66th321.html").read_bytes()
    platform.on(f"/bbs/{board}/{name}.html", Given(content=page))

    found = await platform.poll("ptt", {"board": board}, now=datetime(2018, 1, 3, tzinfo=UTC))

    article_read, *pushes = found.mentions
    assert (article_read.id, article_read.author.id, article_read.text) == (name, "ChoDino", "測")
    assert article_read.published_at == datetime(2017, 6, 27, 11, 33, 15, tzinfo=UTC)
    assert len(pushes) == page.count(b'class="push"')
    assert {mention.author.id for mention in pushes} == {"ChoDino"}
    assert f"{pushes[0].published_at:%Y-%m-%d %H:%M}" == "2017-12-31 16:55"
    assert not found.quarantined


@pytest.mark.corpus
def test_the_recorded_list_leads_to_its_articles_without_the_pinned_ones(corpus: Path) -> None:
    page = (corpus / "payloads" / "ptt" / "Ptt-Alertor__ptt-alertor" / "board_index_LoL.html").read_text()

    assert articles_in(page, "LoL") == [("M.1516285019.A.BCE", 1516285019)]
