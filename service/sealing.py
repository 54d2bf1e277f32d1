"""What lies sealed in the database, so that a copy of it opens nothing: AES-256-GCM, by a key that lies elsewhere."""

import os
import secrets
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.settings import Settings

_FILE = "seal.key"
_NONCE_BYTES = 12


class SealBroken(Exception):
    """Another key sealed it, or it was sealed for something else."""


def seal(settings: Settings, plain: str, *, of: str) -> bytes:
    """Return a text sealed; it opens only where `of` is said again. Reads the key's file, and makes it if need be."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(_key(settings)).encrypt(nonce, plain.encode(), of.encode())


def opened(settings: Settings, sealed: bytes, *, of: str) -> str:
    """Return what was sealed. Raises SealBroken."""
    try:
        plain = AESGCM(_key(settings)).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], of.encode())
    except (InvalidTag, ValueError) as error:
        raise SealBroken("sealed with another key, or for something else") from error
    return plain.decode()


def _key(settings: Settings) -> bytes:
    secret = settings.seal_key or _kept(settings.data_dir / _FILE)
    return sha256(secret.encode()).digest()


def _kept(path: Path) -> str:
    """Return the key in a file, made where there is none; of processes that make it at once, one wins."""
    with suppress(FileNotFoundError):
        return path.read_text("ascii")
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{_FILE}.{secrets.token_hex(8)}")
    made.touch(mode=0o600, exist_ok=False)
    try:
        # Whole before it has its name: nobody reads half a key.
        made.write_text(secrets.token_urlsafe(32), "ascii")
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        made.unlink()
    return path.read_text("ascii")
