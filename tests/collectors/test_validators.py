"""What is kept of an answer's version can be sent back as it came."""

import pytest

from collectors.types import Validators
from collectors.validators import asked_with, validators_of

MODIFIED = "Thu, 05 Mar 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"etag": '"v1"', "last-modified": MODIFIED}, Validators(etag='"v1"', last_modified=MODIFIED)),
        ({"last-modified": MODIFIED}, Validators(last_modified=MODIFIED)),
        ({"etag": "\udce9\x01", "last-modified": "x" * 2_000}, Validators()),
        ({"etag": ""}, Validators()),
        ({}, Validators()),
    ],
)
def test_what_can_be_sent_back_is_kept(headers: dict[str, str], kept: Validators) -> None:
    assert validators_of(headers) == kept


def test_nothing_is_kept_of_a_body_that_was_cut_short() -> None:
    assert validators_of({"etag": '"v1"'}, complete=False) == Validators()


def test_only_what_is_known_is_asked_with() -> None:
    assert asked_with(Validators()) == {}
    assert asked_with(Validators(last_modified=MODIFIED)) == {"If-Modified-Since": MODIFIED}
