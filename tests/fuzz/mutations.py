"""Changes that break readers: parts doubled, dropped, cut and exchanged, and words that stand for trouble."""

import random

_WORDS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r\n\r\n", b"&#0;", b"&#xD800;", b"&amp;amp;", b"]]>",
    b"<!--", b"<![CDATA[", b"<!DOCTYPE a [", b"null", b"[[", b"{}", b"1e999", b"-1", b"99999999999999999999",
    b'"\\ud800"', b'""', b"\xe2\x80\xae", b"\xf0\x9f\x91\xa9\xe2\x80\x8d", b"0000-00-00T99:99:99", b"%00",
)  # fmt: skip


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """Return the bytes with a few changes."""
    payload = bytearray(seed)
    for _ in range(chance.randint(1, 6)):
        at, end = sorted((chance.randint(0, len(payload)), chance.randint(0, len(payload))))
        match chance.randrange(6):
            case 0:
                payload[at:end] = b""
            case 1:
                payload[at:at] = payload[at:end] * chance.choice((1, 1, 2, 50))
            case 2:
                payload[at:at] = chance.choice(_WORDS)
            case 3:
                payload[at:end] = chance.choice(_WORDS)
            case 4 if payload:
                payload[chance.randrange(len(payload))] = chance.randrange(256)
            case _:
                del payload[end:]
                payload += seed[at:]
        del payload[65_536:]
    return bytes(payload)
