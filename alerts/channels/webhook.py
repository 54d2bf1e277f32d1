"""Messages to other programs, signed and retried as Standard Webhooks asks. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from random import Random

PREFIX = "whsec_"
_SECRET_BYTES = 32
#: Pauses before the second try and on; then it is given up.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
#: An address that takes nothing for so long is no longer told.
PATIENCE = timedelta(days=5)
#: Both secrets sign for so long after a rotation.
ROTATION = timedelta(hours=24)


class WebhookEvent(StrEnum):
    """What another program can be told of."""

    OPENED = "incident.opened"
    ACKNOWLEDGED = "incident.acknowledged"
    ESCALATED = "incident.escalated"
    RESOLVED = "incident.resolved"
    ANGRY = "mention.angry"
    #: Sent when somebody asks for it.
    TEST = "test"


def new_secret() -> str:
    """Return a secret that nobody has."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def headers(message_id: str, body: bytes, *, keys: Sequence[str], now: datetime) -> dict[str, str]:
    """Return what a receiver checks the message by: one signature for each secret that is good."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_signature(key, signed)}" for key in keys),
    }


def is_spent(attempts: int) -> bool:
    """Whether a try, counted when it began, is one more than there are: those before ended with their worker."""
    return attempts > len(PAUSES) + 1


def pause_after(attempts: int, random: Random) -> timedelta | None:
    """Return how long to wait after so many tries; None: no more."""
    if attempts > len(PAUSES):
        return None
    return PAUSES[attempts - 1] * random.uniform(1.0, 1.2)


def _signature(key: str, signed: bytes) -> str:
    secret = base64.b64decode(key.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(secret, signed, sha256).digest()).decode()
