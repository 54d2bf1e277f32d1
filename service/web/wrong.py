"""What is wrong with a form."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrong:
    """What is wrong with a form, and where."""

    #: '' for the whole.
    field: str
    #: In the reader's language; '' where only the detail says it.
    message: str = ""
    #: More of it, in English; '' where the message says it all.
    detail: str = ""
