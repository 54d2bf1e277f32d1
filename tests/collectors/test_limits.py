"""Every dialect in which places ask for a pause."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.limits import asked_for, refused_for
from collectors.polite import LONGEST_PAUSE
from tests.collectors.played import ODD

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
META = {"error": {"message": "(#4) Application request limit reached", "code": 4, "fbtrace_id": "x"}}


def google(reason: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"code": 403, "message": "x", "errors": [{"domain": "usageLimits", "reason": reason}], **fields}}


@pytest.mark.parametrize(
    ("status", "headers", "document", "seconds"),
    [
        (429, {}, None, 60),
        (429, {"retry-after": "120"}, None, 120),
        (429, {"retry-after": "Thu, 05 Mar 2026 12:10:00 GMT"}, None, 600),
        # Mastodon: an instant. Reddit: seconds to go, as a fraction. X, GitHub, Bluesky: Unix time.
        (
            429,
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-03-05T12:05:00.000Z"},
            {"error": "Throttled"},
            300,
        ),
        (429, {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "417"}, None, 417),
        (429, {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(EPOCH + 900)}, {"title": "Too Many"}, 900),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(EPOCH + 1800)}, {"message": "API rate"}, 1800),
        (403, {"retry-after": "90"}, {"message": "You have exceeded a secondary rate limit"}, 90),
        (429, {"ratelimit-remaining": "0", "ratelimit-reset": str(EPOCH + 200)}, {"error": "RateLimitExceeded"}, 200),
        (429, {"ratelimit": '"default";r=0;t=77'}, None, 77),
        # Discord and Telegram, Discourse
        (429, {"x-ratelimit-reset-after": "64.5"}, {"retry_after": 64.5, "global": False}, 64.5),
        (429, {}, {"ok": False, "error_code": 429, "parameters": {"retry_after": 300}}, 300),
        (429, {}, {"errors": ["slow"], "error_type": "rate_limit", "extras": {"wait_seconds": 75}}, 75),
        # Stack Exchange
        (400, {}, {"error_id": 502, "error_name": "throttle_violation", "error_message": "more in 3600 seconds"}, 3600),
        # Meta: by code, longer where the usage says so
        (400, {}, META, 3600),
        (400, {"x-app-usage": '{"call_count":100,"total_time":25,"total_cputime":25}'}, META, 3600),
        (
            400,
            {"x-business-use-case-usage": '{"17": [{"type": "pages", "estimated_time_to_regain_access": 90}]}'},
            {"error": {"code": 80001, "message": "x"}},
            5400,
        ),
        # YouTube: the day ends at midnight on the Pacific coast
        (403, {}, google("quotaExceeded"), 20 * 3600),
        (403, {}, google("userRateLimitExceeded"), 60),
        (429, {}, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "x"}}, 60),
        (
            429,
            {},
            {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "150.5s"}]}},
            150.5,
        ),
        # App Store Connect
        (429, {"x-rate-limit": "user-hour-lim:3600;user-hour-rem:0;"}, {"errors": [{"status": "429"}]}, 3600),
        (503, {"retry-after": "120"}, None, 120),
        (429, {"retry-after": "999999999999"}, None, 86400),
    ],
)
def test_a_refusal_is_read_in_every_dialect(
    status: int, headers: dict[str, str], document: Any, seconds: float
) -> None:
    assert refused_for(status, headers, document, now=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (401, {"error": {"code": 190, "message": "Error validating access token"}}),
        (403, google("commentsDisabled")),
        (403, {"message": "Must have push access"}),
        (400, {"error_id": 400, "error_message": "bad parameter"}),
        (500, None),
        (503, None),
        (404, {"errors": []}),
    ],
)
def test_other_errors_are_no_limits(status: int, document: Any) -> None:
    assert refused_for(status, {}, document, now=NOW) is None


@pytest.mark.parametrize(
    ("headers", "document", "seconds"),
    [
        ({}, {"items": [], "backoff": 10, "quota_remaining": 99}, 10),
        ({}, {"items": [], "backoff": 0.2}, 0.2),
        ({}, {"items": [], "quota_remaining": 0}, 12 * 3600),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-03-05T12:03:00Z"}, [], 180),
        ({"x-app-usage": '{"call_count":97,"total_time":1,"total_cputime":1}'}, {}, 3600),
        ({"x-rate-limit": "user-hour-lim:3600;user-hour-rem:0;"}, {}, 3600),
    ],
)
def test_a_success_can_ask_for_a_pause(headers: dict[str, str], document: Any, seconds: float) -> None:
    assert asked_for(headers, document, now=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-remaining": "599.0", "x-ratelimit-reset": "417"},
        {"x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":25}'},
        {"x-rate-limit": "user-hour-lim:3600;user-hour-rem:3599;"},
        {"ratelimit": '"default";r=50;t=30'},
    ],
)
def test_a_success_with_room_left_asks_for_none(headers: dict[str, str]) -> None:
    assert asked_for(headers, {"items": []}, now=NOW) is None


@given(
    st.sampled_from([400, 403, 429, 503]),
    st.dictionaries(
        st.sampled_from(
            ["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "x-app-usage", "ratelimit", "x-rate-limit"]
        ),
        st.text(max_size=40) | st.sampled_from([json.dumps(odd) for odd in ODD] + ["-1", "1e999", "nan", "9" * 5000]),
    ),
    st.recursive(
        st.sampled_from(ODD) | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "errors", "code", "reason", "details", "retryDelay", "retry_after", "backoff",
                             "parameters", "error_id", "quota_remaining", "error_message"]),
            inner,
            max_size=4,
        ),
        max_leaves=8,
    ),
)  # fmt: skip
def test_whatever_is_said_the_pause_is_none_or_within_a_day(
    status: int, headers: dict[str, str], document: object
) -> None:
    for pause in (refused_for(status, headers, document, now=NOW), asked_for(headers, document, now=NOW)):
        assert pause is None or timedelta(0) <= pause <= LONGEST_PAUSE
