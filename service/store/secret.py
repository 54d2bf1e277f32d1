"""How a secret that was handed out is kept: as its digest, which opens nothing."""

from hashlib import sha256


def digest_of(secret: str) -> bytes:
    """Return what a secret is known again by. Secrets are long and random, so that one round does."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
