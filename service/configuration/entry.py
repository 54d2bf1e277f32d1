"""What the entries of `earshot.toml` have in common."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
#: A path into the file and what is wrong there.
Complaint = tuple[Sequence[str | int], str]


class Entry(BaseModel):
    """One table of the file, closed to what it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
