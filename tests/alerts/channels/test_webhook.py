"""Signatures that a receiver of Standard Webhooks accepts, and the schedule."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from alerts.channels import webhook

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
#: The example of the specification's libraries.
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_specifications_example_is_signed_as_it_says() -> None:
    at = datetime.fromtimestamp(1614265330, tz=UTC)
    made = webhook.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', keys=[KEY], now=at)

    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert made["webhook-timestamp"] == "1614265330"


@given(body=st.binary(max_size=200), name=st.uuids())
def test_each_good_secret_signs(body: bytes, name: object) -> None:
    keys = [webhook.new_secret(), webhook.new_secret()]
    made = webhook.headers(str(name), body, keys=keys, now=NOW)
    signed = b".".join((str(name).encode(), made["webhook-timestamp"].encode(), body))
    wanted = [base64.b64encode(hmac.new(base64.b64decode(key[6:]), signed, sha256).digest()).decode() for key in keys]

    assert made["webhook-signature"].split(" ") == [f"v1,{one}" for one in wanted]


def test_ten_tries_within_four_days() -> None:
    pauses = [webhook.pause_after(tries, Random(1)) for tries in range(1, 11)]

    assert pauses[-1] is None
    assert None not in pauses[:-1]
    assert timedelta(seconds=5) <= (pauses[0] or timedelta()) <= timedelta(seconds=6)
    assert timedelta(days=3) < sum((pause or timedelta() for pause in pauses), timedelta()) < timedelta(days=4)


def test_secrets_are_long_and_never_the_same() -> None:
    made = {webhook.new_secret() for _ in range(50)}

    assert len(made) == 50
    assert all(len(base64.b64decode(one.removeprefix("whsec_"))) == 32 for one in made)
