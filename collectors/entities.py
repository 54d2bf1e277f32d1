"""Refuses documents that declare entities: a few hundred bytes can stand for gigabytes, or for a file of ours. Those
that HTML knows by name are used without being declared, and are given as their characters."""

import re
from html.entities import html5
from xml.parsers import expat

from collectors.errors import Refused

_FEED_START = re.compile(r"<(?:[\w.-]+:)?(?:rss|feed|rdf|channel|item|entry)\b", re.IGNORECASE)
_DECLARATION = re.compile(r"<!\s*ENTITY\b", re.IGNORECASE)

#: A reference by name; what stands in CDATA and comments is matched whole, since there it is no reference.
_NAMED = re.compile(
    r"&(?P<name>[a-z][a-z0-9]{1,31};)|(?P<bare>&(?!#x?[0-9a-f]{1,31};))|<!\[CDATA\[(?:.*?\]\]>|.*)|<!--(?:.*?-->|.*)",
    re.IGNORECASE | re.DOTALL,
)
#: What HTML calls by name, without what would be markup.
_CHARACTERS = {name: found for name, found in html5.items() if name.endswith(";") and not set(found) & set("<>&\"'")}


class _Declared(Exception):
    """An entity is declared here."""


class _RootReached(Exception):
    """Nothing can be declared any more."""


def refuse_entities(text: str) -> None:
    """Raise Refused if the XML declares an entity. A DOCTYPE alone is fine: RSS 0.91 has one."""
    if not _DECLARATION.search(text):
        return
    if _declared_before_root(text):
        raise Refused("entities: the document declares entities, which could unfold without bound")


def with_characters(text: str) -> str:
    """Return XML that declares no entities with HTML's named characters, such as &eacute;, as themselves: a parser
    drops what it does not know. &amp; &lt; &gt; &quot; and &apos; stay."""
    return _NAMED.sub(lambda match: _CHARACTERS.get(match["name"] or "", match[0]), text) if "&" in text else text


def with_ampersands(text: str) -> str:
    """Return XML with the ampersand of AT&T written as XML wants it: a lenient parser reads it as «AT&T;»."""
    return _NAMED.sub(lambda match: "&amp;" if match["bare"] else match[0], text) if "&" in text else text


def _declared_before_root(text: str) -> bool:
    parser = expat.ParserCreate("utf-8")
    parser.EntityDeclHandler = _found
    parser.UnparsedEntityDeclHandler = _found
    parser.ExternalEntityRefHandler = _found
    parser.StartElementHandler = _at_root
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except _Declared:
        return True
    except _RootReached:
        return False
    except expat.ExpatError:
        # Not well-formed before the root: what a lenient parser would make of it is judged by its letters.
        start = _FEED_START.search(text)
        return bool(_DECLARATION.search(text, 0, start.start() if start else len(text)))
    return False


def _found(*_: object) -> int:
    raise _Declared


def _at_root(*_: object) -> None:
    raise _RootReached
