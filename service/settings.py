"""What an operator can set, by environment `EARSHOT_*`, or `EARSHOT_*_FILE` for a file that holds the value."""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from alerts.channels import bounce_url, smtp_url
from analysis import registry
from analysis.errors import ModelError
from collectors import kept_secrets

PREFIX = "EARSHOT_"
#: The path under which places send to us.
HOOKS = "/api/v1/hooks"
_FEWEST_OF_KEY = 32
_ROLES = ("viewer", "responder", "analyst", "admin")
_LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """A setting is wrong; the message names it and says what to do. One line."""


def _database_url(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        known = parts.scheme in ("postgres", "postgresql") and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    return value


def _data_dir(value: Path) -> Path:
    if value.exists() and not value.is_dir():
        raise ValueError(f"{str(value)!r} is a file; name a folder")
    return value


def _analyser(value: str | None) -> str | None:
    if value is not None:
        try:
            registry.check_name(value)
        except ModelError as error:
            raise ValueError(str(error)) from None
    return value


def _log_level(value: str) -> str:
    if value not in _LOG_LEVELS:
        raise ValueError(f"{value!r} is none of {', '.join(_LOG_LEVELS)}")
    return value


def _base_url(value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be the address people open, such as https://earshot.example.com")
    return value.rstrip("/")


def _watch_url(value: str | None) -> str | None:
    if value is not None:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be the address that a watch outside gave you, such as https://hc-ping.com/…")
    return value


def _smtp_url(value: str | None) -> str | None:
    if value is not None:
        smtp_url.parse(value)
    return value


def _bounce_url(value: str | None) -> str | None:
    if value is not None:
        bounce_url.parse(value)
    return value


def _seal_key(value: str | None) -> str | None:
    if value is not None and len(value) < _FEWEST_OF_KEY:
        raise ValueError(f"must have {_FEWEST_OF_KEY} characters or more that nobody guesses: `openssl rand -hex 32`")
    return value


def _discovery(value: str | None) -> str | None:
    if value is not None:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an address such as https://id.example.com/.well-known/openid-configuration")
    return value


def _names(value: object) -> object:
    return (
        tuple(filter(None, (one.strip().casefold() for one in value.split(",")))) if isinstance(value, str) else value
    )


def _roles(value: object) -> object:
    if not isinstance(value, str):
        return value
    pairs = [tuple(part.strip() for part in one.rpartition("=")[::2]) for one in value.split(",") if one.strip()]
    for group, role in pairs:
        if not group or role not in _ROLES:
            raise ValueError(f"{group}={role} names no role; write such as staff=responder,admins=admin")
    return tuple(pairs)


def _default_role(value: str) -> str:
    if value not in (*_ROLES, "none"):
        raise ValueError(f"{value!r} is none of {', '.join(_ROLES)}, none")
    return value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"there is no zone {value!r}; write an IANA name such as Asia/Taipei")
    return value


def _address(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not (local and at and domain) or any(c.isspace() or c in "<>,;" for c in value):
        raise ValueError("must be one e-mail address, such as earshot@example.com")
    return value


class Settings(BaseModel):
    """Everything that can be set. Unknown `EARSHOT_*` names are refused, so that a typing error is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: An external Postgres, 15 or newer; without it Earshot runs its own.
    database_url: Annotated[str | None, AfterValidator(_database_url)] = None
    #: How long a start waits for Postgres to answer, in seconds.
    database_patience: float = Field(default=60.0, ge=0, le=3600)
    #: Where the embedded Postgres and generated secrets live.
    data_dir: Annotated[Path, AfterValidator(_data_dir)] = Path("data")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    #: The address in e-mails and links; by default http://host:port.
    base_url: Annotated[str | None, AfterValidator(_base_url)] = None
    #: Where e-mail leaves; without it messages wait in the outbox.
    smtp_url: Annotated[str | None, AfterValidator(_smtp_url)] = None
    mail_from: Annotated[str, AfterValidator(_address)] = "earshot@localhost"
    #: The mailbox to which messages that cannot be delivered come back; without it nobody reads of them.
    bounce_url: Annotated[str | None, AfterValidator(_bounce_url)] = None
    #: An address of a watch outside, such as healthchecks.io, asked once a minute while all is well.
    heartbeat_url: Annotated[str | None, AfterValidator(_watch_url)] = None
    #: The name of a contact whose mailbox nobody reads (`enabled = false`): complaints of our own go there, to show
    #: that real ones would be told of. Without it none are let go.
    canary_contact: str | None = Field(default=None, min_length=1, max_length=200)
    #: How often, in minutes.
    canary_every: float = Field(default=10.0, ge=1, le=1440)
    #: IANA zone in which e-mails and pages show times.
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    #: Collectors may reach 127.0.0.1 and private networks.
    allow_private: bool = False
    log_level: Annotated[str, AfterValidator(_log_level)] = "info"
    #: The analyser: `ngram`, another name from `analysis/registry.py`, or `hub:` and a model's folder or name.
    analyser: Annotated[str | None, AfterValidator(_analyser)] = None
    #: A file that says what the labels of a model of the hub mean, for one that has no earshot.json.
    hub_labels: Path | None = None
    #: Whether a model of the hub that is given by its name may be downloaded.
    hub_download: bool = False
    #: What seals secrets in the database; without it a key is made in the data folder, which all web processes share.
    seal_key: Annotated[str | None, AfterValidator(_seal_key)] = None
    #: Whether administrators see nothing but their own account until they have a second factor.
    admin_second_factor: bool = False
    #: What a provider of identities says of itself: …/.well-known/openid-configuration.
    oidc_url: Annotated[str | None, AfterValidator(_discovery)] = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    #: What the button calls it; by default its host.
    oidc_name: str = Field(default="", max_length=80)
    #: Whose e-mail addresses may come in; `*` for all that the provider vouches for.
    oidc_domains: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    #: The claim that says what somebody is, and which role comes with each of its values.
    oidc_role_claim: str | None = None
    oidc_roles: Annotated[tuple[tuple[str, str], ...], BeforeValidator(_roles)] = ()
    #: The role of everybody else; `none` keeps them out.
    oidc_default_role: Annotated[str, AfterValidator(_default_role)] = "viewer"
    #: Whether a user who is named as a verified e-mail address is who comes in with it.
    oidc_link_by_email: bool = False
    #: The provider may lie at 127.0.0.1 or in a private network.
    oidc_allow_private: bool = False
    #: Requests a minute that one key, user or unknown address may make to the API, over all web processes.
    rate_limit: int = Field(default=3000, ge=20, le=1_000_000)
    #: How often each stage looks for due work, in seconds.
    tick: float = Field(default=1.0, ge=0.05, le=60)

    @property
    def public_url(self) -> str:
        """The address people open, without a slash at the end."""
        if self.base_url:
            return self.base_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{'127.0.0.1' if host in ('0.0.0.0', '[::]') else host}:{self.port}"  # noqa: S104  # compared, not bound

    @property
    def provider_name(self) -> str:
        """What people know the provider of identities by; '' where there is none."""
        return self.oidc_name or (urlsplit(self.oidc_url).hostname or "") if self.oidc_url else ""

    @property
    def hooks_url(self) -> str:
        """Where the addresses begin that places send to, without a slash at the end."""
        return f"{self.public_url}{HOOKS}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can open the dashboard."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def _from_file(name: str, path: str) -> str:
    """Return the secret a `…_FILE` setting points at."""
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: cannot read {path!r}: {error}; point it at a readable file") from error


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings the environment gives, by field name; empty ones count as absent."""
    given: dict[str, str] = {}
    for name, value in environment.items():
        is_ours = name.startswith(PREFIX) and not name.startswith(kept_secrets.PREFIX)
        if not is_ours or name in OTHER_NAMES or value == "":
            continue
        field = name.removeprefix(PREFIX).lower()
        of_file = field.removesuffix("_file")
        from_file = of_file != field and of_file in Settings.model_fields
        if (of_file if from_file else field) in given:
            raise SettingsError(f"{name}: given twice, as a value and as a file; keep one of them")
        given[of_file if from_file else field] = _from_file(name, value) if from_file else value
    return {field: value for field, value in given.items() if value != ""}


#: Names with our prefix that are not settings of the program.
OTHER_NAMES = frozenset({"EARSHOT_FAILPOINT", "EARSHOT_CORPUS", "EARSHOT_FEED_SUITE", "EARSHOT_CHROMIUM"})


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process. Raises SettingsError, or ChannelSettingError for the mail server's."""
    given = _given(os.environ if environment is None else environment)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        if first["type"] == "extra_forbidden":
            known = ", ".join(PREFIX + field.upper() for field in Settings.model_fields)
            raise SettingsError(f"{name}: there is no such setting; known are {known}") from None
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name}: {message}") from None
    _check_provider(settings)
    return settings


def _check_provider(settings: Settings) -> None:
    """Raise SettingsError where a provider of identities is named by half."""
    if settings.oidc_url is None:
        return
    needed = {
        "OIDC_CLIENT_ID": (settings.oidc_client_id, "the id that the provider gave us"),
        "OIDC_CLIENT_SECRET": (settings.oidc_client_secret, "the secret that the provider gave us"),
        "OIDC_DOMAINS": (settings.oidc_domains, "whose e-mail addresses may come in: example.com,example.org, or *"),
    }
    for name, (value, meaning) in needed.items():
        if not value:
            raise SettingsError(f"{PREFIX}{name}: is needed with {PREFIX}OIDC_URL; set it to {meaning}")
    if settings.oidc_roles and settings.oidc_role_claim is None:
        raise SettingsError(f"{PREFIX}OIDC_ROLE_CLAIM: is needed with {PREFIX}OIDC_ROLES; name the claim, as groups")
