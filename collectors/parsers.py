"""A small pool of processes that parse. A document that kills, hangs or fills one costs its own source, nobody else."""

import asyncio
import atexit
import contextlib
import os
import struct
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from queue import LifoQueue
from threading import Lock, Timer
from typing import IO, Any, cast

import orjson

from collectors.errors import CollectError, Refused
from collectors.shape import mention_from_json
from collectors.types import Mention, Quarantined

_FRAME = struct.Struct("!II")
_MAX_REPLY_BYTES = 256 * 1024 * 1024
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one document may use."""

    memory_bytes: int = 512 * 1024 * 1024
    cpu_seconds: int = 10
    wall: timedelta = timedelta(seconds=20)


class _ChildGone(CollectError):
    """A child ended before it replied."""

    def __init__(self, message: str, *, perhaps_not_its_fault: bool) -> None:
        super().__init__(message)
        self.perhaps_not_its_fault = perhaps_not_its_fault


@dataclass(kw_only=True, slots=True)
class _Child:
    """One parsing process."""

    process: subprocess.Popen[bytes]
    documents: int = 0
    #: We ended it ourselves, for time or because nobody waits any more.
    given_up: bool = False

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def give_up_on_it(self) -> None:
        self.given_up = True
        self.process.kill()

    def end(self) -> None:
        """Kill the process and forget it; a second time does nothing."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                # Closing may try to write what was still buffered for the dead process.
                with contextlib.suppress(OSError):
                    stream.close()


@dataclass(kw_only=True, slots=True)
class _Job:
    """One document on its way, so that whoever waits for it can give up."""

    _child: _Child | None = None
    _given_up: bool = False
    _lock: Lock = field(default_factory=Lock)

    def take(self, child: _Child) -> None:
        """Begin with this child. Raises CollectError if nobody waits any more."""
        with self._lock:
            if self._given_up:
                raise CollectError("the document was given up before it was parsed")
            self._child = child

    def leave(self) -> None:
        """Let go of the child: another document may have it next."""
        with self._lock:
            self._child = None

    def give_up(self) -> None:
        with self._lock:
            self._given_up = True
            if self._child is not None:
                self._child.give_up_on_it()


