"""What a feed's bytes become: every item once, the same at every poll."""

import gzip
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.egress import GuardedEgress
from collectors.errors import CollectError, Refused, Unreachable
from collectors.feed import collect, parse
from collectors.feed_items import Document
from collectors.feed_xml import item_of
from collectors.types import Collected, Validators
from tests import make
from tests.collectors.hostile import HostileServer, answers, hostile_server, raw, redirects

URL = "https://forum.example/feed"


def read(document: str | bytes, **headers: str) -> Collected:
    payload = document.encode() if isinstance(document, str) else document
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse(payload, make.source(settings={"url": URL}), now=make.NOW, headers=named)


NAMESPACES = (
    "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:slash='http://purl.org/rss/1.0/modules/slash/' "
    "xmlns:content='http://purl.org/rss/1.0/modules/content/'"
)


def rss(*items: str, head: str = "") -> str:
    body = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0" {NAMESPACES}><channel>{head}{body}</channel></rss>'


def ids(document: str | bytes) -> list[str]:
    return [mention.id for mention in read(document).mentions]


# Formats


def test_rss_item_becomes_a_mention() -> None:
    (mention,) = read(
        rss(
            "<guid isPermaLink='false'>g1</guid><link>https://forum.example/t/1?utm_source=rss#new</link>"
            "<title>Cold &amp;amp; late</title>"
            "<description>&lt;p&gt;Never again&lt;/p&gt;&lt;p&gt;Bye&lt;/p&gt;</description>"
            "<dc:creator>Ann</dc:creator><slash:comments>7</slash:comments>"
            "<pubDate>Thu, 05 Mar 2026 10:00:00 +0800</pubDate>",
            head="<language>zh-tw</language>",
        )
    ).mentions

    assert (mention.id, mention.url, mention.site) == ("g1", "https://forum.example/t/1", "forum.example")
    assert (mention.title, mention.text) == ("Cold & late", "Never again\n\nBye")
    assert mention.author.name == "Ann"
    assert mention.published_at == datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
    assert mention.language == "zh-tw"
    assert mention.engagement == {"comments": 7}


def test_full_content_is_preferred_to_the_summary() -> None:
    (mention,) = read(
        rss(
            "<guid>1</guid><description>short</description>"
            "<content:encoded>&lt;b&gt;the whole story&lt;/b&gt;</content:encoded>"
        )
    ).mentions

    assert mention.text == "the whole story"


def test_text_is_found_where_the_description_is_empty() -> None:
    (mention,) = read(
        rss("<guid>1</guid><description/><content:encoded/><media:description>the words</media:description>").replace(
            "<rss", "<rss xmlns:media='http://search.yahoo.com/mrss/'"
        )
    ).mentions

    assert mention.text == "the words"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (
            "&amp;lt;p&amp;gt;Hi &amp;amp;amp; bye&amp;lt;/p&amp;gt;&amp;lt;p&amp;gt;x&amp;lt;/p&amp;gt;",
            "Hi & bye\n\nx",
        ),
        ("<![CDATA[one&lt;br/&gt;two]]>", "one\ntwo"),
        ("<![CDATA[if a &lt; b, write &lt;p&gt;]]>", "if a < b, write <p>"),
        ("<![CDATA[<p>write &lt;b&gt;so&lt;/b&gt;</p>]]>", "write <b>so</b>"),
    ],
)
def test_markup_that_was_escaped_twice_is_markup(written: str, text: str) -> None:
    (mention,) = read(rss(f"<guid>1</guid><description>{written}</description>")).mentions

    assert mention.text == text


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("joe@shop.example (Joe Bloggs)", "Joe Bloggs"),
        ("Joe &lt;joe@mail.store&gt;", "Joe"),
        ("joe@mail.store", "joe"),
        ("@joe", "@joe"),
        ("王小明", "王小明"),
    ],
)
def test_an_author_is_shown_by_name_and_never_by_address(written: str, name: str) -> None:
    (mention,) = read(rss(f"<guid>1</guid><author>{written}</author>")).mentions

    assert mention.author.name == name


