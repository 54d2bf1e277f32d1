"""Any JSON that is sent to us, read by a mapping."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError, SettingError
from collectors.json_mapping import mapping_of
from collectors.registry import check
from collectors.shape import mention_to_json
from collectors.types import Collected, SourceKind
from collectors.webhook import parse
from tests import make
from tests.collectors.shaken import assert_never_raises

MAPPING = {
    "items": "$.data.reviews[*]",
    "id": "$.review_id",
    "title": "headline",
    "text": ["$.body", "$.answers[?@.public == true].text"],
    "author": "$.user.name",
    "author_id": "$.user.id",
    "url": "$.links.self",
    "published_at": "$.created",
    "rating": "$.stars",
    "rating_scale": "$.out_of",
    "likes": "$.votes.up",
    "deleted": "$.removed",
}
REVIEW = {
    "review_id": 7,
    "headline": "Cold",
    "body": "The soup was <b>cold</b>.",
    "answers": [{"public": True, "text": "Twice!"}, {"public": False, "text": "secret"}],
    "user": {"name": "hungry_cat", "id": 9},
    "links": {"self": "https://shop.example/r/7?utm_source=mail"},
    "created": "2026-03-05 12:00",
    "stars": "2",
    "out_of": 10,
    "votes": {"up": 3},
}


def read(document: object, mapping: dict[str, Any] | None = None, **settings: str) -> Collected:
    given = {"mapping": json.dumps(MAPPING if mapping is None else mapping), **settings}
    kept = {key: value for key, value in given.items() if value != "{}"}
    source = make.source(kind=SourceKind.WEBHOOK, settings=kept)
    return parse(json.dumps(document).encode(), source, now=make.NOW)


def body(*reviews: Any) -> dict[str, Any]:
    return {"data": {"reviews": list(reviews)}}


def test_every_field_is_found_by_its_path() -> None:
    (mention,) = read(body(REVIEW), zone="Asia/Taipei").mentions

    assert (mention.id, mention.site, mention.title, mention.text) == (
        "7",
        "shop.example",
        "Cold",
        "The soup was cold.\nTwice!",
    )
    assert (mention.author.id, mention.author.name, mention.url) == ("9", "hungry_cat", "https://shop.example/r/7")
    assert mention.published_at is not None
    assert mention.published_at.isoformat() == "2026-03-05T04:00:00+00:00"
    assert mention.rating is not None
    assert (mention.rating.value, mention.rating.scale, dict(mention.engagement)) == (2, 10, {"likes": 3})


def test_without_a_mapping_the_shape_that_fetch_prints_is_read() -> None:
    said = make.mention(kind=SourceKind.WEBHOOK, text="I <3 it", published_at=make.NOW, site="Shop")
    document = mention_to_json(said)
    for sent in (document, [document], {"items": [document]}):
        (mention,) = read(sent, {}).mentions

        assert mention_to_json(mention) == document


def test_a_poison_item_costs_no_sibling() -> None:
    collected = read(body(REVIEW, 7, {**REVIEW, "review_id": None, "links": {}}, {**REVIEW, "stars": "11"}, {}))

    assert [len(collected.mentions), len(collected.quarantined)] == [1, 4]


def test_the_last_of_an_item_sent_twice_is_kept() -> None:
    (mention,) = read(body(REVIEW, {**REVIEW, "body": "Warm."})).mentions

    assert mention.text.startswith("Warm.")


def test_a_removed_item_leaves_no_words() -> None:
    (mention,) = read(body({**REVIEW, "removed": True})).mentions

    assert (mention.deleted, mention.title, mention.text, mention.rating) == (True, "", "", None)


def test_an_empty_list_is_no_mistake_and_a_list_that_is_not_there_is_one() -> None:
    assert read(body()).seen == 0
    with pytest.raises(CollectError, match=r"items: .* finds nothing"):
        read({"data": {"comments": [REVIEW]}})


def test_more_items_than_are_read_are_told() -> None:
    collected = read(body(*({"review_id": n, "body": "x"} for n in range(2_500))))

    assert len(collected.mentions) == 2_000
    assert "only the first 2000" in collected.quarantined[0].reason


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("{", "mapping: is no JSON"),
        ("[]", "names at least text"),
        ('{"id": "$.id"}', "names at least text"),
        ('{"text": "$.a", "body": "$.b"}', "there is no field 'body'"),
        ('{"text": []}', "text: give a path"),
        ('{"text": 7}', "text: give a path"),
        ('{"text": "$.[["}', "text: .* is no JSONPath"),
        ('{"text": "$..a..b"}', "may take too long"),
        ('{"text": "$..a[?@.b]"}', "may take too long"),
        ('{"text": "$[?search(@.a, \'(a+)+$\')]"}', "is no JSONPath"),
    ],
)
def test_a_wrong_mapping_names_the_field_and_the_remedy(mapping: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        check("webhook", {"mapping": mapping})


def test_the_costliest_path_on_a_hostile_body_ends_soon() -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = {"a": deep, "b": [1] * 200}
    payload = json.dumps({"items": [deep] * 5})
    source = make.source(kind="webhook", settings={"mapping": '{"text": "$..[*]", "id": "$..a", "url": "$..b"}'})
    begun = time.process_time()
    collected = parse(payload.encode(), source, now=make.NOW)

    assert collected.seen == 1
    assert time.process_time() - begun < 5


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, make.source(kind="webhook", settings={}), now=make.NOW)
    except CollectError:
        return


@given(st.text(max_size=80))
def test_any_path_is_compiled_or_refused(path: str) -> None:
    try:
        mapping_of(json.dumps({"text": path})).all({"a": [1, {"b": "c"}]}, "text")
    except SettingError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    source = make.source(kind="webhook", settings={"mapping": json.dumps(MAPPING)})

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), source, now=make.NOW), body(REVIEW))
