"""Refuses documents that declare entities: a few hundred bytes can stand for gigabytes, or for a file of ours."""

import re
from xml.parsers import expat

from collectors.errors import Refused

_FEED_START = re.compile(r"<(?:[\w.-]+:)?(?:rss|feed|rdf|channel|item|entry)\b", re.IGNORECASE)
_DECLARATION = re.compile(r"<!\s*ENTITY\b", re.IGNORECASE)


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