def test_an_article_in_google_news_is_its_publishers() -> None:
    item = (
        "<title>好店 - 關門 - 自由時報</title><link>https://news.google.com/rss/articles/CBMi1?oc=5</link>"
        "<guid isPermaLink='false'>CBMi1</guid><description>&lt;a href='x'&gt;好店 - 關門&lt;/a&gt;&amp;nbsp;&amp;nbsp;"
        "&lt;font color='#6f6f6f'&gt;自由時報&lt;/font&gt;</description>"
        "<source url='https://www.ltn.example'>自由時報</source>"
    )
    (mention,) = read(rss(item)).mentions
    (elsewhere,) = read(rss(item.replace("news.google.com", "blog.example"))).mentions

    assert (mention.id, mention.site, mention.title, mention.text) == ("CBMi1", "ltn.example", "好店 - 關門", "")
    assert (elsewhere.site, elsewhere.title) == ("blog.example", "好店 - 關門 - 自由時報")


def test_an_ampersand_of_a_name_is_read_as_one() -> None:
    (mention,) = read(rss("<guid>1</guid><title>AT&T & H&M &copy; &#169;</title>")).mentions

    assert mention.title == "AT&T & H&M © ©"


def test_empty_lines_before_the_declaration_are_no_fault() -> None:
    collected = read("\n\n " + rss("<guid>1</guid>"))

    assert len(collected.mentions) == 1
    assert collected.complete


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_what_was_declared(charset: str) -> None:
    document = rss("<guid>1</guid><title>好吃</title>").replace('"1.0"', '"1.0" encoding="UTF-16"')
    collected = read(document.encode(charset))

    assert collected.mentions[0].title == "好吃"
    assert collected.warning is None


def test_atom_entry_becomes_a_mention() -> None:
    (mention,) = read(
        """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0" xml:lang="th">
        <title>F</title><entry xml:lang="en"><id>tag:x,1</id><title type="html">A &lt;i&gt;b&lt;/i&gt;</title>
        <link rel="self" href="/api/1"/><link rel="alternate" href="/posts/1"/>
        <author><name>Bo</name><uri>https://forum.example/u/bo</uri></author>
        <published>2026-03-01T00:00:00Z</published><updated>2026-03-02T00:00:00Z</updated>
        <thr:in-reply-to ref="tag:x,0" href="https://forum.example/0"/>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One</p><p>Two</p></div></content></entry></feed>"""
    ).mentions

    assert (mention.id, mention.url) == ("tag:x,1", "https://forum.example/posts/1")
    assert (mention.title, mention.text, mention.language) == ("A b", "One\n\nTwo", "en")
    assert (mention.author.name, mention.author.url) == ("Bo", "https://forum.example/u/bo")
    assert mention.parent == "tag:x,0"
    assert mention.published_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert mention.edited_at == datetime(2026, 3, 2, tzinfo=UTC)


def test_rdf_cdf_and_old_atom_are_read() -> None:
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel/>'
        '<item rdf:about="https://x.example/1"><title>a</title><link>https://x.example/1</link></item></rdf:RDF>'
    )
    atom03 = (
        '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><id>1</id><title>a</title>'
        "<modified>2025-01-02T00:00:00Z</modified></entry></feed>"
    )
    cdf = '<channel href="https://x.example/"><item href="https://x.example/1"><title>a</title></item></channel>'

    assert [read(document).mentions[0].title for document in (rdf, atom03, cdf)] == ["a", "a", "a"]


def test_an_app_store_review_has_its_stars() -> None:
    (mention,) = read(
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:im="http://itunes.apple.com/rss"><entry><id>9</id>'
        "<title>Bad</title><content type='text'>crashes</content><im:rating>1</im:rating><im:voteSum>2</im:voteSum>"
        "<im:voteCount>3</im:voteCount></entry></feed>"
    ).mentions

    assert mention.rating is not None
    assert (mention.rating.value, mention.rating.scale) == (1, 5)
    assert mention.engagement == {"votes": 3, "votes_up": 2}


JSON_FEED: dict[str, Any] = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "F",
    "language": "zh-Hant",
    "items": [
        {
            "id": "1",
            "url": "https://forum.example/1",
            "content_html": "<p>難吃</p>",
            "date_published": "2026-03-01T08:00:00+08:00",
            "authors": [{"name": "小明", "url": "https://forum.example/u/1"}],
        },
        {"id": 2, "content_text": "two", "author": {"name": "Old style"}},
        {"content_text": "no id"},
    ],
}


