"""The JSON API under /api/v1: one router a noun, and the three health routes beside it."""

from fastapi import FastAPI

from service.api import (
    addresses,
    audit,
    brands,
    calendars,
    comparison,
    contacts,
    corrections,
    description,
    erasures,
    events,
    exports,
    health,
    hooks,
    incidents,
    keys,
    mentions,
    notifications,
    policies,
    push,
    rules,
    schedules,
    silences,
    sources,
    talk,
    terms,
    trends,
    users,
    webhooks,
)


def mount(app: FastAPI) -> None:
    """Add every route of the API to the app, and the document that describes them."""
    nouns = (
        mentions,
        push,
        trends,
        comparison,
        terms,
        talk,
        corrections,
        exports,
        incidents,
        rules,
        contacts,
        silences,
        schedules,
        policies,
        calendars,
        sources,
        addresses,
        brands,
        notifications,
        keys,
        users,
        audit,
        erasures,
        webhooks,
        events,
    )
    for noun in nouns:
        app.include_router(noun.router)
    app.include_router(health.router)
    app.include_router(hooks.router)
    app.include_router(calendars.reading)
    app.webhooks.include_router(webhooks.messages)
    description.mount(app, [route for noun in nouns for route in noun.router.routes])
