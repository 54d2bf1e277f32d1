"""The process that parses what strangers send: `python -m collectors.parser_child`.

It reads one request after another from standard input and writes one reply each: a frame is the length of a JSON head,
the length of a body, the head, the body. Memory is limited for its life, processor time for each document; the parent
limits wall time. A document can at worst end this process.
"""

import os
import resource
import struct
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, BinaryIO

import orjson

from collectors.charsets import charset_of, decode
from collectors.errors import CollectError, Refused
from collectors.feed_items import Read, document_of, joined, with_identities
from collectors.feed_xml import read_entry, read_xml_feed
from collectors.json_feed import read_json_feed
from collectors.shape import mention_to_json

FRAME = struct.Struct("!II")


def main() -> None:
    """Serve requests until standard input ends."""
    requests, replies = _private_streams()
    memory_bytes, cpu_seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while frame := requests.read(FRAME.size):
        head_size, body_size = FRAME.unpack(frame)
        head, body = orjson.loads(requests.read(head_size)), requests.read(body_size)
        _allow_cpu(cpu_seconds)
        reply = answer(head, body)
        _write(replies, reply)
        if reply.get("spent"):
            return


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return the streams to the parent, out of the reach of anything a parser prints."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, replies


def _allow_cpu(seconds: int) -> None:
    """Let this process use so much more processor time from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _write(replies: BinaryIO, reply: Mapping[str, Any]) -> None:
    try:
        packed = orjson.dumps(reply)
    except TypeError as error:
        packed = orjson.dumps({"error": f"what was read cannot be passed on: {str(error)[:200]}"})
    replies.write(FRAME.pack(len(packed), 0) + packed)
    replies.flush()


def answer(head: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    """Return the reply to one request: what was read, or what was wrong."""
    try:
        return _READERS[head.get("reader", "feed")](head, payload)
    except CollectError as error:
        return {"error": str(error), "refused": isinstance(error, Refused), "permanent": error.permanent}
    except MemoryError:
        # What is left of the memory is too little to go on with.
        return {"error": "the document needs more memory than a parser may use", "spent": True}
    # Whatever a parser does with hostile bytes, the source gets an error of ours.
    except Exception as error:  # noqa: BLE001
        return {"error": f"the document could not be read: {type(error).__name__}: {str(error)[:200]}"}


def read_document(head: Mapping[str, Any], payload: bytes) -> Read:
    """Return what is in the bytes, by their look and not by their declared type. Raises CollectError."""
    document = document_of(head)
    decoded = decode(payload, charset_of(head["content_type"]))
    reader = read_json_feed if decoded.text.lstrip()[:1] in {"{", "["} else read_xml_feed
    read = reader(decoded.text, document)
    warnings = list(read.warnings)
    if decoded.declared_wrong:
        warnings.append(f"declared charset is wrong, read as {decoded.charset}")
    if decoded.undecodable:
        warnings.append(f"{decoded.undecodable:.2%} of the characters cannot be decoded as {decoded.charset}")
    return Read(
        mentions=with_identities(read.items),
        quarantined=read.quarantined,
        complete=read.complete,
        warnings=tuple(warnings),
        ttl_minutes=read.ttl_minutes,
        links=read.links,
    )


def _feed_item(head: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    """Return the item that was set aside: a feed of one item, or an entry as feedparser has it."""
    found, document = orjson.loads(payload), document_of(head)
    read = read_json_feed(payload.decode(), document) if "items" in found else read_entry(found, document)
    return _read_to_json(replace(read, mentions=with_identities(read.items)))


def _feed(head: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    return _read_to_json(read_document(head, payload))


def _web_page(head: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    from collectors.web_items import read_web_page  # noqa: PLC0415  # most children only ever read feeds

    found = read_web_page(head, payload)
    return {**_read_to_json(found.read), "next": found.next}


def _sitemap(head: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    from collectors.sitemap_xml import read_sitemap  # noqa: PLC0415

    return read_sitemap(head, payload)


def _mail(head: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    from collectors.mail import read_mail  # noqa: PLC0415

    return {"mentions": [mention_to_json(mention) for mention in read_mail(head, payload)]}


def _json_weight(_head: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    from collectors.json_weight import weigh  # noqa: PLC0415

    return {"values": weigh(payload)}


def _ptt_page(head: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    from collectors.ptt_page import read_page  # noqa: PLC0415

    return _read_to_json(read_page(head, payload))


_READERS = {
    "feed": _feed,
    "feed_item": _feed_item,
    "web_page": _web_page,
    "sitemap": _sitemap,
    "mail": _mail,
    "json_weight": _json_weight,
    "ptt_page": _ptt_page,
}


def _read_to_json(read: Read) -> dict[str, Any]:
    return {
        "mentions": [mention_to_json(mention) for mention in read.mentions],
        "quarantined": [[item.raw.decode("utf-8", "replace"), item.reason] for item in read.quarantined],
        "complete": read.complete,
        "warning": joined(read.warnings),
        "ttl_minutes": read.ttl_minutes,
        "links": dict(read.links),
    }


if __name__ == "__main__":
    main()