def test_json_feed_is_read_with_all_its_items() -> None:
    first, second, third = read(json.dumps(JSON_FEED)).mentions

    assert (first.id, first.text, first.author.name, first.language) == ("1", "難吃", "小明", "zh-Hant")
    assert first.published_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert (second.id, second.author.name) == ("2", "Old style")
    assert third.id == read(json.dumps(JSON_FEED)).mentions[2].id


def test_a_json_item_that_is_none_is_quarantined_and_its_siblings_read() -> None:
    collected = read(json.dumps({**JSON_FEED, "items": [5, *JSON_FEED["items"], None, "x"]}))

    assert len(collected.mentions) == 3
    assert [item.reason for item in collected.quarantined] == [
        "TypeError: an item is an object, not int",
        "TypeError: an item is an object, not NoneType",
        "TypeError: an item is an object, not str",
    ]


def test_a_cut_json_feed_keeps_the_items_before_the_cut() -> None:
    whole = json.dumps(JSON_FEED)

    collected = read(whole[: whole.index("two") + 2])

    assert [mention.id for mention in collected.mentions] == ["1"]
    assert not collected.complete


def test_an_entry_that_makes_reading_raise_is_an_error_of_that_entry() -> None:
    document = Document(url=URL, site=None, now=make.NOW)

    with pytest.raises(AttributeError):
        item_of({"content": [7]}, {}, document)


# Identity


def test_an_edit_keeps_its_id() -> None:
    assert ids(rss("<guid>1</guid><title>a</title>")) == ids(rss("<guid>1</guid><title>b</title>"))


def test_ten_items_of_one_guid_are_ten_and_ten_again() -> None:
    document = rss(*(f"<guid isPermaLink='false'>same</guid><link>https://x.example/{n}</link>" for n in range(10)))

    assert len(set(ids(document))) == 10
    assert ids(document) == ids(document)


def test_items_of_one_guid_keep_their_ids_when_others_arrive() -> None:
    old = [
        f"<guid isPermaLink='false'>same</guid><link>https://x.example/{n}</link><title>{n}</title>" for n in range(3)
    ]
    new = "<guid isPermaLink='false'>same</guid><link>https://x.example/new</link><title>new</title>"

    assert ids(rss(new, *old))[1:] == ids(rss(*old))


def test_perfect_copies_are_told_apart_by_count() -> None:
    document = rss(*["<guid>1</guid><title>a</title>"] * 3)

    assert len(set(ids(document))) == 3


def test_an_item_without_guid_link_or_date_arrives_once() -> None:
    document = rss("<title>only a title</title>", "<description>only a text</description>")

    assert len(set(ids(document))) == 2
    assert ids(document) == ids(document)


def test_items_without_guid_that_share_a_link_are_distinct() -> None:
    document = rss(*(f"<link>https://x.example/</link><title>{n}</title>" for n in range(3)))

    assert len(set(ids(document))) == 3


def test_two_of_one_second_and_one_of_yesterday_all_arrive() -> None:
    same = "<pubDate>Thu, 05 Mar 2026 10:00:00 GMT</pubDate>"
    document = rss(
        f"<guid>1</guid>{same}",
        f"<guid>2</guid>{same}",
        "<guid>3</guid><pubDate>Wed, 04 Mar 2026 10:00:00 GMT</pubDate>",
    )

    assert ids(document) == ["1", "2", "3"]


def test_a_guid_of_a_megabyte_is_an_id_of_ordinary_length() -> None:
    (own,) = ids(rss(f"<guid>{'x' * 1_000_000}</guid>"))

    assert len(own) < 600


# Hostile and broken documents

