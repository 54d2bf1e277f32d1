"""Lets Authlib's client ask only by the guarded way out."""

import httpx2

from collectors.types import Egress

#: What may be sent on; the rest is the way out's own business.
_SENT = ("accept", "authorization", "content-type")
#: A provider says in the body why it refuses.
_REFUSALS = (400, 401, 403)


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Passes requests to a provider of identities to the guarded way out."""

    def __init__(self, egress: Egress, *, allow_private: bool) -> None:
        self._egress, self._allow_private = egress, allow_private

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer. Raises CollectError."""
        headers = {name: request.headers[name] for name in _SENT if name in request.headers}
        url, private = str(request.url), self._allow_private
        if request.method == "GET":
            answer = await self._egress.get(url, headers=headers, allow_private=private, answers=_REFUSALS)
        else:
            body = await request.aread()
            answer = await self._egress.post(url, body=body, headers=headers, allow_private=private, answers=_REFUSALS)
        kind = {"content-type": answer.headers.get("content-type", "")}
        return httpx2.Response(answer.status, headers=kind, content=answer.body)
