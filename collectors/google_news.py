"""Takes off what Google News puts around a headline: its feeds name the publisher, and have no other words."""

from dataclasses import replace
from urllib.parse import urlsplit

from collectors.text import host_of
from collectors.types import Mention

_HOST = "news.google.com"


def as_published(mention: Mention, *, publisher: str, home: str) -> Mention:
    """Return an article found by Google News as its publisher's: its site is theirs, and the headline ends before their
    name. Others are returned as they are."""
    if urlsplit(mention.url or "").hostname != _HOST or not publisher:
        return mention
    headline = mention.title.removesuffix(f" - {publisher}")
    only_headline = " ".join(mention.text.split()) == f"{headline} {publisher}"
    return replace(mention, site=host_of(home) or publisher, title=headline, text="" if only_headline else mention.text)
