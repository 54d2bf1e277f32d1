"""The second factor: codes of six digits by the clock (RFC 6238), and recovery codes for whoever lost the device."""

import hmac
import secrets
import unicodedata
from datetime import datetime

import pyotp
import segno

ISSUER = "Earshot"
#: An app's clock and a person's typing may be so many steps of 30 seconds off, either way.
_STEPS_OFF = 1
_RECOVERY_CODES = 10
#: Neither 0 and o nor 1, i and l: these are copied by hand.
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS, _GROUP = 4, 4
#: More of a name need not fit into the picture, where a character may take twelve.
_MOST_NAME = 60


def new_secret() -> str:
    """Return a secret for an authenticator app, in Base32: 160 bits."""
    return pyotp.random_base32()


def step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """Return the step a code belongs to, if it is of now or of a neighbouring step; steps grow with time."""
    app, typed = pyotp.TOTP(secret), _bare(code).encode()
    steps = range(app.timecode(now) - _STEPS_OFF, app.timecode(now) + _STEPS_OFF + 1)
    # All are compared, so that the time it takes tells nothing.
    found = [step for step in steps if hmac.compare_digest(app.generate_otp(step).encode(), typed)]
    return found[-1] if found else None


def picture(secret: str, *, name: str) -> str:
    """Return the QR code an app reads: an SVG element without style or script, dark on light in every colour scheme."""
    address = pyotp.TOTP(secret).provisioning_uri(name=name[:_MOST_NAME], issuer_name=ISSUER)
    made = segno.make(address, error="m", micro=False)
    return made.svg_inline(scale=5, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True)


def grouped(secret: str) -> str:
    """Return a secret as people copy it by hand."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def recovery_codes() -> list[str]:
    """Return new recovery codes, each of 79 bits, so that their digests give nothing away."""
    return ["-".join(_group() for _ in range(_GROUPS)) for _ in range(_RECOVERY_CODES)]


def typed_recovery(code: str) -> str:
    """Return a recovery code as we made it, however it was typed."""
    bare = _bare(code).casefold().replace("-", "")[: _GROUPS * _GROUP + 1]
    return "-".join(bare[at : at + _GROUP] for at in range(0, len(bare), _GROUP))


def _group() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_GROUP))


def _bare(typed: str) -> str:
    return "".join(unicodedata.normalize("NFKC", typed[:100]).split())