BIG = "x" * 200_000
BOMBS = {
    "amplified": f'<!DOCTYPE rss [<!ENTITY a "{BIG}">]><rss><item><title>{"&a;" * 95}</title></item></rss>',
    "laughs": '<!DOCTYPE r [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><rss><item><title>&b;</title></item></rss>',
    "parameter": '<!DOCTYPE r [<!ENTITY % p "x">]><rss/>',
    "external": '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>&x;</rss>',
    "unparsed": '<!DOCTYPE r [<!NOTATION n SYSTEM "n"><!ENTITY x SYSTEM "a" NDATA n>]><rss/>',
    "malformed head": '<?xml version="1.0"?>\x00<!DOCTYPE r [<!ENTITY a "lol">]><rss><item>&a;</item></rss>',
    "hidden by a comment": '<!-- <rss --><!DOCTYPE r [<!ENTITY a "lol">]><rss/>',
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_entity_declarations_are_refused(bomb: str, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding[:6]}"?>' if "<?xml" not in BOMBS[bomb] else ""

    with pytest.raises(Refused, match="entities"):
        read((head + BOMBS[bomb]).encode(encoding))


def test_entities_in_another_alphabet_are_refused_too() -> None:
    with pytest.raises(Refused, match="entities"):
        read(BOMBS["laughs"].encode("utf-7"), content_type="application/xml; charset=utf-7")


def test_a_plain_doctype_is_fine_and_so_is_talking_about_entities() -> None:
    netscape = (
        '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">'
    )

    assert len(read(netscape + rss("<title>a</title>").partition("?>")[2]).mentions) == 1
    assert len(read(rss('<description><![CDATA[<!ENTITY a "b">]]></description>')).mentions) == 1


def test_an_ill_formed_document_keeps_its_items_and_says_so() -> None:
    collected = read(rss("<guid>1</guid><title>Fish & chips</title>", "<guid>2</guid>"))

    assert len(collected.mentions) == 2
    assert not collected.complete
    assert (collected.warning or "").startswith("not well-formed: ")


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_cut_document_is_never_complete(cut: int) -> None:
    whole = rss("<guid>1</guid><title>a</title>", "<guid>2</guid><title>b</title>")

    assert not read(whole[:-cut]).complete


def test_more_than_two_thousand_items_are_not_dropped_in_silence() -> None:
    collected = read(rss(*(f"<guid>{n}</guid>" for n in range(2_500))))

    assert collected.seen == 2_000
    assert not collected.complete
    assert "2000" in (collected.warning or "")
    assert read(rss(*(f"<guid>{n}</guid>" for n in range(2_000)))).complete


def as_rss(dates: list[str]) -> str:
    tags = [f"<pubDate>{date}</pubDate>" if date else "" for date in dates]
    return rss(*(f"<guid>{number}</guid>{tag}" for number, tag in enumerate(tags)))


def as_atom(dates: list[str]) -> str:
    entries = [
        f"<entry><id>{number}</id>" + (f"<updated>{date}</updated></entry>" if date else "</entry>")
        for number, date in enumerate(dates)
    ]
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{"".join(entries)}<title>last</title></feed>'


def as_json(dates: list[str]) -> str:
    return json.dumps({"items": [{"id": str(n), "date_published": date} for n, date in enumerate(dates)]})


HOURS = [(make.NOW - timedelta(hours=hours)).isoformat() for hours in range(2_500)]


@pytest.mark.parametrize("written", [as_rss, as_atom, as_json])
@pytest.mark.parametrize(
    ("dates", "kept"),
    [
        (HOURS, range(2_000)),
        (HOURS[::-1], range(500, 2_500)),
        ([""] * 2_500, [*range(1_000), *range(1_500, 2_500)]),
        ([HOURS[9]] * 2_500, [*range(1_000), *range(1_500, 2_500)]),
        # One without a date is as old as the one before it.
        ([date if place % 2 == 0 else "" for place, date in enumerate(HOURS[::-1])], range(500, 2_500)),
    ],
)
def test_of_too_many_items_the_newest_are_kept(
    written: Callable[[list[str]], str], dates: list[str], kept: Iterable[int]
) -> None:
    collected = read(written(dates))

    assert [mention.id for mention in collected.mentions] == [str(number) for number in kept]
    assert not collected.complete
    assert collected.warning == "only the newest 2000 items were read; 500 were left out"


def test_a_cut_among_too_many_items_is_still_said() -> None:
    collected = read(as_rss(HOURS)[:-40])

    assert collected.seen == 2_000
    assert "not well-formed" in (collected.warning or "")
    assert "left out" in (collected.warning or "")


def test_words_about_items_are_no_items_when_too_many_are_cut() -> None:
    items = [f"<guid>{n}</guid><description><![CDATA[<item> no]]></description><!-- <item> -->" for n in range(2_100)]

    collected = read(rss(*items))

    assert collected.seen == 2_000
    assert collected.warning == "only the newest 2000 items were read; 100 were left out"


def test_two_hundred_thousand_items_take_a_moment_only() -> None:
    collected = read(rss(*["<guid>1</guid><title>t</title><pubDate>2026-03-01</pubDate>"] * 200_000))

    assert collected.seen == 2_000


def test_a_json_item_without_addresses_has_none() -> None:
    collected = read(
        json.dumps(
            {
                "items": [
                    {"id": "1", "authors": [{"name": "Ann"}]},
                    {"id": "2", "url": " ", "author": {"name": "Ann", "url": ""}},
                    {"id": "3", "url": "", "external_url": "/3", "author": {"url": "/u/ann"}},
                ]
            }
        )
    )

    assert [mention.url for mention in collected.mentions] == [None, None, "https://forum.example/3"]
    assert [(mention.author.id, mention.author.url) for mention in collected.mentions] == [
        (None, None),
        (None, None),
        ("https://forum.example/u/ann", "https://forum.example/u/ann"),
    ]


@pytest.mark.parametrize(
    "document",
    [
        rss("<guid>1</guid><pubDate>Thu, 05 Mar 2026 10:00:00</pubDate>"),
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><updated>2026-03-05T10:00:00</updated></entry></feed>',
        json.dumps({"items": [{"id": 1, "date_published": "2026-03-05 10:00"}]}),
        rss("<guid>1</guid><pubDate>Thu, 05 Mar 2026 02:00:00 GMT</pubDate>"),
    ],
)
def test_times_without_an_offset_are_read_in_the_zone_of_the_source(document: str) -> None:
    source = make.source(settings={"url": URL, "zone": "Asia/Taipei"})

    (mention,) = parse(document.encode(), source, now=make.NOW).mentions

    assert mention.published_at == datetime(2026, 3, 5, 2, 0, tzinfo=UTC)


NETSCAPE = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">'


@pytest.mark.parametrize("doctype", ["", NETSCAPE])
def test_characters_that_html_calls_by_name_are_kept(doctype: str) -> None:
    document = rss(
        "<guid>1</guid><title>one &eacute; &amp; &hellip;</title>"
        "<description>&lt;b&gt;caf&eacute;&lt;/b&gt; &amp;eacute; &quot;&apos;</description>",
        "<guid>2</guid><title><![CDATA[&eacute;]]></title>",
    )

    collected = read(doctype + document.partition("?>")[2])

    assert [mention.title for mention in collected.mentions] == ["one é & …", "é"]
    assert collected.mentions[0].text == "café é \"'"
    assert collected.complete


def test_a_json_feed_of_too_many_items_says_so() -> None:
    collected = read(json.dumps({"items": [{"id": n} for n in range(2_001)]}))

    assert (collected.seen, collected.complete) == (2_000, False)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "a web page, not a feed"),
        (
            '<html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>',
            "the page offers one at https://forum.example/rss",
        ),
        ("", "empty"),
        ("  \n ", "empty"),
        ('{"errors": ["no"]}', "not a JSON Feed"),
        ("[1, 2]", "not a JSON Feed"),
        ("{broken", "neither a feed nor JSON"),
        ("[" * 100_000, "neither a feed nor JSON"),
        ("<opml version='2.0'><body/></opml>", "root element is <opml>"),
        ("Too many requests", "no feed"),
    ],
)
def test_what_is_no_feed_is_said(document: str, said: str) -> None:
    with pytest.raises(CollectError, match=said):
        read(document)


