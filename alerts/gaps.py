"""What a catalogue lacks: tests of each domain call this, so that a page never shows a word nobody translated."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po

from alerts.catalogue import ENGLISH, path_of

#: What Babel reads in each kind of file. The options must equal those of the environment that renders them.
_METHODS = {".py": "python", ".html": "jinja2.ext:babel_extract", ".txt": "jinja2.ext:babel_extract"}
_OPTIONS = {"newstyle_gettext": "true", "trimmed": "true", "silent": "false"}
_PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]")

#: The context, and the msgid with its plural where it has one.
Key = tuple[str | None, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gaps:
    """What stands between a catalogue and a page with every word in its language. Each is «context|msgid»."""

    missing: tuple[str, ...]
    fuzzy: tuple[str, ...]
    #: Translations that nothing asks for.
    unused: tuple[str, ...]
    #: The %(names)s of original and translation differ.
    broken: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.fuzzy or self.unused or self.broken)


def gaps(folder: Path, domain: str, language: str, roots: Iterable[Path]) -> Gaps:
    """Return what the language lacks of the msgids in the templates and Python files of these files and folders."""
    path = path_of(folder, domain, language)
    if path is None or language == ENGLISH:
        return Gaps(missing=(), fuzzy=(), unused=(), broken=())
    wanted = msgids(roots)
    known = {_key(message): message for message in _read(path) if message.id}
    translated = {key: known[key] for key in wanted if key in known and _is_whole(known[key])}
    return Gaps(
        missing=_named(key for key in wanted if key not in translated),
        fuzzy=_named(key for key, message in known.items() if message.fuzzy),
        unused=_named(key for key in known if key not in wanted),
        broken=_named(key for key, message in translated.items() if _differs(message)),
    )


def msgids(roots: Iterable[Path]) -> Mapping[Key, tuple[str, ...]]:
    """Return every msgid that is asked for, with the files that ask."""
    found: dict[Key, tuple[str, ...]] = {}
    for root in roots:
        files = [root] if root.is_file() else sorted(root.rglob("*"))
        for file in files:
            if file.suffix in _METHODS and file.is_file():
                for key in _asked(file):
                    found[key] = (*found.get(key, ()), str(file))
    return found


def _asked(file: Path) -> list[Key]:
    with file.open("rb") as opened:
        rows = list(extract(_METHODS[file.suffix], opened, DEFAULT_KEYWORDS, options=_OPTIONS))
    return [(context, _forms(ids)) for _line, ids, _comments, context in rows if ids and ids[0]]


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(cast("IO[str]", file), charset="utf-8", abort_invalid=True)


def _key(message: Message) -> Key:
    return (message.context, _forms(message.id))


def _forms(text: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the one form of a message, or its singular and plurals; a form left out is empty."""
    if text is None or isinstance(text, str):
        return (text or "",)
    return tuple(form or "" for form in text)


def _is_whole(message: Message) -> bool:
    return not message.fuzzy and all(_forms(message.string))


def _differs(message: Message) -> bool:
    """Whether a translation names something the original does not, or leaves out what every form of it names."""
    originals = [set(_PLACEHOLDER.findall(form)) for form in _forms(message.id)]
    needed, allowed = set.intersection(*originals), set.union(*originals)
    return any(not needed <= set(_PLACEHOLDER.findall(form)) <= allowed for form in _forms(message.string))


def _named(keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple(f"{context}|{forms[0]}" if context else forms[0] for context, forms in keys)
