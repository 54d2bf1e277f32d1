"""What an answer says of its own version: sent back with the next poll, which then learns whether anything is new."""

import re
from collections.abc import Mapping

from collectors.types import Validators

#: What can be sent back as it came.
_PRINTABLE = re.compile(r"[\x20-\x7e]{1,1000}")


def asked_with(validators: Validators) -> dict[str, str]:
    """Return the headers that ask whether anything is new since the validators."""
    asked = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    return {name: value for name, value in asked.items() if value}


def validators_of(headers: Mapping[str, str], *, complete: bool = True) -> Validators:
    """Return what to ask with next time; nothing where the body did not come whole."""
    if not complete:
        return Validators()
    return Validators(etag=_printable(headers.get("etag")), last_modified=_printable(headers.get("last-modified")))


def _printable(value: str | None) -> str | None:
    return value if value and _PRINTABLE.fullmatch(value) else None