def test_an_empty_feed_is_a_feed() -> None:
    collected = read(rss())

    assert (collected.seen, collected.complete) == (0, True)


@pytest.mark.parametrize(
    "flood", ["<b>" * 20_000, "&lt;i&gt;" * 50_000, "&#769;" * 150_000, "]]>" * 10_000, "&#0;&#xD800;&#99999999;"]
)
def test_floods_inside_an_item_cost_the_item_nothing_but_length(flood: str) -> None:
    collected = read(rss(f"<guid>1</guid><title>{flood}</title><description>{flood}</description>", "<guid>2</guid>"))

    assert collected.seen >= 1
    assert all(len(mention.text.encode()) <= 65_536 for mention in collected.mentions)


# Charsets

CHINESE = "這家店的服務真的很差，我等了一個小時還沒有來。老闆說我們不是他的客人。"


@pytest.mark.parametrize(
    ("encoding", "declared", "http"),
    [
        ("utf-8", "utf-8", None),
        ("utf-8", None, "text/xml"),
        ("utf-8", None, "text/xml; charset=iso-8859-1"),
        ("utf-8", "big5", None),
        ("utf-8", "utf-16", None),
        ("utf-8", None, "application/rss+xml; charset=gbk"),
        ("utf-8", None, "text/xml; charset=no-such-thing"),
        ("utf-8", None, "text/xml; charset=idna"),
        ("utf-8-sig", "big5", "text/xml; charset=big5"),
        ("big5", "big5", None),
        ("big5", None, "text/xml; charset=Big5"),
        ("big5", None, None),
        ("big5", "utf-8", "text/xml; charset=utf-8"),
        ("gb18030", "gb2312", None),
        ("gb18030", None, "text/xml; charset=gb2312"),
        ("gb18030", None, None),
        ("utf-16", None, None),
        ("utf-16-le", "utf-16", None),
        ("utf-16-be", None, "text/xml; charset=utf-8"),
        ("utf-32", "utf-32", None),
    ],
)
def test_however_the_charset_is_declared_the_words_are_read(
    encoding: str, declared: str | None, http: str | None
) -> None:
    words = CHINESE if encoding != "gb18030" else "这家店的服务真的很不好，我们等了一个小时还没有来。"
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    document = head + rss(f"<guid>1</guid><title>{words}</title>").partition("?>")[2]

    collected = read(document.encode(encoding), **({"content_type": http} if http else {}))

    assert collected.mentions[0].title == words
    assert collected.complete


