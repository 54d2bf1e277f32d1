"""The picture of how much was said, with the words around it, as e-mails show it. Pure."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alerts import picture
from alerts.rendering import picture_id
from alerts.types import Counts

_MOST_BYTES = 30_000
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """One picture and what stands around it."""

    png: bytes
    #: Where the picture is within the e-mail.
    source: str
    #: What is read aloud, or shown where pictures are not.
    says: str
    first: str
    last: str


def drawn(steps: Sequence[Counts], *, number: int = 0, says: str, first: str, last: str) -> Chart:
    """Return the picture of steps of time in order, the e-mail's picture of this number."""
    png = picture.png(steps)
    return Chart(png=png, source=f"cid:{picture_id(number)}", says=says, first=first, last=last)


def if_it_can_be(make: Callable[[], Chart]) -> Chart | None:
    """Return what is made; None where it cannot be, or would be heavy: an e-mail without its picture is better than
    none."""
    try:
        made = make()
    except Exception:
        log.exception("a picture cannot be drawn")
        return None
    return made if len(made.png) <= _MOST_BYTES else None
