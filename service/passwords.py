"""Passwords: kept as argon2id only, and taken only where they are worth something."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

FEWEST, MOST = 12, 200
#: OWASP's setting of 2023: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: Of a password that nobody knows. Made beforehand, so that not even the first look after a start takes longer.
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$WQS3AwAgc2VY1pQYEZmy0Q$brydi8j0WAgjCKIXG9H5SHbb4MporE5oqPuloeuRmFQ"


def is_weak(password: str, *, name: str) -> bool:
    """Whether a password is too short, too long, too even or its user's own name."""
    bare = password.casefold().strip()
    return not FEWEST <= len(password) <= MOST or len(set(bare)) < 5 or name.casefold() == bare


def hashed(password: str) -> str:
    """Return what is kept of a password. Takes tens of milliseconds of a core."""
    return _HASHER.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether it is the password; takes as long where nobody has one. Blocking."""
    try:
        return _HASHER.verify(kept or _NOBODYS, password[: MOST + 1]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
