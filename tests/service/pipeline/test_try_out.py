"""Who tries a source gets an answer, whatever went wrong, and it gives no secret away."""

from datetime import timedelta
from typing import Any

import pytest

from collectors.egress import GuardedEgress
from collectors.types import Answer, SourceKind
from service.pipeline.try_out import try_due
from service.store import clock, tryout
from service.store.pool import Connection, Pool
from service.store.tryout import Draft

SECRET = "open-sesame-77"


class Clumsy(GuardedEgress):
    """A way out that says all it knows when it stumbles."""

    async def get(self, url: str, **options: Any) -> Answer:
        raise RuntimeError(f"stumbled at {url} with {options}")


async def test_what_went_wrong_unexpectedly_is_said_without_secrets(
    conn: Connection, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_SECRET_FORUM", SECRET)
    draft = Draft(
        brand_id=None,
        source_id=None,
        kind=SourceKind.MASTODON,
        name="Fediverse",
        settings={"instance": "social.example", "query": "soup", "token": "env:EARSHOT_SECRET_FORUM"},
        interval=timedelta(minutes=15),
        allow_private=False,
        match=True,
    )
    wanted = await tryout.add(conn, draft, by="mei", now=await clock.now(conn))
    async with Clumsy() as egress:
        assert await try_due(pool, egress, allow_private=False)
    tried = await tryout.get(conn, wanted)

    assert tried is not None
    assert "RuntimeError: stumbled at https://social.example" in str(tried.error)
    assert SECRET not in str(tried.error)
