"""Who somebody is by the word of a provider of identities, and why it is or is not believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

#: Signed with a key that only the provider has: neither «none» nor what our own secret could sign.
_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
#: Clocks may differ by so many seconds.
_LEEWAY = 60


class NotBelieved(Exception):
    """The provider's word does not prove who somebody is; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Somebody whom the provider vouches for."""

    issuer: str
    subject: str
    #: The provider saw to it that it is theirs.
    email: str
    #: What the provider says they are, by the claim that the settings name.
    groups: frozenset[str]


def claims_of(
    token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now: datetime
) -> Mapping[str, object]:
    """Return what an ID token claims: by this issuer, for us, for this sign-in, and for now. Raises NotBelieved."""
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=_LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        nonce={"essential": True, "value": nonce},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
        registry.validate(claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotBelieved(f"the ID token: {type(error).__name__}: {error}") from error
    audience = claims["aud"]
    party = claims.get("azp", client_id if isinstance(audience, str) or len(audience) == 1 else None)
    if party != client_id:
        raise NotBelieved("the ID token was made for another program")
    return claims


def identity_of(claims: Mapping[str, object], *, issuer: str, groups_claim: str | None) -> Identity:
    """Return whom claims name. Raises NotBelieved where their e-mail address is not verified."""
    email, verified = claims.get("email"), claims.get("email_verified")
    if not isinstance(email, str) or "@" not in email:
        raise NotBelieved("there is no e-mail address among the claims; let the provider send the scope email")
    # Some providers write it as a text.
    if verified is not True and verified != "true":
        raise NotBelieved("the e-mail address is not verified")
    return Identity(
        issuer=issuer,
        subject=str(claims["sub"]),
        email=email.strip().casefold(),
        groups=frozenset() if groups_claim is None else _texts(claim(claims, groups_claim)),
    )


def claim(claims: Mapping[str, object], name: str) -> object:
    """Return a claim, None where it is not there, by its name or by a way with dots, as in `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _texts(value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset({value})
    return frozenset(one for one in value if isinstance(one, str)) if isinstance(value, list) else frozenset()
