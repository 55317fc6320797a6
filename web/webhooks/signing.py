"""Signatures of the Standard Webhooks specification (https://www.standardwebhooks.com), version 1."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"


def signing_key(secret: str) -> bytes:
    """What a secret stands for: ``whsec_`` and base64, or any other text as it is. Raises ValueError."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"a secret that begins with {PREFIX} goes on in base64: {error}") from None


def sound_secret(secret: str) -> str:
    """The secret, if it can be signed with. Raises ValueError."""
    signing_key(secret)
    return secret


def signed_headers(message_id: str, timestamp_s: int, body: bytes, secret: str | None) -> dict[str, str]:
    """The headers of one try; without a secret nothing is signed."""
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp_s)}
    if secret is not None:
        content = f"{message_id}.{timestamp_s}.".encode() + body
        digest = hmac.digest(signing_key(secret), content, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers
