"""What each role may do in the dashboard."""

import re
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from service.store import access, clock, user
from service.store.access import Role, Scope
from service.store.pool import Connection
from service.web.visit import PageRoute
from tests.service.web import seed
from tests.service.web.conftest import visitor
from tests.service.web.reading import Page

#: What a page needs; None: open to everybody, or to whoever is signed in. A new page without an entry fails.
NEEDED: dict[tuple[str, str], Scope | None] = {
    ("GET", "/static/chart/{name}"): None,
    ("GET", "/static/{version}/{name}"): None,
    ("GET", "/sign-in"): None,
    ("POST", "/sign-in"): None,
    ("POST", "/sign-out"): None,
    ("POST", "/language"): None,
    ("GET", "/incidents/{incident_id}/link"): None,
    ("POST", "/incidents/{incident_id}/link"): None,
    ("GET", "/contacts/verify"): None,
    ("POST", "/contacts/verify"): None,
    ("GET", "/account"): None,
    ("POST", "/account/password"): None,
    ("POST", "/account/sessions/{session_id}/end"): None,
    ("POST", "/account/sessions/end-others"): None,
    **dict.fromkeys([(method, "/sign-in/code") for method in ("GET", "POST")]),
    **dict.fromkeys([("GET", f"/sign-in/provider{path}") for path in ("", "/back")]),
    **dict.fromkeys([("POST", f"/account/second-factor{path}") for path in ("", "/confirm", "/off")]),
    **dict.fromkeys(
        [
            *(("GET", path) for path in ("/", "/chart", "/mentions", "/mentions/{mention_id}", "/incidents")),
            *(("GET", path) for path in ("/incidents/{incident_id}", "/stories", "/stories/{story_id}", "/causes")),
            *(("GET", path) for path in ("/stories/{story_id}/chart", "/compare", "/authors", "/quality", "/outbox")),
            *(("GET", path) for path in ("/outbox/{notification_id}", "/outbox/{notification_id}/html", "/sources")),
            *(("GET", path) for path in ("/sources/{source_id}", "/rules", "/rules/{rule_id}", "/settings/brands")),
            *(("GET", path) for path in ("/reports", "/reports/preview", "/reports/chart.png")),
            *(("GET", path) for path in ("/on-call", "/silences", "/contacts", "/quarantine")),
        ],
        Scope.READ,
    ),
    **dict.fromkeys(
        [
            *(("POST", f"/mentions/{{mention_id}}/{act}") for act in ("correct", "confirm", "undo")),
            *(("POST", f"/incidents/{{incident_id}}/{act}") for act in ("acknowledge", "resolve", "reopen", "assign")),
            *(
                ("POST", f"/incidents/{{incident_id}}/{act}")
                for act in ("snooze", "note", "merge", "keep", "give-back")
            ),
            ("POST", "/outbox/{notification_id}/retry"),
            *(("POST", path) for path in ("/silences", "/silences/{silence_id}/end")),
            *(("POST", f"/on-call/{path}") for path in ("{schedule_id}/overrides", "overrides/{override_id}/end")),
        ],
        Scope.RESPOND,
    ),
    **dict.fromkeys(
        [
            *(("GET", path) for path in ("/rules/new", "/add-source", "/add-source/{tryout_id}")),
            *(("POST", path) for path in ("/rules/new", "/rules/{rule_id}", "/add-source")),
            ("POST", "/add-source/{tryout_id}/keep"),
            ("POST", "/reports/contacts/{contact_id}"),
            *((method, path) for method in ("GET", "POST") for path in ("/contacts/new", "/contacts/{contact_id}")),
            *(("POST", f"/on-call/{path}") for path in ("calendars", "calendars/{feed_id}/revoke")),
            *(("POST", f"/sources/{{source_id}}/{act}") for act in ("poll", "pause", "resume")),
            *(("POST", f"/quarantine/{act}") for act in ("replay", "{item_id}/replay", "{item_id}/dismiss")),
            *((method, f"/settings/brands/{one}") for method in ("GET", "POST") for one in ("new", "{brand_id}")),
            *((method, f"/welcome/{what}") for method in ("GET", "POST") for what in ("brand", "contact")),
        ],
        Scope.WRITE,
    ),
    ("POST", "/demo/remove"): Scope.ADMIN,
    ("GET", "/settings/users"): Scope.ADMIN,
    ("POST", "/settings/users"): Scope.ADMIN,
    ("POST", "/settings/users/{user_id}"): Scope.ADMIN,
    ("GET", "/settings/audit"): Scope.ADMIN,
    ("GET", "/settings/erasures"): Scope.ADMIN,
    ("POST", "/settings/erasures"): Scope.ADMIN,
    ("GET", "/settings/keys"): Scope.ADMIN,
    ("POST", "/settings/keys"): Scope.ADMIN,
    ("POST", "/settings/keys/{key_id}/rotate"): Scope.ADMIN,
    ("POST", "/settings/keys/{key_id}/revoke"): Scope.ADMIN,
    ("GET", "/webhooks"): Scope.ADMIN,
    ("POST", "/webhooks"): Scope.ADMIN,
    ("POST", "/webhooks/{webhook_id}/{verb}"): Scope.ADMIN,
}


