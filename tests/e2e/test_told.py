"""Everything that tells us of its own accord, against the whole program: webhooks, LINE, a hub, a stream, the API."""

import base64
import hashlib
import hmac
import json
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.test_up import Up
from tests.hub import serving_hub
from tests.places import Feed, Post, free_port, serving_feed
from tests.service import programs
from tests.service.waiting import until
from tests.streaming import Streaming, streaming

pytestmark = pytest.mark.slow
SECRET = "sesame-of-ours"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that the database's user can walk into, as pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="earshot-told-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


def _toml(feed: Feed, stream: Streaming) -> str:
    return f"""
[[brand]]
name = "Lantern Tea"

[[source]]
brand = "Lantern Tea"
name = "Shop"
kind = "webhook"
[source.settings]
mapping = '{{"items": "$.reviews[*]", "id": "$.id", "text": "$.body"}}'

[[source]]
brand = "Lantern Tea"
name = "LINE"
kind = "line"
[source.settings]
channel_secret = "env:EARSHOT_SECRET_LINE"

[[source]]
brand = "Lantern Tea"
name = "Forum"
kind = "feed"
interval = "1h"
allow_private = true
[source.settings]
url = "{feed.url}"

[[source]]
brand = "Lantern Tea"
name = "Bluesky"
kind = "bluesky"
interval = "1h"
allow_private = true
[source.settings]
query = "lantern"
stream = "yes"
words = "lantern tea"
jetstream = "{stream.url}"
"""


def _line_body() -> bytes:
    event = {
        "type": "message",
        "timestamp": int(time.time() * 1000),
        "source": {"type": "user", "userId": "U206d"},
        "webhookEventId": "01FZ",
        "message": {"id": "7", "type": "text", "text": "by LINE"},
    }
    return json.dumps({"destination": "U1", "events": [event]}).encode()


def _post() -> dict[str, object]:
    record = {"createdAt": "2026-03-05T11:59:00Z", "text": "by stream: Lantern Tea"}
    commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "3m7", "record": record}
    return {"did": "did:plc:mei", "time_us": int(time.time() * 1e6), "kind": "commit", "commit": commit}


async def test_all_that_tells_of_its_own_accord_is_heard(data_dir: Path, tmp_path: Path) -> None:
    port = free_port()
    settings = {
        "EARSHOT_DATA_DIR": str(data_dir),
        "EARSHOT_PORT": str(port),
        "EARSHOT_BASE_URL": f"http://127.0.0.1:{port}",
        "EARSHOT_ANALYSER": "ngram",
        "EARSHOT_TICK": "0.2",
        "EARSHOT_SECRET_LINE": SECRET,
    }
    up = Up(settings, tmp_path / "up.log")
    try:
        await up.ready()
        key = re.search(r"earshot_[0-9a-f]+_[0-9a-f]+", up.said)
        assert key is not None
        headers = {"Authorization": f"Bearer {key[0]}"}
        async with (
            serving_feed(Post(text="by feed", guid="1")) as feed,
            serving_hub() as hub,
            streaming() as stream,
            httpx.AsyncClient(base_url=up.address, headers=headers) as api,
            httpx.AsyncClient() as place,
        ):
            feed.headers = {"Link": f'<{hub.url}>; rel="hub", <{feed.url}>; rel="self"'}
            (tmp_path / "earshot.toml").write_text(_toml(feed, stream), "utf-8")
            applied = programs.run("apply", str(tmp_path / "earshot.toml"), settings=settings)
            assert applied.returncode == 0, applied.stderr
            listed = programs.run("push", "list", settings=settings).stdout.decode()
            where = dict(re.findall(r"Lantern Tea: (\w+) \(\w+\): (\S+)", listed))

            body = json.dumps({"reviews": [{"id": 1, "body": "by webhook"}]}).encode()
            assert (await place.post(where["Shop"], content=body)).status_code == 200
            body = _line_body()
            digest = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
            signed = {"X-Line-Signature": digest}
            assert (await place.post(where["LINE"], content=body, headers=signed)).status_code == 200
            sent = {"brand": "Lantern Tea", "items": [{"id": "1", "text": "by API"}]}
            assert (await api.post("/api/v1/mentions", json=sent)).status_code == 202

            async def subscribed() -> bool:
                return bool(hub.subscribers) and stream.listeners == 1

            await until(subscribed, within=40, what="the subscription and the stream")
            stream.say(_post())
            pushed = Feed(posts=[Post(text="by hub", guid="2")]).document()
            assert await hub.publish(pushed) == [200]

            async def heard() -> set[str]:
                items = (await api.get("/api/v1/mentions", params={"limit": 50, "brand": "Lantern Tea"})).json()[
                    "items"
                ]
                return {item["text"] for item in items if item["analysis"]}

            wanted = {"by webhook", "by LINE", "by API", "by feed", "by hub", "by stream: Lantern Tea"}

            async def all_heard() -> bool:
                return await heard() == wanted

            await until(all_heard, within=30, what=f"all of {wanted}")
            sources = (await api.get("/api/v1/sources")).json()["items"]
            told = {one["name"] for one in sources if one["told"]}
            assert {"Shop", "LINE", "Forum", "Bluesky"} <= told
    finally:
        if up.process.poll() is None:
            up.stop()
