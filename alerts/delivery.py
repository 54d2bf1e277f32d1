"""When a message that did not leave is tried again, and when nobody tries any more. Pure."""

from datetime import timedelta
from random import Random
from typing import assert_never

from alerts.errors import Fault

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
#: Two days of a server that says «later»; by then the words are old and somebody must be told another way.
MOST_ATTEMPTS = 200
#: Each try may leave a copy in the mailbox, so they are few; a Message-ID for all lets the mailbox drop them.
MOST_AMBIGUOUS_ATTEMPTS = 10
#: Claims that ended without any outcome: the message kills whoever sends it.
MOST_VANISHED = 5


def retry_after(attempts: int, fault: Fault, random: Random) -> timedelta | None:
    """Return the pause before the next try, None to give up: mark it failed and put that on the incident's timeline.

    `attempts` counts the tries so far, this one with them. Our own outage never gives a message up: an operator
    mends it, and the recheck at the claim drops what was acknowledged meanwhile.
    """
    match fault:
        case Fault.RECIPIENT:
            return None
        case Fault.OURS:
            return timedelta(seconds=random.uniform(60, 300))
        case Fault.TEMPORARY:
            return None if attempts >= MOST_ATTEMPTS else _backed_off(attempts, random)
        case Fault.AMBIGUOUS:
            return None if attempts >= MOST_AMBIGUOUS_ATTEMPTS else _backed_off(attempts, random)
        case _:
            assert_never(fault)


def is_poison(*, claims: int, outcomes: int) -> bool:
    """Whether a message was claimed so often without an outcome that it must be set aside before it kills again."""
    return claims - outcomes >= MOST_VANISHED


def _backed_off(attempts: int, random: Random) -> timedelta:
    """Return 5 s, 10 s, 20 s … up to 15 minutes, less up to a fifth, so that a crowd does not come back at once."""
    doublings = min(max(attempts, 1) - 1, 10)
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << doublings)) * random.uniform(0.8, 1.0)
