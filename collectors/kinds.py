"""Every kind of source: the module that collects it, what it needs to be told, and how far it was tried.

One entry a kind; `registry.py` answers questions about them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from collectors.types import Setting, SourceKind


class Tried(StrEnum):
    """What a kind's collector has proved itself against. None was tried against the live platform by us."""

    SERVERS = "tried against real servers"
    RECORDINGS = "tried against recordings"
    EXAMPLES = "documented example only"


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """How far a kind was tried, and what it takes to use it."""

    tried: Tried
    #: What the owner must have from the platform, such as "an API key of Google Cloud"; empty where nothing.
    needs: str = ""
    #: Its terms let what people wrote be handed to others.
    passed_on: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """How an item that was set aside is read again by itself."""

    #: module:object of what reads an answer: (payload, source, now) -> Collected.
    parse: str
    #: The answer in which an item stands; %s is the item.
    around: str = "%s"
    #: The field that holds the item, where more was set aside along with it.
    of: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """How one kind is set up and collected."""

    #: module:object of the collector; None where nothing is polled.
    collector: str | None
    settings: tuple[Setting, ...]
    state: State = field(default=State(tried=Tried.RECORDINGS))
    #: Each poll sees the newest items only, whatever came in between: two that share none may have missed some.
    window: bool = False
    #: module:object of what reads the bodies that the place sends to us; None where it sends none.
    receiver: str | None = None
    #: The setting that holds what those bodies are signed with.
    signed_by: str | None = None
    #: module:object of what holds a line open to the place, which tells of news over it; None where it cannot.
    listener: str | None = None
    #: module:object of what follows the kind's stream of words, where a source sets `stream`; None where it has none.
    follower: str | None = None
    #: None where an item says nothing without what stood around it: it is read again when its place gives it again.
    again: Again | None = None


#: For Meta's webhooks: one address and one secret an app.
_META_PUSH = (
    Setting(
        key="app_secret",
        description="Secret of the app, with which Meta signs what it sends to the source's address; without it the "
        "source is polled only",
        secret=True,
        example="env:EARSHOT_SECRET_META",
    ),
    Setting(
        key="verify_token",
        description="Any word, given to Meta along with the address: Meta sends it when it asks for the address",
        secret=True,
        example="sesame",
    ),
)

#: One of the three ways is needed: see `google_sign_in.py`.
GOOGLE_SIGN_IN = (
    Setting(
        key="service_account",
        description="Key file of a service account, as JSON: the way that lasts",
        secret=True,
        example='{"type": "service_account", …}',
    ),
    Setting(
        key="refresh_token",
        description="Refresh token of OAuth, with client_id and client_secret",
        secret=True,
        example="1//0e…",
    ),
    Setting(key="client_id", description="Id of the OAuth client", example="123-abc.apps.googleusercontent.com"),
    Setting(key="client_secret", description="Secret of the OAuth client", secret=True, example="GOCSPX-…"),
    Setting(
        key="access_token",
        description="Access token, good for an hour: only to try",
        secret=True,
        example="ya29.…",
    ),
)

_ZONE = Setting(
    key="zone", description="Time zone of times that do not say theirs; UTC where not given", example="Asia/Taipei"
)

_SELECTORS = (
    Setting(
        key="item",
        description="CSS selector of each review or post, where the page marks none for machines (schema.org)",
        example=".review",
    ),
    Setting(key="id", description="Within an item, what names it", example="@data-id"),
    Setting(key="title", description="Within an item, its title", example=".review-title"),
    Setting(key="text", description="Within an item, its words; all of it where not given", example=".review-body"),
    Setting(key="author", description="Within an item, who said it", example=".review-author"),
    Setting(key="date", description="Within an item, when it was said", example="time@datetime"),
    Setting(key="rating", description="Within an item, its stars", example=".stars@data-value"),
    Setting(key="link", description="Within an item, its own address", example="a.permalink"),
)
_OF_A_SITE = (
    Setting(key="rating_scale", description="Highest rating; 5 where not given", example="10"),
    Setting(key="site", description="Name shown for the place; without it its host", example="Lantern Guide"),
    _ZONE,
)

