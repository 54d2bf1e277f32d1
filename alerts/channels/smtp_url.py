"""Reads EARSHOT_SMTP_URL: where e-mail leaves, and how the way there is protected.

smtp://host                      port 25; encrypted where the server offers it
smtp://user:password@host        port 587; encrypted or not at all, except on this very machine
smtp+starttls://…                port 587; encrypted by STARTTLS or not at all
smtps://…                        port 465; encrypted from the first byte
?starttls=auto|always|never      for smtp:// when the above does not fit
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from alerts.errors import ChannelSettingError

SETTING = "EARSHOT_SMTP_URL"
EXAMPLE = "smtp://user:password@mail.example.com:587"
_HOST = re.compile(r"[A-Za-z0-9._:-]+")


class Security(StrEnum):
    """How the connection is protected."""

    #: From the first byte; the certificate is checked.
    TLS = "tls"
    #: STARTTLS before anything else; the certificate is checked.
    ALWAYS = "always"
    #: STARTTLS where it is offered, with any certificate: better than nothing against those who only listen.
    AUTO = "auto"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class SmtpServer:
    """Where e-mail leaves."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(url: str) -> SmtpServer:
    """Return the server a URL names. Raises ChannelSettingError, which never repeats the password."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise _wrong(
            "its host or port cannot be read; percent-encode special characters in user and password"
        ) from None
    if parts.scheme not in ("smtp", "smtps", "smtp+starttls"):
        raise _wrong("must begin with smtp://, smtps:// or smtp+starttls://")
    host = _host(parts)
    if parts.path not in ("", "/") or parts.fragment:
        raise _wrong("has something after the port that does not belong there; percent-encode / and # in the password")
    username, password = _credentials(parts)
    security = _security(parts, host, signs_in=username is not None)
    return SmtpServer(
        host=host,
        port=_default_port(security, signs_in=username is not None) if port is None else _checked_port(port),
        security=security,
        username=username,
        password=password,
    )


def _wrong(message: str) -> ChannelSettingError:
    return ChannelSettingError(SETTING, f"{message}, as in {EXAMPLE}")


def _host(parts: SplitResult) -> str:
    try:
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except UnicodeError:
        host = ""
    if not _HOST.fullmatch(host):
        raise _wrong("names no mail server")
    return host


def _checked_port(port: int) -> int:
    if port == 0:
        raise _wrong("port 0 is no port")
    return port


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    if parts.username is None and parts.password is None:
        return None, None
    if not parts.username or not parts.password:
        raise _wrong("user and password come together")
    username, password = unquote(parts.username), unquote(parts.password)
    if any(ord(char) < 32 or ord(char) == 127 for char in username + password):
        raise _wrong("user or password holds a control character")
    return username, password


def _security(parts: SplitResult, host: str, *, signs_in: bool) -> Security:
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = set(asked) - {"starttls"}
    if unknown:
        raise _wrong(f"knows only ?starttls=, not {', '.join(sorted(unknown))}")
    implied = {"smtps": Security.TLS, "smtp+starttls": Security.ALWAYS}.get(parts.scheme)
    if implied is not None:
        if asked:
            raise _wrong(f"{parts.scheme}:// says already how it is protected; leave ?starttls= out")
        return implied
    if "starttls" not in asked:
        return Security.ALWAYS if signs_in and not _is_here(host) else Security.AUTO
    try:
        return {one.value: one for one in (Security.AUTO, Security.ALWAYS, Security.NEVER)}[asked["starttls"]]
    except KeyError:
        raise _wrong("?starttls= is auto, always or never") from None


def _is_here(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _default_port(security: Security, *, signs_in: bool) -> int:
    if security is Security.TLS:
        return 465
    return 587 if signs_in or security is Security.ALWAYS else 25
