"""Reads a page as a browser would, and says what in it could run or lead away."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

_VOID = {"meta", "link", "input", "br", "path", "circle", "rect", "img"}
_ADDRESSES = {"href", "src", "action", "formaction", "data", "poster", "xlink:href", "srcset", "ping"}
#: Nothing on our pages needs any of these.
_FORBIDDEN = {"object", "embed", "base", "applet", "frame", "frameset", "style", "template", "foreignobject", "use"}

#: What our own pages are made of; one word more on a page came out of a payload.
OURS = {
    *("html", "head", "meta", "title", "link", "script", "body", "header", "nav", "main", "section", "article"),
    *("footer", "div", "span", "p", "a", "ul", "ol", "li", "dl", "dt", "dd", "h1", "h2", "h3", "table", "thead"),
    *("tbody", "tr", "th", "td", "form", "input", "button", "label", "select", "option", "fieldset", "legend"),
    *("details", "summary", "time", "bdi", "mark", "meter", "iframe", "pre", "code", "svg", "path", "g", "circle"),
    *("rect", "br", "dialog", "kbd", "strong", "em", "textarea"),
}


@dataclass
class Page(HTMLParser):
    """What a page holds."""

    source: str
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    words: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep words."""
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def form(self, action: str) -> dict[str, str]:
        """Return the hidden fields of the form that goes to an address."""
        inside = False
        fields: dict[str, str] = {}
        for tag, attributes in self.elements:
            if tag == "form":
                inside = attributes.get("action") == action
            if inside and tag == "input" and attributes.get("type") == "hidden":
                fields[str(attributes["name"])] = str(attributes["value"])
        assert fields, f"no form goes to {action}"
        return fields

    def dangers(self) -> list[str]:
        """Return what could run code, restyle the page or lead somewhere a link must not lead."""
        found = []
        for tag, attributes in self.elements:
            if tag in _FORBIDDEN:
                found.append(f"<{tag}>")
            if tag == "script" and not str(attributes.get("src", "")).startswith("/static/"):
                found.append("a script that is not ours")
            for name, value in attributes.items():
                if name.startswith("on") or name in ("style", "srcdoc"):
                    found.append(f"{tag} {name}={value!r}")
                if name in _ADDRESSES and not _leads_well(tag, name, value or ""):
                    found.append(f"{tag} {name}={value!r}")
        return found


def _leads_well(tag: str, name: str, value: str) -> bool:
    if value.startswith(("/", "#")):
        return not value.startswith(("//", "/\\"))
    return tag == "a" and name == "href" and urlsplit(value).scheme in ("http", "https")
