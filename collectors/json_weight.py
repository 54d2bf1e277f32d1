"""How heavy an answer in JSON is: `[[],[],…` of 20 MiB would fill gigabytes."""

from collections.abc import Iterable

from collectors.api import decode
from collectors.errors import Refused

#: The longest honest pages, a thousand hits each with what was found in it, have a third of it.
MAX_VALUES = 300_000


def weigh(payload: bytes) -> int:
    """Return how many values the JSON holds. Raises Refused for more than an answer may, CollectError for no JSON."""
    count, waiting = 0, [decode(payload)]
    while waiting:
        value = waiting.pop()
        count += 1
        inner: Iterable[object] = (
            value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        )
        waiting.extend(inner)
        if count + len(waiting) > MAX_VALUES:
            raise Refused(f"the answer holds more than {MAX_VALUES} values", permanent=False)
    return count
