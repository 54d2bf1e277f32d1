"""The outbox."""

from datetime import timedelta
from uuid import uuid4

import httpx

from alerts.types import NotificationState
from service.store import clock, notification
from service.store.pool import Connection
from tests.service.api.conftest import Place, put_incident

LIST = "/api/v1/notifications"


async def test_the_outbox_is_listed_by_state_and_incident_page_by_page(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    first, second = await put_incident(conn, place), await put_incident(conn, place)
    page = (await client.get(LIST, params={"limit": 1})).json()
    rest = (await client.get(LIST, params={"limit": 1, "cursor": page["next"]})).json()
    of_first = (await client.get(LIST, params={"incident": first.incident_id})).json()["items"]

    ids = [page["items"][0]["id"], rest["items"][0]["id"]]
    assert ids == [str(second.notification_id), str(first.notification_id)]
    assert rest["next"] is None
    assert [(item["id"], item["email"], item["state"]) for item in of_first] == [
        (str(first.notification_id), "oncall@example.com", "pending")
    ]
    assert (await client.get(LIST, params={"state": "sent"})).json()["items"] == []


async def test_one_notification_has_its_attempts(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    trouble, now = await put_incident(conn, place), await clock.now(conn)
    claimed = await notification.claim(conn, now=now, lease=timedelta(minutes=1), token=uuid4())
    assert claimed is not None
    await notification.record_attempt(
        conn, claimed, started_at=now, ended_at=now, outcome="accepted", stage="data", code=250, detail="2.0.0 Ok"
    )
    await notification.settle(conn, claimed, NotificationState.SENT, now=now)
    whole = (await client.get(f"{LIST}/{trouble.notification_id}")).json()

    assert whole["state"] == "sent"
    assert [(one["outcome"], one["code"], one["detail"]) for one in whole["log"]] == [("accepted", 250, "2.0.0 Ok")]


async def test_there_is_no_such_notification(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{LIST}/{uuid4()}")).status_code == 404
    assert (await client.get(f"{LIST}/7")).status_code == 422
