"""Answers that are the same as before need not be sent again: ETag and If-None-Match, for every JSON answer."""

from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Scope, Send


def tagged(scope: Scope, send: Send) -> Send:
    """Return a `send` that tags a whole JSON answer to GET by its content, and says 304 to who has it already."""
    if scope["method"] != "GET":
        return send
    wanted = {one.strip().removeprefix("W/") for one in Headers(scope=scope).get("if-none-match", "").split(",")}
    held: Message | None = None

    async def send_tagged(message: Message) -> None:
        nonlocal held
        if message["type"] == "http.response.start":
            kind = Headers(scope=message).get("content-type", "")
            if message["status"] == 200 and kind.startswith("application/json"):
                held = message
                return
        elif held is not None:
            start, held = held, None
            if not message.get("more_body"):
                tag = f'"{sha256(message["body"]).hexdigest()[:32]}"'
                headers = MutableHeaders(scope=start)
                headers["ETag"] = f"W/{tag}"
                if tag in wanted:
                    del headers["content-length"], headers["content-type"]
                    start["status"], message = 304, {**message, "body": b""}
            await send(start)
        await send(message)

    return send_tagged
