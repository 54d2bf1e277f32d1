"""Asks Meta's APIs, which share errors, cursors and usage headers: Facebook, Instagram, Threads.

Documentation: https://developers.facebook.com/docs/graph-api/. Errors 4, 17, 32 and 613 are rate limits and 190 is an
expired token, all with status 400 or 403; X-App-Usage and X-Business-Use-Case-Usage give percentages.
"""

from collections.abc import Mapping
from datetime import datetime

from collectors.api import Query, Reply, address, ask
from collectors.pages import optional_identity, record
from collectors.types import Egress, Source

GRAPH = "https://graph.facebook.com/v26.0"
THREADS = "https://graph.threads.net/v1.0"


async def ask_meta(
    egress: Egress, source: Source, platform: str, path: str, query: Mapping[str, str | int | None], *, now: datetime
) -> Reply:
    """Return the API's answer to the source's token. Raises as `ask`."""
    wanted: Query = {**query, "access_token": source.settings.get("token", "").strip()}
    return await ask(egress, source, address(source, platform, path, wanted), now=now, credential="token")


def following(document: object) -> str | None:
    """Return the cursor of the page after this one. The address that stands there too holds the token of whoever
    asked, and is never followed."""
    paging = record(record(document).get("paging"))
    return optional_identity(record(paging.get("cursors")).get("after")) if paging.get("next") else None
