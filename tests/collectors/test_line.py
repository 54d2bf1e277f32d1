"""LINE: the body of a webhook."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError
from collectors.line import parse
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
    return parse(body, SOURCE, now=make.NOW).collected


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

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW).collected, document)


def test_events_that_are_known_are_passed_over_and_counted() -> None:
    body = json.dumps({"events": [event(1), event(2), event(3, "follow"), event(4, "somethingNew")]}).encode()
    received = parse(body, SOURCE, now=make.NOW, known={"01FZ1"})

    assert [mention.id for mention in received.collected.mentions] == ["2"]
    assert (received.ignored, received.events) == (3, ("01FZ1", "01FZ2", "01FZ3", "01FZ4"))


@pytest.mark.corpus
def test_the_recorded_webhook_is_read(corpus: Path) -> None:
    payload = (corpus / "payloads/line/pypi__line-bot-sdk/webhook.json").read_bytes()

    received = parse(payload, SOURCE, now=make.NOW)
    collected = received.collected

    # Every text of the examples has the same number; it is edited in the end.
    assert [(mention.id, mention.text) for mention in collected.mentions] == [("325708", "Hello, edited world")]
    assert not collected.quarantined
    assert received.ignored == 22
