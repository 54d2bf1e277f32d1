"""Addresses of ours that places send to: one a source, found by its unguessable part."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts.types import SourceId
from collectors import registry
from collectors.types import SourceKind
from service.store.pool import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Inlet:
    """One address with the source behind it."""

    source_id: SourceId
    #: None: of all brands.
    brand: str | None
    name: str
    kind: SourceKind
    #: As they are set: a secret may be kept elsewhere.
    settings: Mapping[str, str]
    enabled: bool
    key: str
    #: The secret that we made up for the sender, if any.
    secret: str | None

    @property
    def is_signed(self) -> bool:
        """Whether the sender must sign."""
        key = registry.signed_by(self.kind)
        return bool(self.secret or (key and self.settings.get(key, "").strip()))


_INLET = """
    select i.source_id, b.name as brand, s.name, s.kind, s.settings, s.enabled, i.key, i.secret
    from inlet i join source s on s.id = i.source_id left join brand b on b.id = s.brand_id
"""


async def ensure(conn: Connection, source_id: SourceId, *, now: datetime) -> str:
    """Return the unguessable part of the source's address, made if new."""
    await conn.execute(
        "insert into inlet (source_id, key, created_at) values ($1, $2, $3) on conflict (source_id) do nothing",
        source_id,
        secrets.token_urlsafe(24),
        now,
    )
    key: str = await conn.fetchval("select key from inlet where source_id = $1", source_id)
    return key


async def by_key(conn: Connection, key: str) -> Inlet | None:
    """Return the address whose unguessable part this is."""
    row = await conn.fetchrow(_INLET + " where i.key = $1", key)
    return None if row is None else Inlet(**{**row, "kind": SourceKind(row["kind"])})


async def of_source(conn: Connection, source_id: SourceId) -> Inlet | None:
    """Return the source's address."""
    row = await conn.fetchrow(_INLET + " where i.source_id = $1", source_id)
    return None if row is None else Inlet(**{**row, "kind": SourceKind(row["kind"])})


async def every(conn: Connection) -> list[Inlet]:
    """Return all addresses by brand and source."""
    rows = await conn.fetch(_INLET + " order by b.name nulls first, s.name")
    return [Inlet(**{**row, "kind": SourceKind(row["kind"])}) for row in rows]


async def renew_key(conn: Connection, source_id: SourceId) -> None:
    """Give the source another address; the one before leads nowhere."""
    await conn.execute("update inlet set key = $2 where source_id = $1", source_id, secrets.token_urlsafe(24))


async def secret_of(conn: Connection, source_id: SourceId) -> str:
    """Return the secret for the sender to sign with, made if new."""
    secret: str | None = await conn.fetchval("select secret from inlet where source_id = $1", source_id)
    return secret or await renew_secret(conn, source_id)


async def renew_secret(conn: Connection, source_id: SourceId) -> str:
    """Return a new secret for the sender to sign with; the one before is good no more."""
    # In the form of Standard Webhooks, which any other way of signing takes as it is.
    secret = f"whsec_{secrets.token_urlsafe(32)}"
    await conn.execute("update inlet set secret = $2 where source_id = $1", source_id, secret)
    return secret
