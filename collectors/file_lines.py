"""The physical lines of a file as text, none longer than can be kept."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from collectors import charsets
from collectors.feed_items import MAX_RAW_BYTES

#: A line longer than this is not read.
MAX_LINE_CHARS = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One physical line."""

    #: Counts from 1.
    number: int
    #: With its end; only the beginning of a line that is too long.
    text: str
    #: Why the text must not be believed.
    fault: str | None = None


class Lines:
    """The lines in order; closes the file on leaving."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._file = path.open("rb")
        # In a file put together from several, some lines may be in another encoding: their bytes are kept for a guess.
        errors = "surrogateescape" if encoding in {"utf-8", "utf-8-sig"} else "replace"
        self._text = io.TextIOWrapper(self._file, encoding=encoding, errors=errors, newline="")
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        text = self._text.readline(MAX_LINE_CHARS)
        if not text:
            raise StopIteration
        self._number += 1
        if len(text) < MAX_LINE_CHARS or text.endswith(("\n", "\r")):
            return Line(number=self._number, text=_readable(text))
        while (rest := self._text.readline(MAX_LINE_CHARS)) and not rest.endswith(("\n", "\r")):
            pass
        fault = f"the line is longer than {MAX_LINE_CHARS} characters"
        return Line(number=self._number, text=_readable(text[:MAX_RAW_BYTES]), fault=fault)

    def bytes_taken(self) -> int:
        """Return how much of the file was read; a block ahead of the lines."""
        return self._file.tell()


def _readable(text: str) -> str:
    """Return a line in its own encoding, and without the byte order mark of a file that was appended here."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = charsets.decode(text.encode("utf-8", "surrogateescape")).text
    return text.lstrip("\ufeff")


def raw(lines: Sequence[Line]) -> bytes:
    """Return the lines as they stand in the file, in UTF-8, at most 64 kB."""
    kept, chars = [], 0
    for line in lines:
        if chars >= MAX_RAW_BYTES:
            break
        kept.append(line.text[:MAX_RAW_BYTES])
        chars += len(line.text)
    return "".join(kept).encode("utf-8", "replace")[:MAX_RAW_BYTES]
