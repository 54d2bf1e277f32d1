"""`earshot analyse`"""

import os
import stat
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import click

from analysis.lines import analyse_lines
from analysis.registry import analyser
from service.settings import read_settings

#: A line longer than this is answered by an error; its rest is passed over.
_MAX_LINE_BYTES = 32 << 20


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines, an endless one cut off: half a JSON object is answered by an error."""
    while line := stream.readline(_MAX_LINE_BYTES):
        yield line
        while len(line) == _MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = stream.readline(_MAX_LINE_BYTES)


def _size(stream: IO[bytes]) -> int | None:
    """Return how many bytes a stream has; None where only its end will tell."""
    try:
        known = os.fstat(stream.fileno())
    except OSError:  # a stream that is no file
        return None
    return known.st_size if stat.S_ISREG(known.st_mode) else None


def _measured(lines: Iterable[bytes], sizes: deque[int]) -> Iterator[bytes]:
    """Yield the lines, and leave the size of each."""
    for line in lines:
        sizes.append(len(line))
        yield line


@click.command("analyse")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path), default="-")
@click.option("--because", is_flag=True, help="Say for every line which words the verdict was read from.")
@click.option("--embed", is_flag=True, help="Give every text's embedding: 128 numbers, alike for texts about the same.")
@click.option("--analyser", "name", metavar="NAME", help="Another analyser than the default one, such as ngram.")
@click.option("--threads", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default="all cores")
def command(file: Path, *, because: bool, embed: bool, name: str | None, threads: int) -> None:
    """Judge texts: JSON Lines {"id", "text", "rating"?} in, one verdict a line out, in the same order."""
    settings = read_settings()
    judge = analyser(name or settings.analyser, labels=settings.hub_labels, download=settings.hub_download)
    with click.open_file(str(file), "rb") as stream:
        out, sizes = sys.stdout.buffer, deque[int]()
        answers = analyse_lines(_measured(_lines(stream), sizes), judge, because=because, embed=embed, threads=threads)
        try:
            with click.progressbar(
                answers, length=_size(stream), file=sys.stderr, hidden=not sys.stderr.isatty()
            ) as bar:
                for line in answers:
                    out.write(line + b"\n")
                    bar.update(sizes.popleft())
            out.flush()
        except BrokenPipeError:
            # The reader has seen enough; nothing is left to flush at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
