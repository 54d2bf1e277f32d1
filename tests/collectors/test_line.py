"""LINE: the body of a webhook."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError
from collectors.line import is_signed, parse
from collectors.types import Collected
from tests import make
from tests.collectors.shaken import assert_never_raises

SOURCE = make.source(kind="line", settings={"channel_secret": "sesame"})


def event(number: int = 1, kind: str = "message", **changed: Any) -> dict[str, Any]:
    given = {
        "type": kind,
        "mode": "active",
        "timestamp": int(make.NOW.timestamp() * 1000),
        "source": {"type": "user", "userId": "U206d"},
        "webhookEventId": f"01FZ{number}",
        "deliveryContext": {"isRedelivery": False},
        "message": {"id": str(number), "type": "text", "text": "ชาเย็นหมดแล้ว", "quotedMessageId": "7"},
    }
    return {**given, **changed}


def read(*events: Any) -> Collected:
    body = json.dumps({"destination": "U123", "events": list(events)}).encode()
    return parse(body, SOURCE, now=make.NOW)


def test_a_text_becomes_a_mention() -> None:
    (mention,) = read(event()).mentions

    assert (mention.id, mention.site, mention.text, mention.parent) == ("1", "LINE", "ชาเย็นหมดแล้ว", "7")
    assert (mention.author.id, mention.published_at) == ("U206d", make.NOW)


def test_an_edit_is_the_same_mention_and_an_unsent_message_leaves_no_words() -> None:
    edited = event(1, "messageEdited", message={"id": "1", "type": "text", "text": "better"})
    unsent = event(2, "unsend", unsend={"messageId": "2"})

    first, second = read(event(1), event(2), edited, unsent).mentions

    assert (first.id, first.text, first.edited_at) == ("1", "better", make.NOW)
    assert (second.id, second.text, second.deleted) == ("2", "", True)


@pytest.mark.parametrize("kind", ["follow", "postback", "undefined", "somethingNew"])
def test_other_events_say_nothing(kind: str) -> None:
    assert read(event(1, kind), event(2, message={"id": "2", "type": "sticker"})).seen == 0


def test_an_unreadable_event_costs_no_sibling() -> None:
    collected = read(event(1), 7, event(2, message=None), event(3, "unsend"), event(4))

    assert [len(collected.mentions), len(collected.quarantined)] == [2, 3]


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    document = {"events": [event(1), event(2, "unsend", unsend={"messageId": "2"})]}

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


@given(st.binary(), st.text(), st.text())
def test_only_the_channels_own_signature_is_one(body: bytes, secret: str, other: str) -> None:
    digest = hmac.new(secret.encode("utf-8", "replace"), body, hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()

    assert is_signed(body, signature, secret=secret)
    assert not is_signed(body + b" ", signature, secret=secret)
    assert not is_signed(body, other, secret=secret)


@pytest.mark.corpus
def test_the_recorded_webhook_is_read(corpus: Path) -> None:
    payload = (corpus / "payloads/line/pypi__line-bot-sdk/webhook.json").read_bytes()

    collected = parse(payload, SOURCE, now=make.NOW)

    # Every text of the examples has the same number; it is edited in the end.
    assert [(mention.id, mention.text) for mention in collected.mentions] == [("325708", "Hello, edited world")]
    assert not collected.quarantined
