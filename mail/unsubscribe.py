"""Links in mail: a token names one message or sign-up, and only the holder of the key can make or read one.

Ids count up, and whoever gets several mails could tell from them how much is sent in between. So they are
sealed: encrypted under a synthetic IV (Rogaway and Shrimpton, 2006; RFC 5297 is the same with AES), here with
HMAC-SHA256 for both halves. Links in older mail hold them signed and readable, and work for ever.
"""

import hmac
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass

from mail.errors import MailError

# Enters every key and signature, so that a token made with the same key for another purpose does not pass.
UNSUBSCRIBE = b"unsubscribe/1\x00"
CONFIRM = b"confirm/1\x00"

_CLAIMS = struct.Struct(">QQ")

# 128 bits of the HMAC: RFC 2104 section 5 asks for at least half of the hash.
_SIGNATURE_BYTES = 16

# What the two keys of the seal are derived with, from the key of all.
_SEALING, _HIDING = b"seal/2\x00", b"hide/2\x00"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """Whom a token speaks for. `campaign_id` is 0 for a message without a campaign."""

    message_id: int
    campaign_id: int


class Tokens:
    """Makes and reads tokens of 43 characters.

    They never expire, for a link in an old mail must go on working.
    """

    def __init__(self, secret_key: str, purpose: bytes = UNSUBSCRIBE) -> None:
        """Take the key, or several with commas between: the first seals, all of them read.

        Raises MailError where there is none.
        """
        keys = [key.strip().encode() for key in secret_key.split(",") if key.strip()]
        if not keys:
            raise MailError("CAMPAIGN_SECRET_KEY is empty; set it, for unsubscribe links are signed with it.")
        self._seals = [_Seal(key, purpose) for key in keys]

    def issue(self, message_id: int, campaign_id: int) -> str:
        """Return the token of a message; the same ids give the same token as long as the key stays."""
        return self._seals[0].sealed(_CLAIMS.pack(message_id, campaign_id))

    def read(self, token: str) -> TokenClaims | None:
        """Return what a token says, or None for one that no key of ours has made."""
        if not _TOKEN.fullmatch(token):
            return None
        packed = urlsafe_b64decode(token + "=")
        readings = [reading for seal in self._seals for reading in seal.readings(packed)]
        # The whole token is made again and compared, so that no second spelling of its base64 passes.
        genuine = [claims for claims, made in readings if hmac.compare_digest(made, token)]
        return TokenClaims(*_CLAIMS.unpack(genuine[0])) if genuine else None


class _Seal:
    """One key's way with claims of 16 bytes."""

    def __init__(self, key: bytes, purpose: bytes) -> None:
        self._key, self._purpose = key, purpose
        self._sealing = hmac.digest(key, _SEALING + purpose, "sha256")
        self._hiding = hmac.digest(key, _HIDING + purpose, "sha256")

    def sealed(self, claims: bytes) -> str:
        """Return the token. Its first half follows from the claims; with it the second half hides them."""
        first = hmac.digest(self._sealing, claims, "sha256")[:_SIGNATURE_BYTES]
        return _text(first + self._hidden(first, claims))

    def readings(self, packed: bytes) -> Iterator[tuple[bytes, str]]:
        """Yield what a token may say, sealed or signed as in older mail, each with the true token of it."""
        first, second = packed[:_SIGNATURE_BYTES], packed[_SIGNATURE_BYTES:]
        claims = self._hidden(first, second)
        yield claims, self.sealed(claims)
        signature = hmac.digest(self._key, self._purpose + first, "sha256")[:_SIGNATURE_BYTES]
        yield first, _text(first + signature)

    def _hidden(self, first: bytes, text: bytes) -> bytes:
        """Hide claims that are open, and open those that are hidden."""
        stream = hmac.digest(self._hiding, first, "sha256")[: len(text)]
        return (int.from_bytes(text) ^ int.from_bytes(stream)).to_bytes(len(text))


def _text(packed: bytes) -> str:
    return urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def url(public_url: str, token: str) -> str:
    """The address of the unsubscribe page, for the mail's link and its List-Unsubscribe header alike."""
    return f"{public_url.rstrip('/')}/unsubscribe/{token}"
