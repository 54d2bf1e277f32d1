"""Passwords: kept as argon2id only, and taken only where they are worth something."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

FEWEST, MOST = 12, 200
#: OWASP's setting of 2023: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


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
        return _HASHER.verify(kept or _nobodys(), password[: MOST + 1]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return hashed("nobody's password")