KINDS: Mapping[SourceKind, Kind] = {
    SourceKind.FEED: Kind(
        collector="collectors.feed:FeedCollector",
        again=Again(parse="collectors.feed:parse_item"),
        window=True,
        receiver="collectors.feed:FeedReceiver",
        settings=(
            Setting(
                key="url",
                description="Address of the RSS, Atom, RDF or JSON feed",
                required=True,
                example="https://forum.example/latest.rss",
            ),
            Setting(
                key="site",
                description="Name shown for where it was said; without it the host of each item's link",
                example="Lantern Forum",
            ),
            _ZONE,
        ),
    ),
    SourceKind.IMAP: Kind(
        collector="collectors.imap:ImapCollector",
        again=Again(parse="collectors.imap:parse"),
        listener="collectors.imap:ImapCollector",
        settings=(
            Setting(key="host", description="The mail server", required=True, example="imap.example.com"),
            Setting(key="port", description="Its port; 993, or 143 without tls", example="993"),
            Setting(key="user", description="Name to sign in with", required=True, example="complaints@example.com"),
            Setting(
                key="password",
                description="Password, or app password where the provider has these",
                secret=True,
                example="env:EARSHOT_SECRET_MAILBOX",
            ),
            Setting(
                key="token",
                description="Access token of OAuth (XOAUTH2) in place of a password, renewed by whoever writes it",
                secret=True,
                example="env:EARSHOT_SECRET_MAILBOX_TOKEN",
            ),
            Setting(
                key="refresh_token",
                description="Refresh token of OAuth in place of both, with client_id and client_secret: access tokens "
                "are then had from token_url",
                secret=True,
                example="env:EARSHOT_SECRET_MAILBOX_REFRESH",
            ),
            Setting(
                key="client_id", description="Id of the OAuth client", example="123-abc.apps.googleusercontent.com"
            ),
            Setting(key="client_secret", description="Secret of the OAuth client", secret=True, example="GOCSPX-…"),
            Setting(
                key="token_url",
                description="Where access tokens are had; Google's where not given",
                example="https://login.microsoftonline.com/common/oauth2/v2.0/token",
            ),
            Setting(key="folder", description="Folder to read; INBOX where not given", example="Reviews/客訴"),
            Setting(
                key="security",
                description="How the way is protected; none only where private addresses are allowed",
                example="tls",
                choices=("tls", "starttls", "none"),
            ),
            Setting(key="days", description="How far back the first poll reads; 30 where not given", example="90"),
            Setting(key="site", description="Name shown for where it was said; E-mail where not given", example="Desk"),
            Setting(
                key="own_accounts",
                description="Addresses of the brand itself, parted by commas: what they write is the owner's",
                example="care@lantern.example",
            ),
        ),
        state=State(tried=Tried.SERVERS),
    ),
    SourceKind.BLUESKY: Kind(
        collector="collectors.bluesky:BlueskyCollector",
        again=Again(parse="collectors.jetstream:parse_item"),
        follower="collectors.jetstream:JetstreamFollower",
        settings=(
            Setting(key="query", description="Words to search for", required=True, example='"Lantern Tea"'),
            Setting(key="language", description="Only posts in this language", example="th"),
            Setting(
                key="identifier",
                description="Handle to sign in with; search without sign-in is at times refused",
                example="lantern.bsky.social",
            ),
            Setting(
                key="password", description="App password of that handle", secret=True, example="abcd-efgh-ijkl-mnop"
            ),
            Setting(
                key="own_accounts",
                description="Handles of the brand itself, parted by commas: what they say is the owner's",
                example="lantern.bsky.social",
            ),
            Setting(
                key="stream",
                description="Hear new posts at once, beside the polls; without it only the polls",
                example="yes",
                choices=("yes", "no"),
            ),
            Setting(
                key="words",
                description="Of the stream only posts with one of these words, parted by commas",
                example="Lantern Tea, 燈籠茶, ชาโคมไฟ",
            ),
            Setting(
                key="jetstream",
                description="The server that streams; without it Bluesky's own",
                example="https://jetstream1.us-west.bsky.network",
            ),
        ),
    ),
    SourceKind.MASTODON: Kind(
        collector="collectors.mastodon:MastodonCollector",
        again=Again(parse="collectors.mastodon:parse", around="[%s]"),
        follower="collectors.mastodon_stream:MastodonFollower",
        settings=(
            Setting(key="instance", description="Server to ask", required=True, example="mastodon.social"),
            Setting(key="hashtag", description="Statuses with this hashtag", example="LanternTea"),
            Setting(key="query", description="Statuses that a search finds; needs a token", example='"Lantern Tea"'),
            Setting(key="account", description="Statuses of this account", example="lantern@mastodon.social"),
            Setting(
                key="token",
                description="Access token of an account on the server, with the scope read",
                secret=True,
                example="ZA-Yj3aBD8U8Cm7lKUp-lm9O9BmDgdhHzDeqsY8tlL0",
            ),
            Setting(
                key="own_accounts",
                description="Accounts of the brand itself, parted by commas: what they say is the owner's",
                example="lantern@mastodon.social",
            ),
            Setting(
                key="stream",
                description="Hear new posts at once, beside the polls; without it only the polls",
                example="yes",
                choices=("yes", "no"),
            ),
            Setting(
                key="words",
                description="Of the stream only posts with one of these words, parted by commas",
                example="Lantern Tea, 燈籠茶, ชาโคมไฟ",
            ),
        ),
    ),
    SourceKind.DISCOURSE: Kind(
        collector="collectors.discourse:DiscourseCollector",
        again=Again(parse="collectors.discourse:parse", around='{"latest_posts": [%s]}'),
        settings=(
            Setting(key="url", description="Address of the forum", required=True, example="https://forum.example"),
            Setting(key="site", description="Name shown for the forum; without it its host", example="Lantern Forum"),
            Setting(key="query", description="Only posts that a search finds", example="lantern tea"),
            Setting(key="topic", description="Only this topic: the number in its address", example="57"),
            Setting(
                key="api_key",
                description="Key for a forum that is not public",
                secret=True,
                example="d06ca53322d1fbaf383a6394d6c229e56871342d2cad953a0fe26c19df7645ba",
            ),
            Setting(key="api_username", description="Name the key acts for; without it system", example="listener"),
            Setting(
                key="own_accounts",
                description="Names of the brand itself, parted by commas: what they say is the owner's",
                example="lantern_support",
            ),
        ),
    ),
    SourceKind.REDDIT: Kind(
        collector="collectors.reddit:RedditCollector",
        again=Again(parse="collectors.reddit:parse", around='{"kind": "Listing", "data": {"children": [%s]}}'),
        settings=(
            Setting(key="subreddit", description="Subreddit to read, or to search in", example="r/taiwan"),
            Setting(key="query", description="Posts that a search finds", example='"lantern tea"'),
            Setting(
                key="read",
                description="What to read of a subreddit; without it both",
                example="both",
                choices=("posts", "comments", "both"),
            ),
            Setting(
                key="client_id", description="Id of an application registered with Reddit", example="p-jcoLKBynTLew"
            ),
            Setting(
                key="client_secret",
                description="Secret of that application",
                secret=True,
                example="gko_LXELoV07ZBNUXrvWZfzE3aI",
            ),
            Setting(
                key="own_accounts",
                description="Users of the brand itself, parted by commas: what they say is the owner's",
                example="lantern_support",
            ),
        ),
        state=State(tried=Tried.RECORDINGS, needs="an application that Reddit approved"),
    ),
    SourceKind.STEAM: Kind(
        collector="collectors.steam:SteamCollector",
        again=Again(parse="collectors.steam:parse", around='{"response": {"reviews": [%s]}}'),
        settings=(
            Setting(key="appid", description="Number of the game in the shop's address", required=True, example="620"),
            Setting(
                key="languages",
                description="Only reviews in these languages, as Steam names them, parted by commas",
                example="schinese, tchinese, thai",
            ),
        ),
    ),
    SourceKind.HACKER_NEWS: Kind(
        collector="collectors.hacker_news:HackerNewsCollector",
        again=Again(parse="collectors.hacker_news:parse", around='{"hits": [%s]}'),
        settings=(
            Setting(key="query", description="Words to search for", required=True, example='"lantern tea"'),
            Setting(
                key="read",
                description="What to read; without it both",
                example="both",
                choices=("stories", "comments", "both"),
            ),
            Setting(
                key="own_accounts",
                description="Users of the brand itself, parted by commas: what they say is the owner's",
                example="lantern_support",
            ),
        ),
        state=State(tried=Tried.EXAMPLES),
    ),
    SourceKind.STACK_EXCHANGE: Kind(
        collector="collectors.stack_exchange:StackExchangeCollector",
        again=Again(parse="collectors.stack_exchange:parse", around='{"items": [%s]}'),
        settings=(
            Setting(key="site", description="Short name of the site; without it stackoverflow", example="superuser"),
            Setting(key="tags", description="Questions with all these tags, parted by commas", example="lantern-sdk"),
            Setting(key="query", description="Questions that a search finds", example="lantern tea"),
            Setting(
                key="key",
                description="Key of an application at Stack Apps: 10,000 requests a day in place of 300",
                secret=True,
                example="U4DMV*8nvpm3EOpvf69Rxw((",
            ),
            Setting(
                key="own_accounts",
                description="Names or numbers of the brand's own users, parted by commas: what they say is the owner's",
                example="Lantern Support, 22656",
            ),
        ),
        state=State(tried=Tried.EXAMPLES),
    ),
    SourceKind.TELEGRAM: Kind(
        collector="collectors.telegram:TelegramCollector",
        again=Again(parse="collectors.telegram:parse", around='{"ok": true, "result": [%s]}'),
        settings=(
            Setting(
                key="token",
                description="Token of a bot that is a member of the group, or an administrator of the channel",
                required=True,
                secret=True,
                example="110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
            ),
            Setting(
                key="chats",
                description="Only these chats, by name or number, parted by commas",
                example="@lantern_tea, -1001234567890",
            ),
            Setting(
                key="own_accounts",
                description="Names or numbers of the brand's own users, parted by commas: what they say is the owner's",
                example="lantern_support",
            ),
        ),
        state=State(tried=Tried.EXAMPLES, needs="a bot that is in the channel or group"),
    ),
    SourceKind.X: Kind(
        collector="collectors.x:XCollector",
        again=Again(parse="collectors.x:parse", around='{"data": [%s]}'),
        settings=(
            Setting(key="query", description="What to search for", required=True, example='"lantern tea" lang:th'),
            Setting(
                key="token",
                description="Bearer token of an application",
                required=True,
                secret=True,
                example="AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0%2BuSeid",
            ),
            Setting(
                key="posts_a_day",
                description="Most posts read a day, for each costs money; without it 500",
                example="500",
            ),
            Setting(
                key="posts_a_month",
                description="Most posts read a month, UTC; without it only the days are bounded",
                example="10000",
            ),
            Setting(
                key="own_accounts",
                description="Numbers or names of the brand's accounts, parted by commas: what they say is the owner's",
                example="2244994945",
            ),
        ),
        state=State(
            tried=Tried.RECORDINGS, needs="an application with credits: every post read costs money", passed_on=False
        ),
    ),
    SourceKind.THREADS: Kind(
        collector="collectors.threads:ThreadsCollector",
        again=Again(parse="collectors.threads:parse", around='{"data": [%s]}'),
        receiver="collectors.meta_push:MetaReceiver",
        signed_by="app_secret",
        settings=(
            Setting(key="query", description="Words to search for", required=True, example="燈籠茶"),
            Setting(key="token", description="Access token", required=True, secret=True, example="THQWJYZA…"),
            Setting(
                key="own_accounts",
                description="Accounts of the brand itself, parted by commas: what they say is the owner's",
                example="lantern_tea",
            ),
            *_META_PUSH,
        ),
        state=State(tried=Tried.EXAMPLES, needs="an app with the permission threads_keyword_search"),
    ),
    SourceKind.FACEBOOK: Kind(
        collector="collectors.facebook:FacebookCollector",
        again=Again(parse="collectors.facebook:parse", around='{"data": [%s]}'),
        receiver="collectors.meta_push:MetaReceiver",
        signed_by="app_secret",
        settings=(
            Setting(key="page", description="Number or short name of your page", required=True, example="19292868552"),
            Setting(
                key="token", description="Access token of the page", required=True, secret=True, example="EAAJjmJ…"
            ),
            Setting(
                key="own_accounts",
                description="Numbers of other accounts of the brand, parted by commas: what they say is the owner's",
                example="102988293558",
            ),
            *_META_PUSH,
        ),
        state=State(
            tried=Tried.RECORDINGS,
            needs="your own page, and an app with pages_read_engagement and pages_read_user_content",
        ),
    ),
    SourceKind.INSTAGRAM: Kind(
        collector="collectors.instagram:InstagramCollector",
        again=Again(parse="collectors.instagram:parse", around='{"data": [%s]}'),
        receiver="collectors.meta_push:MetaReceiver",
        signed_by="app_secret",
        settings=(
            Setting(
                key="account",
                description="Number of your professional account",
                required=True,
                example="17841405822304914",
            ),
            Setting(key="token", description="Access token", required=True, secret=True, example="EAAJjmJ…"),
            Setting(
                key="read",
                description="Media that tag you, comments under your own, or both; without it both",
                example="both",
                choices=("tags", "comments", "both"),
            ),
            Setting(
                key="own_accounts",
                description="Accounts of the brand itself, parted by commas: what they say is the owner's",
                example="lantern_tea",
            ),
            *_META_PUSH,
        ),
        state=State(
            tried=Tried.RECORDINGS,
            needs="your own professional account, and an app with instagram_basic and instagram_manage_comments",
        ),
    ),
    SourceKind.WEIBO: Kind(
        collector="collectors.weibo:WeiboCollector",
        again=Again(parse="collectors.weibo:parse", around='{"statuses": [%s]}'),
        settings=(
            Setting(
                key="token",
                description="Access token of the brand's account",
                required=True,
                secret=True,
                example="2.00Q4qNxB0…",
            ),
            Setting(
                key="read",
                description="Posts that name the account, comments to it, or both; without it both",
                example="both",
                choices=("posts", "comments", "both"),
            ),
            Setting(
                key="own_accounts",
                description="Names or numbers of the brand's accounts, parted by commas: what they say is the owner's",
                example="1404376560",
            ),
        ),
        state=State(tried=Tried.EXAMPLES, needs="an application that Weibo approved; its token ends after weeks"),
    ),
    SourceKind.LINE: Kind(
        # Nothing is polled: an address of ours takes what LINE posts.
        collector=None,
        receiver="collectors.line:LineReceiver",
        signed_by="channel_secret",
        settings=(
            Setting(
                key="channel_secret",
                description="Secret of the channel, which signs what LINE posts",
                required=True,
                secret=True,
                example="8c570fa6dd201bb328f1c1eac23a96d8",
            ),
        ),
        state=State(tried=Tried.EXAMPLES, needs="your own official account, with its webhook set to this server"),
    ),
    SourceKind.WEBHOOK: Kind(
        # Nothing is polled: an address of ours takes what a place or a program posts.
        collector=None,
        receiver="collectors.webhook:WebhookReceiver",
        signed_by="secret",
        settings=(
            Setting(
                key="mapping",
                description="Which parts of the JSON are a mention's, as JSONPath by field; without it the body has "
                "the shape that `earshot fetch` prints",
                example='{"items": "$.reviews[*]", "id": "$.id", "text": ["$.headline", "$.body"]}',
            ),
            Setting(
                key="secret",
                description="What the sender signs with; without it the address alone is the secret",
                secret=True,
                example="env:EARSHOT_SECRET_SHOP",
            ),
            Setting(
                key="signature",
                description="How the sender signs: Standard Webhooks, or X-Hub-Signature-256; without it standard",
                example="hub",
                choices=("standard", "hub"),
            ),
            Setting(
                key="site",
                description="Name shown for where it was said; without it what is mapped, or the link's host",
                example="Lantern Shop",
            ),
            _ZONE,
        ),
        # Any sender is another platform: what is shared is the documented signatures.
        state=State(tried=Tried.EXAMPLES),
    ),
    SourceKind.IMPORT: Kind(
        collector=None,
        settings=(
            Setting(key="site", description="Name shown for where it was said", example="Survey 2026"),
            _ZONE,
        ),
    ),
    SourceKind.APP_STORE: Kind(
        collector="collectors.app_store:AppStoreCollector",
        again=Again(parse="collectors.app_store:parse", around='{"feed": {"entry": [%s]}}'),
        window=True,
        settings=(
            Setting(
                key="app",
                description="Number of the app, as in its address",
                required=True,
                example="389801252",
            ),
            Setting(
                key="countries",
                description="Storefronts to read, by country code; without it us",
                example="tw, cn, th, us",
            ),
            Setting(key="site", description="Name shown for where it was said", example="App Store"),
        ),
        # Shapes of public answers, written anew: none was recorded for us.
        state=State(tried=Tried.EXAMPLES),
    ),
    SourceKind.YOUTUBE: Kind(
        collector="collectors.youtube:YoutubeCollector",
        again=Again(parse="collectors.youtube:parse", around='{"items": [%s]}'),
        settings=(
            Setting(
                key="api_key",
                description="Key of a Google Cloud project with the YouTube Data API",
                required=True,
                secret=True,
                example="AIza…",
            ),
            Setting(
                key="channel",
                description="Id of your channel: comments on all its videos are read",
                example="UCa-vrCLQHviTOVnEKDOdetQ",
            ),
            Setting(
                key="videos", description="Ids or addresses of videos, up to 50", example="dQw4w9WgXcQ, JE8xdDp5B8Q"
            ),
            Setting(key="search", description="Only comments with these words", example="lantern noodles"),
            Setting(
                key="own_channels",
                description="Ids of more channels that answer for you",
                example="UCTWlvHQQXUs-4IVfdnGOUbw",
            ),
            Setting(key="site", description="Name shown for where it was said", example="YouTube"),
        ),
        state=State(tried=Tried.RECORDINGS, needs="an API key of Google Cloud"),
    ),
    SourceKind.PTT: Kind(
        collector="collectors.ptt:PttCollector",
        again=Again(parse="collectors.ptt_page:parse_item"),
        settings=(
            Setting(key="board", description="Name of the board, as in its address", required=True, example="Food"),
            Setting(
                key="search",
                description="Only articles whose title holds this; without it every new article is read",
                example="燈籠麵",
            ),
            Setting(key="site", description="Name shown for where it was said", example="PTT"),
        ),
        state=State(tried=Tried.RECORDINGS),
    ),
    SourceKind.WEB_PAGE: Kind(
        collector="collectors.web_page:WebPageCollector",
        again=Again(parse="collectors.web_page:parse_item"),
        window=True,
        settings=(
            Setting(
                key="url",
                description="Address of the page with the reviews or posts",
                required=True,
                example="https://shop.example/lamp/reviews",
            ),
            *_SELECTORS,
            Setting(
                key="next",
                description="Link to the following page; without it the one marked rel=next",
                example="a.next",
            ),
            *_OF_A_SITE,
        ),
    ),
    SourceKind.SITEMAP: Kind(
        collector="collectors.sitemap:SitemapCollector",
        again=Again(parse="collectors.web_page:parse_item"),
        settings=(
            Setting(
                key="url",
                description="Address of the sitemap, or of the site whose robots.txt names it",
                required=True,
                example="https://news.example/sitemap.xml",
            ),
            Setting(
                key="include",
                description="Pattern (RE2) of the addresses wanted; all where not given",
                example="/food/",
            ),
            *_SELECTORS,
            *_OF_A_SITE,
        ),
    ),
    SourceKind.PANTIP: Kind(
        collector="collectors.pantip:PantipCollector",
        again=Again(parse="collectors.pantip:parse", around='{"data": [%s]}'),
        settings=(
            Setting(key="query", description="Words to search for", required=True, example="ชาโคมไฟ"),
            Setting(
                key="authorisation",
                description="The header ptauthorize that pantip.com's own search page sends: the part behind Basic",
                required=True,
                secret=True,
                example="dGVzd…",
            ),
            Setting(
                key="accept_terms",
                description="Pantip's terms forbid taking its content in bulk: yes says that you may and only search",
                required=True,
                choices=("yes",),
                example="yes",
            ),
            Setting(
                key="own_accounts",
                description="Members who speak for the brand, parted by commas: what they say is the owner's",
                example="lantern_official",
            ),
        ),
        state=State(tried=Tried.EXAMPLES, needs="pantip.com's leave, and the header of its search page"),
    ),
    SourceKind.GOOGLE_PLAY: Kind(
        collector="collectors.google_play:GooglePlayCollector",
        again=Again(parse="collectors.google_play:parse", around='{"reviews": [%s]}', of="review"),
        settings=(
            Setting(
                key="package",
                description="Package name of your app, as in its address",
                required=True,
                example="com.example.lantern",
            ),
            *GOOGLE_SIGN_IN,
            Setting(key="site", description="Name shown for where it was said", example="Google Play"),
        ),
        state=State(
            tried=Tried.EXAMPLES,
            needs="your own app, and a service account with the right to see its reviews in the Play Console",
        ),
    ),
    SourceKind.APP_STORE_CONNECT: Kind(
        collector="collectors.app_store_connect:AppStoreConnectCollector",
        again=Again(parse="collectors.app_store_connect:parse", around='{"data": [%s]}', of="review"),
        settings=(
            Setting(key="app", description="Number of your app, as in its address", required=True, example="389801252"),
            Setting(key="issuer_id", description="Issuer of the team's API keys", required=True, example="57246542-…"),
            Setting(key="key_id", description="Id of the API key", required=True, example="2X9R4HXF34"),
            Setting(
                key="private_key",
                description="The key's file AuthKey_….p8, whole",
                required=True,
                secret=True,
                example="-----BEGIN PRIVATE KEY-----…",
            ),
            Setting(
                key="territories",
                description="Only these countries, by three letters; without it all",
                example="TWN, CHN, THA, USA",
            ),
            Setting(key="site", description="Name shown for where it was said", example="App Store"),
        ),
        state=State(
            tried=Tried.EXAMPLES,
            needs="your own app, and an API key of the role Customer Support in App Store Connect",
        ),
    ),
    SourceKind.GOOGLE_BUSINESS: Kind(
        collector="collectors.google_business:GoogleBusinessCollector",
        again=Again(parse="collectors.google_business:parse", around='{"reviews": [%s]}', of="review"),
        settings=(
            Setting(key="account", description="Number of the account", required=True, example="111222333444"),
            Setting(
                key="locations",
                description="Numbers of your places, up to 50",
                required=True,
                example="17303088970776446827, 55",
            ),
            *GOOGLE_SIGN_IN,
            Setting(key="site", description="Name shown for where it was said", example="Google Maps"),
        ),
        state=State(
            tried=Tried.EXAMPLES,
            needs="Google's approval of the Business Profile API (its quota is 0 before), and an owner's OAuth",
        ),
    ),
}


def may_be_passed_on(kind: str) -> bool:
    """Whether what people wrote there may be handed to others; so for a kind that nothing is known of."""
    entry = KINDS.get(SourceKind(kind)) if kind in set(SourceKind) else None
    return entry is None or entry.state.passed_on