def test_one_bad_byte_does_not_garble_the_rest() -> None:
    collected = read(rss(f"<title>{CHINESE * 3}</title>").encode().replace("差".encode(), b"\xff", 1))

    assert collected.mentions[0].title.startswith("這家店的服務真的很�，我等了")
    assert "cannot be decoded" in (collected.warning or "")


# Any bytes

_XML_BITS = st.sampled_from(
    [
        *(b"<rss> <channel> <item> </item> <title> </title> <entry> <guid> </guid> <pubDate> <author>".split()),
        *(b"]]> <!-- --> '/> '?> </rss> <description> </description>".split()),
        *(b"&amp; &#x110000; &# 0000-99-99 a@b 1e999 } ] , utf-16 \xff\xfe \x00 \xe8\xa9\x95".split()),
        *(b"<![CDATA[", b"<link href='", b"<feed xmlns='http://www.w3.org/2005/Atom'>", b"<content type='xhtml'>"),
        *(
            b"<?xml version='1.0' encoding='",
            b"<!DOCTYPE r [",
            b"<!ENTITY a 'b'>",
            b" xml:lang='",
            b" xml:base='http://[",
        ),
        *(b'{"items": [', b'{"id":', b'"\\ud800"'),
    ]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(st.binary(max_size=200), st.lists(_XML_BITS, max_size=25).map(b"".join)),
    st.sampled_from(
        ["", "text/xml", "text/xml; charset=utf-16", "x; charset=unicode_escape", "; charset=\xff", "a;charset="]
    ),
)
def test_any_bytes_are_collected_or_an_error_of_ours(payload: bytes, content_type: str) -> None:
    try:
        collected = read(payload, content_type=content_type)
    except CollectError:
        return

    found = [mention.id for mention in collected.mentions]
    assert len(set(found)) == len(found)
    assert all(found)


# Over HTTP


@pytest.fixture
async def server() -> Any:
    async with hostile_server() as running:
        yield running


async def poll(url: str, **given: Any) -> Collected:
    async with GuardedEgress(deadline=timedelta(seconds=5)) as egress:
        return await collect(
            make.source(settings={"url": url}, allow_private=True, **given), egress=egress, now=make.NOW
        )