def _pages(app: FastAPI) -> set[tuple[str, str]]:
    routes = [
        route
        for included in app.router.routes
        for route in getattr(getattr(included, "original_router", None), "routes", [included])
    ]
    found = [route for route in routes if isinstance(route, APIRoute) and isinstance(route, PageRoute)]
    return {(method, route.path) for route in found for method in route.methods or ()}


def test_every_page_is_in_the_matrix(app: FastAPI) -> None:
    assert _pages(app) == set(NEEDED)


async def _person(conn: Connection, role: Role, name: str = "lek") -> str:
    """Return the cookie of somebody who is signed in."""
    now = await clock.now(conn)
    one = await user.add(conn, name=name, role=role, now=now)
    return await access.open_session(conn, one.id, now=now)


@pytest.mark.parametrize("role", list(Role))
async def test_a_person_may_do_what_their_role_says_and_no_more(app: FastAPI, conn: Connection, role: Role) -> None:
    async with visitor(app) as browser:
        browser.cookies.set("earshot_session", await _person(conn, role), domain="127.0.0.1")
        for (method, path), needed in NEEDED.items():
            if needed is None:
                continue
            answer = await browser.request(method, path.replace("{", "9").replace("}", ""))
            denied = "You may not do this" in answer.text

            assert denied != (needed in role.scopes), (method, path, answer.status_code)
            assert answer.status_code == 403 or not denied


def _needed(method: str, address: str) -> Scope | None:
    """Return what an address needs; None where it is no page of ours."""
    path = urlsplit(address).path
    # What is written out goes before what is filled in.
    for (known, pattern), needed in sorted(NEEDED.items(), key=lambda entry: "{" in entry[0][1]):
        if known == method and re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(pattern)), path):
            return needed
    return None


def _offers(page: Page) -> set[tuple[str, str]]:
    """Return where a page's links lead, and where its buttons send their forms."""
    offered, method, action = set(), "", ""
    for tag, attributes in page.elements:
        if tag == "a" and attributes.get("href"):
            offered.add(("GET", str(attributes["href"])))
        elif tag == "form":
            method, action = str(attributes.get("method")).upper(), str(attributes.get("action"))
        elif tag == "button" and "hidden" not in attributes and method:
            offered.add((method, action))
    return offered


@pytest.mark.usefixtures("angry_place")
@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER, Role.ANALYST])
async def test_nobody_is_offered_what_they_may_not_do(app: FastAPI, conn: Connection, role: Role) -> None:
    await seed.put_turns(conn)
    first = ["/", "/incidents/1", "/sources/1", "/rules/1", "/mentions/2?came=corrected", "/silences", "/account"]
    await conn.execute("update notification set state = 'failed'")
    async with visitor(app) as browser:
        browser.cookies.set("earshot_session", await _person(conn, role), domain="127.0.0.1")
        waiting, seen = first, set(first)
        while waiting:
            path = waiting.pop()
            answer = await browser.get(path)
            for method, address in _offers(Page(answer.text)):
                needed = _needed(method, address)
                assert needed is None or needed in role.scopes, (path, method, address)
                shape = re.sub(r"[0-9a-f-]{36}|\d+", "0", urlsplit(address).path)
                if method == "GET" and needed is not None and shape not in seen:
                    seen.add(shape)
                    waiting.append(address)

    assert len(seen) > len(first) + 10
