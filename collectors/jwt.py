"""Signs the short-lived tokens (JWT, RFC 7519) that Apple and Google take for a private key."""

import base64
import json
from collections.abc import Mapping
from enum import StrEnum
from importlib import import_module
from typing import Any

from collectors.errors import SettingError


class Algorithm(StrEnum):
    """How a token is signed."""

    #: Apple: a key on the curve P-256.
    ES256 = "ES256"
    #: Google's service accounts: an RSA key.
    RS256 = "RS256"


def signed_token(
    claims: Mapping[str, str | int],
    *,
    private_key: str,
    algorithm: Algorithm,
    setting: str,
    header: Mapping[str, str] | None = None,
) -> str:
    """Return the signed token. Raises SettingError, naming the setting that holds the key, for one that cannot sign
    so; the message never holds the key."""
    head = {"alg": algorithm.value, "typ": "JWT", **(header or {})}
    signed = b".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))
    try:
        signature = _signature(signed, _as_pem(private_key), algorithm)
    except ImportError as error:
        raise SettingError(setting, "this installation cannot sign; install the package cryptography") from error
    # The library names a dozen kinds of errors for keys that are none; each may quote what it was given.
    except Exception as error:  # noqa: BLE001
        raise SettingError(
            setting, f"is no private key for {algorithm.value} ({type(error).__name__}); paste the whole file"
        ) from None
    return (signed + b"." + _encoded(signature)).decode()


def _signature(signed: bytes, pem: bytes, algorithm: Algorithm) -> bytes:
    """Return the signature. Raises what the library raises."""
    hashes, serialization = _library("hashes"), _library("serialization")
    key = serialization.load_pem_private_key(pem, password=None)
    if algorithm is Algorithm.RS256:
        return bytes(key.sign(signed, _library("asymmetric.padding").PKCS1v15(), hashes.SHA256()))
    if not isinstance(key.curve, _library("asymmetric.ec").SECP256R1):
        raise TypeError("not a key on P-256")
    # JWT wants the two numbers side by side where the library gives their DER.
    der = key.sign(signed, _library("asymmetric.ec").ECDSA(hashes.SHA256()))
    first, second = _library("asymmetric.utils").decode_dss_signature(der)
    return bytes(first.to_bytes(32, "big") + second.to_bytes(32, "big"))


def _library(name: str) -> Any:
    """Return a module of the package that signs: loaded on use, for few installations need it and it takes a while."""
    return import_module(f"cryptography.hazmat.primitives.{name}")


def _as_pem(given: str) -> bytes:
    """Return the key as a file has it: a form field or an environment variable may write its line ends as \\n."""
    return given.strip().replace("\\n", "\n").replace("\r\n", "\n").encode("utf-8", "replace")


def _encoded(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")
