"""PTT's pages as they stand: an article with its pushes, and the articles of a list.

The site writes its HTML by machine and escapes what people write, so that tags can be told from text by their signs.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from collectors.errors import CollectError, Refused

_MAX_CHARS = 4 * 1024 * 1024
_TOKEN = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>|([^<]+|<)")
_CLASS = re.compile(r"""\bclass\s*=\s*["']([^"']*)["']""")
_MAIN = re.compile(r"""<div\b[^<>]*\bid\s*=\s*["']main-content["'][^<>]*>""")
_MASKED_MAIL = re.compile(r"""\bdata-cfemail\s*=\s*["']([0-9a-fA-F]{4,200})["']""")
#: What counts; a hostile page could name a hundred thousand others.
_CLASSES = frozenset(
    {"article-meta-tag", "article-meta-value", "push", "push-tag", "push-userid", "push-content", "push-ipdatetime",
     "f2", "f6"}
)  # fmt: skip
_MASKED, _BEGINS = "masked", "begins"
_VOID = frozenset({"br", "img", "hr", "input", "meta", "link"})
#: Depth of the tags that are kept track of: an article has four.
_MAX_DEPTH = 200
_ARTICLE = re.compile(r"/bbs/([A-Za-z0-9_-]{1,32})/(M\.(\d{9,10})\.A\.[0-9A-Fa-f]{1,4})\.html")
_LISTED = re.compile(r"""class=["']r-ent["']""")
#: What follows it in a board's list is pinned to the bottom, however old.
_PINNED = re.compile(r"""class=["']r-list-sep["']""")


@dataclass(kw_only=True, slots=True)
class Push:
    """One line below an article, as shown."""

    tag: str = ""
    user: str = ""
    text: str = ""
    #: No year; an address may stand before it.
    at: str = ""


@dataclass(kw_only=True, slots=True)
class Article:
    """One article, as shown."""

    #: By the words at the head: 作者, 看板, 標題, 時間.
    head: dict[str, str] = field(default_factory=dict)
    #: What the author wrote, quotations left out.
    text: str = ""
    #: The lines the system added: where it was sent from, when it was edited.
    system: str = ""
    pushes: list[Push] = field(default_factory=list)


def read_article(page: str) -> Article:
    """Return the article on a page. Raises CollectError where there is none."""
    if len(page) > _MAX_CHARS:
        raise Refused("the page is longer than 4 MiB")
    main = _MAIN.search(page)
    if not main:
        raise CollectError("the page holds no article")
    article = Article()
    body: list[str] = []
    system: list[str] = []
    meta = ""
    for classes, text in _texts(page, main.end()):
        if _MASKED in classes:
            continue
        if "article-meta-tag" in classes:
            meta = text.strip()
        elif "article-meta-value" in classes:
            article.head[meta] = article.head.get(meta, "") + text
        elif "push" in classes:
            _put(article.pushes, classes, text)
        elif "f2" in classes:
            system.append(text)
        # A line quoted from the article answered is not this author's.
        elif "f6" not in classes:
            body.append(text)
    article.text, article.system = _without_signature("".join(body)), "".join(system)
    return article


def article_of(address: str) -> tuple[str, str, int] | None:
    """Return board, id and Unix time of the article that an address leads to, or None."""
    match = _ARTICLE.search(address)
    return (match[1], match[2], int(match[3])) if match else None


def articles_in(page: str, board: str) -> list[tuple[str, int]]:
    """Return id and Unix time of the articles that a list or an Atom document links to, in its order."""
    lists = _LISTED.search(page) is not None
    pinned = _PINNED.search(page)
    shown = page[: pinned.start()] if pinned and lists else page
    found = {match[2]: int(match[3]) for match in _ARTICLE.finditer(shown) if match[1].lower() == board.lower()}
    return list(found.items())


def _texts(page: str, start: int) -> Iterator[tuple[frozenset[str], str]]:
    """Yield the texts inside the article with all classes around each that count."""
    none: frozenset[str] = frozenset()
    # Each open tag with the classes of itself and all around it.
    around: list[tuple[str, frozenset[str]]] = []
    for match in _TOKEN.finditer(page, start):
        closing, name, attributes, text = match[1], (match[2] or "").lower(), match[3] or "", match[4]
        classes = around[-1][1] if around else none
        if text is not None:
            yield classes, html.unescape(text)
        elif closing:
            if name == "div" and not any(tag == "div" for tag, _ in around):
                return
            _close(around, name)
        elif name not in _VOID and len(around) < _MAX_DEPTH:
            mail = _MASKED_MAIL.search(attributes)
            if mail:
                yield classes, _unmasked(mail[1])
            named = _CLASS.search(attributes)
            own = _CLASSES.intersection(named[1].split()) if named else none
            around.append((name, classes | own | ({_MASKED} if mail else none)))
            if "push" in own:
                yield classes | {"push", _BEGINS}, ""


def _close(around: list[tuple[str, frozenset[str]]], name: str) -> None:
    """Close the innermost tag of the name with all inside it; one that is not open closes nothing."""
    for number in range(len(around) - 1, -1, -1):
        if around[number][0] == name:
            del around[number:]
            return


def _unmasked(code: str) -> str:
    """Return what Cloudflare took for an e-mail address: hexadecimal, each byte crossed with the first."""
    number = bytes.fromhex(code[: len(code) // 2 * 2])
    return bytes(byte ^ number[0] for byte in number[1:]).decode("utf-8", "replace")


def _put(pushes: list[Push], classes: frozenset[str], text: str) -> None:
    """Add a text to the last push, or begin one."""
    if _BEGINS in classes:
        pushes.append(Push())
    push = pushes[-1]
    if "push-tag" in classes:
        push.tag += text.strip()
    elif "push-userid" in classes:
        push.user += text.strip()
    elif "push-content" in classes:
        push.text += text
    elif "push-ipdatetime" in classes:
        push.at += text.strip()


def _without_signature(text: str) -> str:
    """Return the text without the line -- that ends it and the signature between two of them (six lines at most)."""
    lines = text.rstrip().split("\n")
    ends = [number for number, line in enumerate(lines) if line.strip() == "--"]
    if not ends:
        return text
    start = ends[-1]
    if len(ends) > 1 and start - ends[-2] <= 8:
        start = ends[-2]
    # What the author adds to a published article stands below the line.
    return "\n".join(lines[:start] + lines[ends[-1] + 1 :])
