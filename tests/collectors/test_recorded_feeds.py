"""Every recorded feed, served over HTTP: no exception, and no entry fewer than feedparser reads."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collectors.egress import GuardedEgress
from collectors.errors import CollectError, Refused
from collectors.feed import collect
from tests import make
from tests.collectors.hostile import answers, hostile_server

pytestmark = pytest.mark.corpus

_DECLARED_HEADER = re.compile(rb"Header:\s+(Content-type|Content-Language):\s+([^\r\n]*[^\s\r\n])", re.IGNORECASE)
_FEED_SUFFIXES = (".xml", ".json", ".rss", ".rdf", ".atom", ".cdf", ".feed", "")

# Runs feedparser itself on every document, in a process of its own: one JSON line of counts, null where it raises.
_REFERENCE = """
import io, json, sys, warnings
import feedparser
warnings.simplefilter("ignore")
counts = []
while size := sys.stdin.buffer.read(8):
    payload = sys.stdin.buffer.read(int.from_bytes(size, "big"))
    try:
        found = feedparser.parse(io.BytesIO(payload))
        counts.append([len(found.entries), found.version or ""])
    except Exception:
        counts.append(None)
print(json.dumps(counts))
"""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One file, with the headers its own suite declares for it."""

    name: str
    payload: bytes

    @property
    def headers(self) -> dict[str, str]:
        found = _DECLARED_HEADER.findall(self.payload[:4096])
        return {name.decode().lower(): value.decode("latin-1") for name, value in found}

    @property
    def entities(self) -> bool:
        plain = self.payload.replace(b"\x00", b"")
        return re.search(rb"<!ENTITY", plain) is not None

    @property
    def json_items(self) -> int | None:
        try:
            return len(json.loads(self.payload)["items"])
        except (ValueError, KeyError, TypeError):
            return None


def _recordings(where: Path) -> Iterator[Recording]:
    """Every file of a folder or of an archive that could be a feed. Raises OSError or TarError if damaged."""
    if where.is_dir():
        for path in sorted(where.rglob("*")):
            if path.is_file() and path.suffix.lower() in _FEED_SUFFIXES:
                yield Recording(name=str(path.relative_to(where)), payload=path.read_bytes())
        return
    with tarfile.open(where) as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is not None and Path(member.name).suffix.lower() in _FEED_SUFFIXES:
                yield Recording(name=member.name, payload=stream.read())


def _places() -> list[Any]:
    corpus, suite = os.environ.get("EARSHOT_CORPUS"), os.environ.get("EARSHOT_FEED_SUITE")
    archives = sorted(Path(corpus, "payloads").glob("feeds-*.tar.gz")) if corpus else []
    places = [*archives, *([Path(suite)] if suite else [])]
    return [pytest.param(place, id=place.name) for place in places] or [
        pytest.param(None, marks=pytest.mark.skip("neither EARSHOT_CORPUS nor EARSHOT_FEED_SUITE names recordings"))
    ]


@pytest.mark.parametrize("place", _places())
async def test_every_recording_is_read_as_far_as_feedparser_reads_it(place: Path) -> None:
    try:
        recordings = list(_recordings(place))
    except (OSError, EOFError, tarfile.TarError) as error:
        if str(place) == os.environ.get("EARSHOT_FEED_SUITE"):
            raise
        # Recordings are given to us: where one came damaged, nothing here can mend it.
        pytest.skip(
            f"the recording {place.name} is itself damaged ({str(error).splitlines()[0]}); let EARSHOT_FEED_SUITE name "
            "feedparser's own tests, as a folder or an archive, in its place"
        )
    assert recordings, f"{place} holds no feed"
    reference = await asyncio.to_thread(_reference_counts, recordings)

    faults = await _faults(recordings, reference)

    assert not faults, f"{len(faults)} of {len(recordings)}:\n" + "\n".join(faults[:40])


def _reference_counts(recordings: list[Recording]) -> list[Any]:
    frames = b"".join(len(one.payload).to_bytes(8, "big") + one.payload for one in recordings)
    done = subprocess.run([sys.executable, "-c", _REFERENCE], input=frames, stdout=subprocess.PIPE, check=True)
    counts: list[Any] = json.loads(done.stdout)
    return counts


async def _faults(recordings: list[Recording], reference: list[Any]) -> list[str]:
    """What is wrong, a line each; twenty documents are under way at a time."""
    turns = asyncio.Semaphore(20)
    async with hostile_server() as server, GuardedEgress(allow_private=True) as egress:
        for number, one in enumerate(recordings):
            server.on(f"/{number}", answers(one.payload, headers=one.headers))

        async def judged(number: int) -> str | None:
            async with turns:
                fault = await _fault(recordings[number], server.url(f"/{number}"), reference[number], egress)
                return fault and f"{recordings[number].name}: {fault}"

        found = await asyncio.gather(*(judged(number) for number in range(len(recordings))))
    return [fault for fault in found if fault]


async def _fault(recording: Recording, url: str, reference: Any, egress: GuardedEgress) -> str | None:
    try:
        collected = await collect(make.source(settings={"url": url}, allow_private=True), egress=egress, now=make.NOW)
    except Refused as refused:
        return None if recording.entities and "entities" in str(refused) else f"refused: {refused}"
    except CollectError as error:
        # feedparser answers a web page or an empty file with no entries of no version; a person wants to be told.
        nothing = reference is None or reference == [0, ""]
        return None if nothing and recording.json_items is None else f"{type(error).__name__}: {error}"
    if recording.entities:
        return "declares entities and was not refused"
    wanted = recording.json_items if recording.json_items is not None else (reference or [0])[0]
    ids = {mention.id for mention in collected.mentions}
    if len(ids) != len(collected.mentions):
        return "two mentions share an id"
    return None if collected.seen >= wanted else f"{collected.seen} items, feedparser reads {wanted}"
