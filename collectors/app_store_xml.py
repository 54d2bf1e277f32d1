"""The App Store's review feed as Atom, in the shape of its JSON: only the XML of some years has dates."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from collectors.charsets import decode
from collectors.entities import refuse_entities
from collectors.errors import CollectError, Refused

_MAX_BYTES = 1024 * 1024
_ATOM = "{http://www.w3.org/2005/Atom}"
_ITUNES = "{http://itunes.apple.com/rss}"


def entries_of_xml(payload: bytes) -> dict[str, Any]:
    """Return the feed with its entries as the JSON has them. Raises CollectError."""
    if len(payload) > _MAX_BYTES:
        raise Refused("the feed of reviews is longer than 1 MiB")
    text = decode(payload).text
    refuse_entities(text)
    try:
        # Entities are refused above, and expat bounds what the five of XML unfold to.
        parser = ET.XMLParser(encoding="utf-8")  # noqa: S314
        root = ET.fromstring(text.encode("utf-8", "replace"), parser)  # noqa: S314
    except (ET.ParseError, ValueError, LookupError) as error:
        raise CollectError(f"not well-formed: {str(error)[:200]}") from error
    if root.tag != f"{_ATOM}feed":
        raise CollectError("the answer is XML but no feed of reviews")
    return {"feed": {"entry": [dict(_fields(entry)) for entry in root.iter(f"{_ATOM}entry")]}}


def _fields(entry: ET.Element) -> Iterator[tuple[str, Any]]:
    """Yield the entry's fields under their JSON names."""
    contents = []
    for child in entry:
        name = child.tag.replace(_ATOM, "").replace(_ITUNES, "im:")
        if name == "author":
            yield name, {part.tag.replace(_ATOM, ""): {"label": (part.text or "").strip()} for part in child}
        elif name == "content":
            contents.append({"label": "".join(child.itertext()), "attributes": dict(child.attrib)})
        elif name == "link":
            yield name, {"attributes": dict(child.attrib)}
        else:
            yield name, {"label": (child.text or "").strip()}
    yield "content", contents