class ParserPool:
    """Runs at most `size` parsers, each for at most `documents_per_child` documents."""

    def __init__(self, *, size: int = 2, documents_per_child: int = 500, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._documents_per_child = documents_per_child
        # The last one used is taken first: it is warm, and the others may never be needed.
        self._places: LifoQueue[_Child | None] = LifoQueue()
        self._busy: list[_Child] = []
        for _ in range(size):
            self._places.put(None)
        self._threads = ThreadPoolExecutor(max_workers=size, thread_name_prefix="parser")
        atexit.register(self.close)

    async def parse_soon(self, head: Mapping[str, Any], payload: bytes) -> Mapping[str, Any]:
        """Return the child's reply without blocking the loop. Raises CollectError; when cancelled, ends the child."""
        job = _Job()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self.parse, head, payload, job)
        except asyncio.CancelledError:
            job.give_up()
            raise

    def parse(self, head: Mapping[str, Any], payload: bytes, job: _Job | None = None) -> Mapping[str, Any]:
        """Return the child's reply to one document. Blocking. Raises CollectError."""
        job = job or _Job()
        try:
            reply = self._reply(head, payload, job)
        except _ChildGone as gone:
            if not gone.perhaps_not_its_fault:
                raise
            reply = self._reply(head, payload, job)
        if "error" in reply:
            kind = Refused if reply.get("refused") else CollectError
            raise kind(reply["error"], permanent=bool(reply.get("permanent")))
        return reply

    def _reply(self, head: Mapping[str, Any], payload: bytes, job: _Job) -> Mapping[str, Any]:
        """Return a child's reply, taking the child from its place and putting it back if it may go on."""
        child = self._places.get()
        try:
            if child is None or not child.alive:
                if child is not None:
                    child.end()
                child = self._start()
            reply = self._asked(child, head, payload, job)
            child.documents += 1
            if reply.get("spent") or child.documents >= self._documents_per_child:
                child.end()
        except BaseException:
            if child is not None:
                child.end()
            raise
        finally:
            self._places.put(child if child is not None and child.alive else None)
        return reply

    def close(self) -> None:
        """End every child; documents under way get an error."""
        atexit.unregister(self.close)
        for child in list(self._busy):
            child.give_up_on_it()
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._places.empty():
            child_or_none = self._places.get_nowait()
            if child_or_none is not None:
                child_or_none.end()

    def pids(self) -> list[int]:
        """Return the processes that are parsing now."""
        return [child.process.pid for child in self._busy]

    def _start(self) -> _Child:
        limits = self._limits
        arguments = [str(limits.memory_bytes), str(limits.cpu_seconds)]
        process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", "collectors.parser_child", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Nothing of our environment is for a process that reads hostile bytes.
            env={"PYTHONPATH": str(_ROOT), "LC_ALL": "C.UTF-8", "PATH": os.defpath},
            cwd="/",
            # A Ctrl-C at the terminal is for us; the child ends when its input does.
            process_group=0,
        )
        return _Child(process=process)

    def _asked(self, child: _Child, head: Mapping[str, Any], payload: bytes, job: _Job) -> Mapping[str, Any]:
        """Send one document and return the reply. Raises CollectError if the child ends first."""
        timer = Timer(self._limits.wall.total_seconds(), child.give_up_on_it)
        timer.daemon = True
        self._busy.append(child)
        try:
            job.take(child)
            timer.start()
            return _exchange(child.process, orjson.dumps(head), payload)
        except (OSError, EOFError, orjson.JSONDecodeError) as error:
            child.end()
            raise _ChildGone(
                f"the parser ended on this document ({_ending(child)})",
                # One that had read others may have been killed between two documents, or had little memory left.
                perhaps_not_its_fault=child.documents > 0 and not child.given_up and child.process.returncode == -9,
            ) from error
        finally:
            timer.cancel()
            job.leave()
            self._busy.remove(child)


def mentions_in(reply: Mapping[str, Any]) -> tuple[Mention, ...]:
    """Return the mentions of a child's reply."""
    return tuple(mention_from_json(values) for values in reply["mentions"])


def unread_in(reply: Mapping[str, Any]) -> tuple[Quarantined, ...]:
    """Return what a child could not read, beside what it could."""
    return tuple(Quarantined(raw=raw.encode(), reason=reason) for raw, reason in reply["quarantined"])


@cache
def shared_parsers() -> ParserPool:
    """Return the pool of this process."""
    return ParserPool()


def close_parsers() -> None:
    """End the shared pool's children; a later poll starts new ones."""
    if shared_parsers.cache_info().currsize:
        shared_parsers().close()
        shared_parsers.cache_clear()


def _exchange(process: subprocess.Popen[bytes], head: bytes, payload: bytes) -> Mapping[str, Any]:
    """Write a request and read its reply. Raises OSError or EOFError."""
    requests, replies = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    requests.write(_FRAME.pack(len(head), len(payload)) + head)
    requests.write(payload)
    requests.flush()
    size, _ = _FRAME.unpack(_exactly(replies, _FRAME.size))
    if size > _MAX_REPLY_BYTES:
        raise EOFError("a reply longer than any document can give")
    reply: Mapping[str, Any] = orjson.loads(_exactly(replies, size))
    return reply


def _exactly(stream: IO[bytes], size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise EOFError
    return found


def _ending(child: _Child) -> str:
    """Return how the process ended, for people."""
    code = child.process.returncode
    reasons = {-9: "killed: out of time or memory", -24: "out of processor time", -11: "crashed"}
    return reasons.get(code, f"exit {code}")
