"""Whether Amazon SNS signed a notification: its canonical text, its signature, its certificate.

Version 1 is SHA-1 and version 2 SHA-256, both RSA with PKCS #1 v1.5 over the fields of `_SIGNED`, by the
certificate at `SigningCertURL`:
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

# In this order, each with its name; the subject only where there is one.
_SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}

# Given the certificate's URL and the topic's ARN, the certificate's key, or None where there is no way to it.
KeyOf = Callable[[str, str], RSAPublicKey | None]


class Signature(Enum):
    """What a notification's signature shows."""

    RIGHT = "right"
    WRONG = "wrong"
    # There is none, it is of a version that is not known, or its certificate is out of reach.
    UNKNOWN = "unknown"


def check(notification: Mapping[str, Any], key_of: KeyOf) -> Signature:
    """Return what the signature of an SNS notification shows."""
    algorithm = _HASHES.get(str(notification.get("SignatureVersion")))
    signature, url = notification.get("Signature"), notification.get("SigningCertURL")
    topic = notification.get("TopicArn")
    if algorithm is None or not all(isinstance(each, str) and each for each in (signature, url, topic)):
        return Signature.UNKNOWN
    key = key_of(str(url), str(topic))
    if key is None:
        return Signature.UNKNOWN
    try:
        key.verify(
            base64.b64decode(str(signature), validate=True),
            canonical(notification),
            padding.PKCS1v15(),
            algorithm,
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return Signature.WRONG
    return Signature.RIGHT


def canonical(notification: Mapping[str, Any]) -> bytes:
    """Return the text that SNS signs."""
    parts = [f"{name}\n{notification[name]}\n" for name in _SIGNED if isinstance(notification.get(name), str)]
    return "".join(parts).encode("utf-8", "surrogatepass")
