"""Reviews and posts that a page marks for machines: JSON-LD first, microdata where there is none.

Vocabulary: https://schema.org/Review and its kin. Shops, guides and forums write it for search engines, so that it
outlives their redesigns. Objects are found wherever they hang, within limits.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from collectors.dates import parse_date
from collectors.feed_items import MAX_ITEMS, Document, Item, language_tag, one_line, quarantined
from collectors.pages import author, counts, record, words
from collectors.text import MAX_TITLE_CHARS, canonical_url, host_of, html_to_text
from collectors.types import Mention, Quarantined, Rating, SourceKind

_SAID = frozenset(
    {
        "Review",
        "UserReview",
        "CriticReview",
        "EmployerReview",
        "DiscussionForumPosting",
        "SocialMediaPosting",
        "Comment",
        "Answer",
        "Question",
    }
)
_ARTICLES = frozenset({"Article", "NewsArticle", "BlogPosting", "Report", "TechArticle", "OpinionNewsArticle"})
_MAX_DEPTH = 40
_MAX_OBJECTS = 50_000
_MAX_SCRIPT_CHARS = 4 * 1024 * 1024
_SCALE = 5.0
#: Counted by schema.org as InteractionCounter.
_ACTIONS = {"LikeAction": "likes", "ShareAction": "shares", "CommentAction": "replies", "ReplyAction": "replies"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """What a page marks."""

    said: tuple[Item, ...] = ()
    #: The page's own text, where it is an article.
    articles: tuple[Item, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()


def marked(tree: LexborHTMLParser, document: Document, kind: SourceKind) -> Marked:
    """Return what the page marks; objects that cannot be read do not cost their siblings."""
    objects = list(_objects(tree)) or list(_microdata(tree))
    said: list[Item] = []
    articles: list[Item] = []
    unread: list[Quarantined] = []
    for one in objects:
        types = _types(one)
        target = said if types & _SAID else articles if types & _ARTICLES else None
        if target is None or len(said) + len(articles) >= MAX_ITEMS:
            continue
        try:
            item = _item(one, document, kind)
        # Whatever an object holds, it costs nothing but itself.
        except Exception as error:  # noqa: BLE001
            unread.append(quarantined(_as_script(one), error))
            continue
        if item is not None:
            target.append(item)
    return Marked(said=tuple(said), articles=tuple(articles), quarantined=tuple(unread))


def _as_script(one: Mapping[str, Any]) -> str:
    """Return an object as a page marks it."""
    written = json.dumps(one, default=repr).replace("</", "<\\/")
    return f'<script type="application/ld+json">{written}</script>'


def _objects(tree: LexborHTMLParser) -> Iterator[Mapping[str, Any]]:
    """Yield every JSON-LD object of the page, outer ones first."""
    left = _MAX_OBJECTS
    for script in tree.css('script[type="application/ld+json"]'):
        for one in _walk(_loads(script.text(deep=True) or ""), 0):
            left -= 1
            if left < 0:
                return
            yield one


def _loads(text: str) -> object:
    """Return the JSON of a script, forgiving what editors add around it; None for what is none."""
    text = text.strip().removeprefix("<!--").removesuffix("-->").strip()
    text = text.removeprefix("//<![CDATA[").removesuffix("//]]>").strip().rstrip(";")
    try:
        return json.loads(text[:_MAX_SCRIPT_CHARS], strict=False)
    except (ValueError, RecursionError):
        return None


def _walk(value: object, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _walk(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, depth + 1)


def _types(one: Mapping[str, Any]) -> set[str]:
    """Return the object's types without the vocabulary's address."""
    given = one.get("@type")
    names = given if isinstance(given, list) else [given]
    return {name.rsplit("/", 1)[-1].rsplit(":", 1)[-1] for name in names if isinstance(name, str)}


def _item(one: Mapping[str, Any], document: Document, kind: SourceKind) -> Item | None:
    """Return one review, post or article; None for one without words or stars, as lists of references have them."""
    body = html_to_text(_first(one, "reviewBody", "articleBody", "text", "description"))
    title = one_line(html_to_text(_first(one, "headline", "name")), MAX_TITLE_CHARS)
    rating = _rating(record(_one(one.get("reviewRating"))))
    if not body and not title and rating is None:
        return None
    by = _one(one.get("author"))
    by_name = html_to_text(words(record(by).get("name")) or words(by))
    own_url = _first(one, "url", "@id")
    url = (canonical_url(own_url, document.url) if own_url else None) or canonical_url(document.url)
    raw_date = _first(one, "datePublished", "dateCreated", "uploadDate")
    at = parse_date(raw_date, now=document.now, zone=document.zone)
    edited = parse_date(words(one.get("dateModified")), now=document.now, zone=document.zone)
    mention = Mention(
        kind=kind,
        site=document.site or host_of(document.url) or "",
        id="",
        url=url,
        author=author(name=by_name, url=canonical_url(words(record(by).get("url")), document.url)),
        published_at=at,
        edited_at=edited if edited and at and edited > at else None,
        title=title,
        text=body,
        language=language_tag(words(one.get("inLanguage")), document.language),
        rating=rating,
        engagement=_engagement(one),
    )
    own_name = words(one.get("@id")) or words(one.get("identifier"))
    return Item(guid=own_name if own_name != document.url else "", raw_date=raw_date, mention=mention)


def _first(one: Mapping[str, Any], *names: str) -> str:
    """Return the first of the properties that is a text."""
    return next((found for name in names if (found := words(_one(one.get(name))))), "")


def _one(value: object) -> object:
    """Return the first of several values."""
    return value[0] if isinstance(value, list) and value else value


def _rating(given: Mapping[str, Any]) -> Rating | None:
    """Return the stars, of five where nothing else is said; None for what is no rating."""
    value, best = _number(given.get("ratingValue")), _number(given.get("bestRating"))
    scale = best or _SCALE
    if value is None or not 0 <= value <= scale:
        return None
    return Rating(value=value, scale=scale)


def _number(value: object) -> float | None:
    try:
        number = float(words(value).replace(",", "."))
    except ValueError:
        return None
    return number if 0 <= number < 1e6 else None


def _engagement(one: Mapping[str, Any]) -> dict[str, int]:
    """Return likes, shares and replies."""
    found: dict[str, object] = {"likes": one.get("upvoteCount"), "replies": one.get("commentCount")}
    given = one.get("interactionStatistic")
    for counter in given if isinstance(given, list) else [given]:
        action = words(_one(record(counter).get("interactionType"))) or words(
            record(record(counter).get("interactionType")).get("@type")
        )
        name = _ACTIONS.get(action.rsplit("/", 1)[-1])
        if name:
            found[name] = record(counter).get("userInteractionCount")
    return counts(**found)


def _microdata(tree: LexborHTMLParser) -> Iterator[Mapping[str, Any]]:
    """Yield the page's microdata reviews as JSON-LD would say them."""
    for node in tree.css("[itemtype]")[:_MAX_OBJECTS]:
        if (node.attributes.get("itemtype") or "").strip().rsplit("/", 1)[-1] in _SAID:
            yield _of_microdata(node)


