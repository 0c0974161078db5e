"""A key of the sandbox's own, with which its SNS signs as AWS's does, and the certificate to look it up by.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import datetime
import hashlib
from collections.abc import Mapping
from functools import cached_property, lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

# The smallest that can be made: it guards nothing, and every event is signed.
_BITS = 1024
_SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}


class Signer:
    """Signs notifications with a key that lives as long as this process."""

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(65_537, _BITS)

    @cached_property
    def certificate(self) -> bytes:
        """The certificate of the key, in PEM."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.sandbox.example")])
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(name, name, self._key.public_key(), x509.random_serial_number())
        day = datetime.timedelta(days=1)
        builder = builder.not_valid_before(now - day).not_valid_after(now + 365 * day)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    @cached_property
    def path(self) -> str:
        """Where the certificate is got: another path for another key."""
        return f"/SimpleNotificationService-{hashlib.sha256(self.certificate).hexdigest()[:32]}.pem"

    def sign(self, envelope: Mapping[str, object], version: str) -> str:
        """Return the signature of a notification in base64; version 1 is by SHA-1, 2 by SHA-256."""
        text = "".join(f"{name}\n{envelope[name]}\n" for name in _SIGNED if name in envelope)
        signature = self._key.sign(
            text.encode("utf-8", "surrogatepass"), padding.PKCS1v15(), _HASHES.get(version, _HASHES["1"])
        )
        return base64.b64encode(signature).decode()


@lru_cache(maxsize=1)
def signer() -> Signer:
    """Return the one signer of this process."""
    return Signer()
