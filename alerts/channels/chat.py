"""Messages to people's chats by Apprise: Slack, Telegram, Discord, LINE, DingTalk, Feishu, WeCom and more.

Apprise comes with the extra `channels`. An address holds a token, so that it is a secret whole. Only services whose
hosts Apprise itself knows are allowed, and no parameters: some name files to read, or other hosts to ask.
"""

import re
from importlib.util import find_spec

from alerts.errors import ChannelError, Fault

#: Each sends to its vendor's hosts alone.
SCHEMES = frozenset(
    {
        "dingtalk",
        "discord",
        "feishu",
        "lark",
        "line",
        "pover",
        "slack",
        "tgram",
        "twilio",
        "wecombot",
        "whatsapp",
        "wxteams",
    }
)
_ADDRESS = re.compile(r"([a-z]{2,20})://[^\s?#\\\x00-\x1f]{3,1900}")
_STAGE = "chat"


class ChatError(ValueError):
    """The address cannot be used; the message says why, without the address."""


def is_installed() -> bool:
    """Whether Apprise is there."""
    return find_spec("apprise") is not None


def checked(address: str) -> str:
    """Return how an address may be shown: its scheme alone. Raises ChatError."""
    if not is_installed():
        raise ChatError("chats need Apprise; install it with: pip install 'earshot[channels]'")
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise ChatError("is no address such as slack://…, without spaces, «?» and «#»")
    scheme = found[1]
    if scheme not in SCHEMES:
        raise ChatError(f"{scheme}:// is not allowed; use one of {', '.join(sorted(SCHEMES))}")
    if not _is_understood(address):
        raise ChatError(f"is no whole {scheme}:// address; see what Apprise's documentation asks for")
    return f"{scheme}://…"


def send(address: str, *, title: str, text: str) -> None:
    """Hand a message over; takes seconds, so that it is called beside the event loop. Raises ChannelError."""
    if not is_installed():
        raise ChannelError("Apprise is not installed", fault=Fault.OURS, stage=_STAGE)
    from apprise import Apprise, AppriseAsset  # noqa: PLC0415  # an extra that need not be there

    chat = Apprise.instantiate(address, asset=AppriseAsset(secure_logging=True), suppress_exceptions=True)
    if chat is None:
        raise ChannelError("the address is not understood any more", fault=Fault.RECIPIENT, stage=_STAGE)
    if not chat.notify(title=title, body=text, body_format="text"):
        raise ChannelError("the chat did not take the message", fault=Fault.TEMPORARY, stage=_STAGE)


def _is_understood(address: str) -> bool:
    from apprise import Apprise, AppriseAsset  # noqa: PLC0415  # an extra that need not be there

    return Apprise.instantiate(address, asset=AppriseAsset(secure_logging=True), suppress_exceptions=True) is not None
