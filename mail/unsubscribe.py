"""Links in mail: a token names one message or sign-up, and nobody but the holder of the key can make one."""

import hmac
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from mail.errors import MailError

# Enters every signature, so that a token made with the same key for another purpose does not pass.
UNSUBSCRIBE = b"unsubscribe/1\x00"
CONFIRM = b"confirm/1\x00"

_CLAIMS = struct.Struct(">QQ")

# 128 bits of the HMAC: RFC 2104 section 5 asks for at least half of the hash.
_SIGNATURE_BYTES = 16

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
        """Take the key, or several with commas between: the first signs, all of them verify.

        Raises MailError where there is none.
        """
        self._keys = tuple(key.strip().encode() for key in secret_key.split(",") if key.strip())
        self._purpose = purpose
        if not self._keys:
            raise MailError("CAMPAIGN_SECRET_KEY is empty; set it, for unsubscribe links are signed with it.")

    def issue(self, message_id: int, campaign_id: int) -> str:
        """Return the token of a message; the same ids give the same token as long as the key stays."""
        return self._signed(self._keys[0], _CLAIMS.pack(message_id, campaign_id))

    def read(self, token: str) -> TokenClaims | None:
        """Return what a token says, or None for one that no key of ours has signed."""
        if not _TOKEN.fullmatch(token):
            return None
        claims = urlsafe_b64decode(token + "=")[: _CLAIMS.size]
        # The whole token is made again and compared, so that no second spelling of its base64 passes.
        genuine = [hmac.compare_digest(self._signed(key, claims), token) for key in self._keys]
        return TokenClaims(*_CLAIMS.unpack(claims)) if any(genuine) else None

    def _signed(self, key: bytes, claims: bytes) -> str:
        signature = hmac.digest(key, self._purpose + claims, "sha256")[:_SIGNATURE_BYTES]
        return urlsafe_b64encode(claims + signature).decode("ascii").rstrip("=")


def url(public_url: str, token: str) -> str:
    """The address of the unsubscribe page, for the mail's link and its List-Unsubscribe header alike."""
    return f"{public_url.rstrip('/')}/unsubscribe/{token}"
