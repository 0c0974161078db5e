"""The MD5 of message attributes, as SQS computes it and SDKs check it."""

import base64
import hashlib
from typing import Any


def attributes_md5(attributes: dict[str, Any]) -> str:
    """Return the hex digest.

    The encoding is that of the developer guide, "Calculating the MD5 message digest for message
    attributes": by name, each part after its length in four bytes, big-endian; transport type 1 is text
    and 2 is binary.
    """
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        data_type = str(attribute["DataType"])
        _part(digest, name.encode())
        _part(digest, data_type.encode())
        if data_type.startswith("Binary"):
            digest.update(b"\x02")
            _part(digest, base64.b64decode(attribute["BinaryValue"]))
        else:
            digest.update(b"\x01")
            _part(digest, str(attribute["StringValue"]).encode())
    return digest.hexdigest()


def _part(digest: "hashlib._Hash", value: bytes) -> None:
    digest.update(len(value).to_bytes(4))
    digest.update(value)
