"""XML of office documents as a stream of events, none of which can grow without bound."""

from collections.abc import Callable, Iterator, Mapping
from typing import IO
from xml.parsers import expat

from collectors.errors import Refused, SettingError

Attributes = Mapping[str, str]

_BLOCK = 262_144
_MAX_DEPTH = 64
#: What the parser may hold back of one tag; a cell's attributes take a hundred bytes.
_MAX_TAG_BYTES = 1024 * 1024


def events(
    stream: IO[bytes],
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> Iterator[int]:
    """Call back for each tag and text of the stream, names without their namespace; yield after each block how many
    bytes were read. Raises Refused for what no office program writes, SettingError for XML that is broken."""
    parser = expat.ParserCreate(namespace_separator=" ")
    depth = 0

    def on_start(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise Refused(f"tags are nested more than {_MAX_DEPTH} deep")
        plain = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        start(name.rpartition(" ")[2], plain)

    def on_end(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name.rpartition(" ")[2])

    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_document_type
    read = 0
    try:
        while block := stream.read(_BLOCK):
            read += len(block)
            parser.Parse(block, False)
            if read - parser.CurrentByteIndex > _MAX_TAG_BYTES:
                raise Refused(f"a tag is longer than {_MAX_TAG_BYTES} bytes")
            yield read
        parser.Parse(b"", True)
        yield read
    except expat.ExpatError as error:
        raise SettingError("file", f"its XML is broken: {error}") from error


def _refuse_document_type(*_: object) -> None:
    raise Refused("it declares a document type, which no office program writes and bombs need")
