"""Whatever is sent, as a person reads it. Pure."""

from typing import assert_never
from zoneinfo import ZoneInfo

from alerts import digest_letter, letter, notice, quiet, trial, verification
from alerts.rendering import Rendered
from alerts.types import Digest, Message, Notice, Post, Trial, Verification


def rendered(post: Post, *, zone: ZoneInfo) -> Rendered:
    """Return the subject, the plain text and the HTML. `zone` is used where the contact has none."""
    match post:
        case Message():
            return letter.rendered(post, zone=quiet.zone_of(post.contact, zone))
        case Verification():
            return verification.rendered(post)
        case Trial():
            return trial.rendered(post)
        case Notice():
            return notice.rendered(post)
        case Digest():
            return digest_letter.rendered(post, zone=quiet.zone_of(post.contact, zone))
        case _:
            assert_never(post)