WHOLE = rss("<guid>1</guid><title>a</title>", "<guid>2</guid><title>b</title>").encode()
VALIDATED = {"ETag": '"v1"', "Last-Modified": "Thu, 05 Mar 2026 10:00:00 GMT"}


async def test_validators_come_with_a_whole_document_and_are_asked_with(server: HostileServer) -> None:
    url = server.on("/", answers(WHOLE, headers=VALIDATED))
    first = await poll(url)
    server.on("/", answers(status="304 Not Modified", headers={"ETag": '"v2"'}))

    second = await poll(url, validators=first.validators)

    assert first.validators == Validators(etag='"v1"', last_modified="Thu, 05 Mar 2026 10:00:00 GMT")
    assert server.requests[1].headers["if-none-match"] == '"v1"'
    assert server.requests[1].headers["if-modified-since"] == "Thu, 05 Mar 2026 10:00:00 GMT"
    assert (second.unchanged, second.mentions) == (True, ())
    assert second.validators == Validators(etag='"v2"', last_modified="Thu, 05 Mar 2026 10:00:00 GMT")


@pytest.mark.parametrize("cut", range(1, len(WHOLE), 9))
@pytest.mark.parametrize("promised", [True, False])
async def test_no_item_is_missing_after_a_cut_and_the_validators_it_gave(
    cut: int, promised: bool, server: HostileServer
) -> None:
    length = f"Content-Length: {len(WHOLE)}\r\n" if promised else ""
    head = f'HTTP/1.1 200 OK\r\n{length}ETag: "v1"\r\nConnection: close\r\n\r\n'.encode()
    url = server.on("/", raw(head + WHOLE[:-cut]))

    try:
        collected = await poll(url)
    except CollectError:
        return

    assert not collected.complete
    assert collected.validators == Validators()


async def test_a_whole_document_whose_end_only_the_closing_shows_keeps_its_validators(server: HostileServer) -> None:
    collected = await poll(server.on("/", raw(b'HTTP/1.0 200 OK\r\nETag: "v1"\r\n\r\n' + WHOLE)))

    assert collected.complete
    assert collected.validators.etag == '"v1"'


async def test_not_modified_without_being_asked_is_an_error(server: HostileServer) -> None:
    with pytest.raises(Unreachable, match="not modified"):
        await poll(server.on("/", answers(status="304 Not Modified")))


@pytest.mark.parametrize(
    ("cache", "ttl", "wish"),
    [
        ("max-age=1800", "", timedelta(minutes=30)),
        ("no-cache", "<ttl>60</ttl>", timedelta(hours=1)),
        ("public, max-age=600", "<ttl>5</ttl>", timedelta(minutes=10)),
        ("max-age=99999999", "", timedelta(hours=24)),
        ("max-age=0", "<ttl>x</ttl>", None),
        ("", "<ttl>99999999</ttl>", timedelta(hours=24)),
    ],
)
async def test_the_wish_of_the_feed_is_passed_on(
    cache: str, ttl: str, wish: timedelta | None, server: HostileServer
) -> None:
    body = rss("<guid>1</guid>", head=ttl).encode()

    collected = await poll(server.on("/", answers(body, headers={"Cache-Control": cache})))

    assert collected.next_poll_after == wish


async def test_moved_for_good_is_passed_on(server: HostileServer) -> None:
    server.on("/old", redirects("/new", status="308 Permanent Redirect"))
    server.on("/new", answers(gzip.compress(WHOLE), headers={"Content-Encoding": "gzip"}))

    collected = await poll(server.url("/old"))

    assert collected.moved_to == server.url("/new")
    assert collected.seen == 2


async def test_validators_that_could_not_be_sent_back_are_not_kept(server: HostileServer) -> None:
    collected = await poll(server.on("/", answers(WHOLE, headers={"ETag": "\xe9\x01", "Last-Modified": "x" * 2000})))

    assert collected.validators == Validators()


async def test_the_name_of_the_place_can_be_set(server: HostileServer) -> None:
    url = server.on("/", answers(WHOLE))
    async with GuardedEgress() as egress:
        source = make.source(settings={"url": url, "site": "Lantern Forum"}, allow_private=True)
        collected = await collect(source, egress=egress, now=make.NOW)

    assert {mention.site for mention in collected.mentions} == {"Lantern Forum"}
