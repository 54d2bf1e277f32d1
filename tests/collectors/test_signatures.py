"""Signatures of bodies that are sent to us."""

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.signatures import Unsigned, check
from collectors.types import SourceKind
from tests import make

SECRET = "sesame-of-ours"
BODY = b'{"id": 1}'


def hub(body: bytes = BODY, secret: str = SECRET, algorithm: str = "sha256") -> str:
    return f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"


def standard(body: bytes = BODY, *, key: bytes = SECRET.encode(), age: timedelta = timedelta(0)) -> dict[str, str]:
    at = str(int((make.NOW - age).timestamp()))
    digest = hmac.new(key, f"msg_1.{at}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1a,AAAA v1,{base64.b64encode(b'other').decode()} v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": "msg_1", "webhook-timestamp": at, "webhook-signature": signature}


def is_good(kind: str, headers: dict[str, str], *, body: bytes = BODY, secret: str = SECRET, **settings: str) -> bool:
    try:
        check(SourceKind(kind), settings, secret=secret, headers=headers, body=body, now=make.NOW)
    except Unsigned:
        return False
    return True


def test_one_of_several_standard_signatures_is_enough() -> None:
    assert is_good("webhook", standard())
    assert not is_good("webhook", standard(), body=BODY + b" ")
    assert not is_good("webhook", standard(key=b"another"))


def test_a_standard_secret_is_base64_behind_its_prefix() -> None:
    key = b"0123456789abcdef0123456789abcdef"
    secret = f"whsec_{base64.b64encode(key).decode()}"

    assert is_good("webhook", standard(key=key), secret=secret)


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_a_standard_signature_of_another_time_is_refused(age: timedelta) -> None:
    assert not is_good("webhook", standard(age=age))


def test_the_time_is_signed_too() -> None:
    headers = standard()
    headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + 1)

    assert not is_good("webhook", headers)


def test_a_webhook_may_be_signed_as_hubs_do() -> None:
    assert is_good("webhook", {"x-hub-signature-256": hub()}, signature="hub")
    assert not is_good("webhook", {"x-hub-signature-256": hub(b"other")}, signature="hub")
    assert not is_good("webhook", standard(), signature="hub")


def test_meta_signs_by_sha256_only_and_hubs_of_feeds_by_any_strength() -> None:
    weak = hub(algorithm="sha1")

    assert not is_good("facebook", {"x-hub-signature-256": weak})
    assert is_good("facebook", {"x-hub-signature-256": hub()})
    for algorithm in ("sha1", "sha256", "sha384", "sha512"):
        assert is_good("feed", {"x-hub-signature": hub(algorithm=algorithm)})


@given(st.binary(max_size=50), st.text(max_size=50))
def test_lines_own_signature_alone_is_one(body: bytes, other: str) -> None:
    digest = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()

    assert is_good("line", {"x-line-signature": digest}, body=body)
    assert not is_good("line", {"x-line-signature": digest}, body=body + b" ")
    assert is_good("line", {"x-line-signature": other}, body=body) == (other.strip() == digest)


@pytest.mark.parametrize("kind", ["webhook", "line", "facebook", "feed"])
@given(st.dictionaries(st.sampled_from(sorted([*standard(), "x-hub-signature", "x-hub-signature-256"])), st.text()))
def test_no_header_whatever_it_holds_raises_or_passes(kind: str, headers: dict[str, str]) -> None:
    assert not is_good(kind, headers)
