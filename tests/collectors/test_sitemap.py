"""Sitemaps: every page once, and again when it changed."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from collectors import robots
from collectors.errors import CollectError, Refused, SettingError
from collectors.sitemap_xml import read_sitemap
from collectors.types import Collected
from tests import make
from tests.collectors.played import Given, Platform, played

XML, HTML = {"Content-Type": "application/xml"}, {"Content-Type": "text/html"}


def urlset(base: str, *pages: tuple[str, str]) -> bytes:
    entries = "".join(f"<url><loc>{base}{path}</loc><lastmod>{changed}</lastmod></url>" for path, changed in pages)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'.encode()


def article(title: str) -> Given:
    text = "<p>The noodles were cold and nobody apologised for it all evening long, said a guest.</p>" * 6
    return Given(content=f"<title>{title}</title><article><h1>{title}</h1>{text}</article>".encode(), headers=HTML)


async def poll(platform: Platform, path: str = "/sitemap.xml", **given: Any) -> Collected:
    robots.forget()
    chosen = {"url": platform.url + path, **given.pop("settings", {})}
    return await platform.collect(make.source(kind="sitemap", settings=chosen, allow_private=True, **given))


def read(payload: bytes) -> dict[str, Any]:
    head = {"url": "https://news.example/sitemap.xml", "now": make.NOW.isoformat(), "content_type": "application/xml"}
    return read_sitemap(head, payload)


async def test_new_and_changed_pages_are_read_once() -> None:
    async with played() as platform:
        platform.on("/a", article("A"))
        platform.on("/b", article("B"))
        platform.on(
            "/sitemap.xml", Given(content=urlset(platform.url, ("/a", "2026-03-01"), ("/b", "2026-03-02")), headers=XML)
        )
        first = await poll(platform)
        assert [mention.title for mention in first.mentions] == ["B", "A"]

        again = await poll(platform, cursor=first.cursor)
        assert again.mentions == ()

        platform.on(
            "/sitemap.xml", Given(content=urlset(platform.url, ("/a", "2026-03-05"), ("/b", "2026-03-02")), headers=XML)
        )
        changed = await poll(platform, cursor=again.cursor)
        assert [mention.title for mention in changed.mentions] == ["A"]


async def test_a_site_is_found_by_its_robots_txt_through_an_index_and_filtered() -> None:
    async with played() as platform:
        platform.on(
            "/robots.txt",
            Given(content=f"Sitemap: {platform.url}/index.xml\nUser-agent: *\nDisallow: /food/secret".encode()),
        )
        index = f"<sitemapindex><sitemap><loc>{platform.url}/part.xml.gz</loc></sitemap></sitemapindex>".encode()
        platform.on("/index.xml", Given(content=index, headers=XML))
        pages = urlset(
            platform.url, ("/food/1", "2026-03-01"), ("/food/secret", "2026-03-01"), ("/cars/1", "2026-03-01")
        )
        platform.on("/part.xml.gz", Given(content=gzip.compress(pages), headers={"Content-Type": "application/gzip"}))
        platform.on("/food/1", article("Food"))
        collected = await poll(platform, "/", settings={"include": "/food/"})

        assert [mention.title for mention in collected.mentions] == ["Food"]
        assert "forbids this page" in (collected.warning or "")
        assert "/food/secret" not in platform.paths


async def test_a_sitemap_may_lie_at_the_root_by_its_query() -> None:
    async with played() as platform:
        platform.on("/", Given(content=urlset(platform.url, ("/a", "2026-03-01")), headers=XML))
        platform.on("/a", article("A"))
        collected = await poll(platform, "/?sitemap=index")

        assert [mention.title for mention in collected.mentions] == ["A"]


async def test_a_page_that_fails_is_read_in_the_next_poll() -> None:
    async with played() as platform:
        platform.on("/a", Given(content=b"", status=500))
        platform.on("/sitemap.xml", Given(content=urlset(platform.url, ("/a", "2026-03-01")), headers=XML))
        first = await poll(platform)
        platform.on("/a", article("A"))
        second = await poll(platform, cursor=first.cursor)

        assert first.mentions == ()
        assert [mention.title for mention in second.mentions] == ["A"]


async def test_a_wrong_pattern_is_named() -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match="include"):
            await poll(platform, settings={"include": "("})


def test_hostile_sitemaps_are_refused() -> None:
    with pytest.raises(Refused, match="entities"):
        read(b'<?xml version="1.0"?><!DOCTYPE u [<!ENTITY a "b">]><urlset/>')
    with pytest.raises(CollectError, match="no sitemap"):
        read(b"<html><body>not found</body></html>")
    with pytest.raises(Refused, match="50 MB"):
        read(gzip.compress(b"<urlset>" + b" " * (60 * 1024 * 1024)))
    with pytest.raises(CollectError, match="no sitemap"):
        read(b"hello")


def test_a_plain_list_is_a_sitemap() -> None:
    assert read(b"https://news.example/1\nhttps://news.example/2\n")["pages"] == [
        ["https://news.example/1", None],
        ["https://news.example/2", None],
    ]


@pytest.mark.corpus
def test_recorded_sitemaps_are_read(corpus: Path) -> None:
    for path in sorted((corpus / "payloads" / "sitemap").rglob("*.xml")):
        found = read(path.read_bytes())
        assert found["pages"] or found["sitemaps"], path.name