def _of_microdata(node: LexborNode) -> dict[str, Any]:
    kind = (node.attributes.get("itemtype") or "").strip()
    found: dict[str, Any] = {"@type": kind, "reviewRating": {}, "author": {}}
    for prop in node.css("[itemprop]"):
        name, value = (prop.attributes.get("itemprop") or "").strip(), _value(prop)
        if name in {"ratingValue", "bestRating"}:
            found["reviewRating"].setdefault(name, value)
        elif name == "author" and value:
            found["author"].setdefault("name", value)
        elif name == "name" and _is_of_author(prop):
            found["author"]["name"] = value
        elif name not in {"reviewRating", "itemReviewed"}:
            found.setdefault(name, value)
    return found


def _is_of_author(node: LexborNode) -> bool:
    """Whether the property hangs below the author."""
    above = node.parent
    while above is not None and above.attributes.get("itemtype") is None:
        above = above.parent
    return above is not None and (above.attributes.get("itemprop") or "") == "author"


def _value(node: LexborNode) -> str:
    """Return a property's value: what is written for machines before what is shown."""
    for name in ("content", "datetime", "href", "src"):
        if (value := node.attributes.get(name)) and (name in {"content", "datetime"} or node.tag in {"a", "link"}):
            return value
    return "" if node.attributes.get("itemtype") else (node.html or "")
