"""A page of fifty mentions: our route beside a plain FastAPI endpoint with pydantic models on the same query, same run.

Requests go through the whole application in one process, without a socket, and the processor time of that process is
counted: that is what a worker has to give, whatever else the machine does. Ours looks up the key as well.
"""

import time
from collections.abc import AsyncIterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from alerts.types import BrandId
from service.api.mention_shapes import MentionItem
from service.api.parameters import Page
from service.app import create_app
from service.settings import Settings
from service.store import access, mention
from service.store.access import Scope
from service.store.mention import MentionFilter, StoredMention
from service.store.pool import Pool
from tests.benchmarks import store_load
from tests.benchmarks.budget import Line
from tests.benchmarks.places import migrated

_MENTIONS, _PAGE, _TURNS, _ROUNDS = 20_000, 50, 25, 15


def _cause(cause: Any) -> dict[str, object]:
    return {name: cause[name] for name in ("cause", "label", "p", "because")}


def _plain(stored: StoredMention) -> MentionItem:
    """Return the model as one would fill it by hand from a row."""
    verdict = stored.verdict
    return MentionItem.model_validate(
        {
            **{name: getattr(stored, name) for name in _SAME},
            "brand": {"id": stored.brand_id, "name": stored.brand},
            "source": {"id": stored.source_id, "name": stored.source},
            "author": {"id": stored.author_id, "name": stored.author_name, "url": stored.author_url},
            "language": verdict.language if verdict else None,
            "rating": None
            if stored.rating_value is None
            else {"value": stored.rating_value, "scale": stored.rating_scale},
            "story": stored.story_id,
            "incident": stored.incident_id,
            "analysis": None
            if verdict is None
            else {
                **{name: getattr(verdict, name) for name in _OF_VERDICT},
                "sentiment": {
                    "negative": verdict.negative,
                    "neutral": verdict.neutral,
                    "positive": verdict.positive,
                },
                "corrected": stored.corrected,
                "judged": {
                    "label": verdict.label,
                    "anger_level": verdict.anger_level,
                    "angry": verdict.angry,
                    "kind": None,
                    "causes": None,
                },
                "likeliest_kind": stored.verdict_kind,
                "causes": [_cause(one) for one in verdict.causes or ()],
            },
        }
    )


_SAME = MentionItem.model_fields.keys() & StoredMention.__dataclass_fields__.keys()
_OF_VERDICT = (
    "model", "at", "language", "label", "anger", "anger_level", "angry", "because", "kind", "churn", "recommend",
    "stage", "severity", "purpose",
)  # fmt: skip


def _plain_app(pool: Pool) -> FastAPI:
    """Return an application whose only route makes models of the same rows; it asks nobody for a key."""
    app = FastAPI()

    @app.get("/mentions")
    async def mentions(brand: int, limit: int = _PAGE) -> Page[MentionItem]:
        async with pool.acquire() as conn:
            found = await mention.newest(conn, MentionFilter(brand_id=BrandId(brand)), limit=limit + 1)
        return Page(items=[_plain(one) for one in found[:limit]], next=str(found[-1].id))

    return app


@dataclass(frozen=True, kw_only=True)
class _Asker:
    """Asks an application for a page as its server would, without a socket."""

    app: FastAPI
    path: str
    query: str
    headers: Sequence[tuple[bytes, bytes]] = ()

    async def ask(self) -> int:
        """Return the answer's status."""
        told: list[MutableMapping[str, Any]] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": self.query.encode(),
            "root_path": "",
            "headers": self.headers,
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8000),
        }

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            told.append(message)

        await self.app(scope, receive, send)
        return int(told[0]["status"])

    async def rate(self) -> float:
        """Return the requests a second of the processor, one after the other."""
        began = time.process_time()
        for _ in range(_TURNS):
            assert await self.ask() == 200
        return _TURNS / (time.process_time() - began)


async def measure() -> AsyncIterator[Line]:
    """Yield how much quicker our page is: each side's best round, for whatever else the machine does only slows."""
    async with migrated() as (url, pool):
        await store_load.load(pool, _MENTIONS, lambda _: None)
        async with pool.acquire() as conn:
            key = await access.add_key(conn, name="bench", scopes=[Scope.READ], now=store_load.NOW)
            brand_id = await conn.fetchval("select min(id) from brand")
        query, headers = f"brand={brand_id}&limit={_PAGE}", [(b"authorization", f"Bearer {key}".encode())]
        app = create_app(Settings(database_url=url))
        async with app.router.lifespan_context(app):
            ours = _Asker(app=app, path="/api/v1/mentions", query=query, headers=headers)
            plain = _Asker(app=_plain_app(pool), path="/mentions", query=query)
            rounds = [(await ours.rate(), await plain.rate()) for _ in range(_ROUNDS)]
    by_us, by_plain = (max(side) for side in zip(*rounds, strict=True))
    measured = f"{by_us / by_plain:.2f}x ({by_us:.0f}/s beside {by_plain:.0f}/s)"
    what = "a page of 50 mentions, beside FastAPI and pydantic"
    yield Line(what=what, budget="≥ 1.3x", measured=measured, holds=by_us / by_plain >= 1.3)
