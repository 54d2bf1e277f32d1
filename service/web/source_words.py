"""What kinds of source are called on the pages, and how far each was tried."""

from collectors.kinds import Tried
from service.web.reader import Reader

#: Names that are the same in every language.
_NAMES = {
    "app_store": "App Store",
    "app_store_connect": "App Store Connect",
    "google_play": "Google Play",
    "ptt": "PTT",
    "youtube": "YouTube",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "threads": "Threads",
    "google_business": "Google Business Profile",
    "bluesky": "Bluesky",
    "mastodon": "Mastodon",
    "line": "LINE",
    "pantip": "Pantip",
    "x": "X",
    "reddit": "Reddit",
    "discourse": "Discourse",
    "steam": "Steam",
    "hacker_news": "Hacker News",
    "stack_exchange": "Stack Exchange",
    "telegram": "Telegram",
    "weibo": "Weibo",
}


def kind(name: str, reader: Reader) -> str:
    """Return what a kind is called."""
    words = reader.words
    return {
        "feed": words.pgettext("source", "Feed (RSS, Atom, JSON)"),
        "webhook": words.pgettext("source", "Webhook: sent to us"),
        "imap": words.pgettext("source", "Mailbox (IMAP)"),
        "web_page": words.pgettext("source", "Web page"),
        "sitemap": words.pgettext("source", "Sitemap"),
        "import": words.pgettext("source", "Imported files"),
        **_NAMES,
    }.get(name, name)


def tried(how: Tried, reader: Reader) -> str:
    """Return how far a kind was tried."""
    _ = reader.words.gettext
    return {
        Tried.SERVERS: _("Tried against real servers"),
        Tried.RECORDINGS: _("Tried against recordings of the real place"),
        Tried.EXAMPLES: _("Written after the documentation; nobody tried it on the real place yet"),
    }[how]


def outcome(name: str, reader: Reader) -> str:
    """Return how a fetch ended."""
    words = reader.words
    return {
        "collected": words.pgettext("fetch", "Read"),
        "unchanged": words.pgettext("fetch", "Nothing new"),
        "partial": words.pgettext("fetch", "Read in part"),
        "failed": words.pgettext("fetch", "Failed"),
        "imported": words.pgettext("fetch", "Imported"),
    }.get(name, name)
