"""What SES takes as an address, a tag or a header. Each check raises ValueError with SES's reason."""

import re
from email.utils import parseaddr
from typing import Any

# Limits of the API model: MessageTag, MessageHeader, MessageHeaderList.
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_HEADER_NAME = re.compile(r"[!-9;-~]{1,126}")
_HEADER_VALUE = re.compile(r"[ -~]{1,995}")
_MOST_HEADERS = 15
_LONGEST_HEADER = 996
# https://docs.aws.amazon.com/ses/latest/dg/header-fields.html: SES sets these itself.
_OWN_HEADERS = {
    "bcc", "cc", "content-disposition", "content-type", "date", "from", "message-id", "mime-version",
    "reply-to", "return-path", "subject", "to",
}  # fmt: skip
_UNWELCOME = re.compile(r"[\s\x00-\x1f\x7f,;<>()\[\]\\]")


def bare_address(value: object) -> str:
    """Return the address in `Name <a@b>` or in itself."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("Missing final '@domain'")
    address = value.strip()
    if address.endswith(">"):
        address = parseaddr(address)[1]
    local, at, domain = address.rpartition("@")
    if not at or not domain:
        raise ValueError("Missing final '@domain'")
    if not local:
        raise ValueError("Missing local name")
    if not address.isascii():
        # SES takes no SMTPUTF8; a domain has to come as A-labels.
        where = "Local address" if not local.isascii() else "Domain"
        raise ValueError(f"{where} contains non-ASCII characters")
    if not local.startswith('"') and ("@" in local or _UNWELCOME.search(local)):
        raise ValueError("Local address contains control or whitespace")
    if _UNWELCOME.search(domain):
        raise ValueError("Domain contains control or whitespace")
    if domain.startswith(".") or domain.endswith("."):
        raise ValueError("Domain starts or ends with dot")
    if ".." in domain:
        raise ValueError("Domain contains dot-dot")
    if len(address) > 320:
        raise ValueError("Address length is more than 320 characters long")
    return address


def tags(values: Any) -> dict[str, str]:
    """Return a list of {Name, Value} as a mapping."""
    found: dict[str, str] = {}
    for tag in values or []:
        name, value = tag.get("Name"), tag.get("Value")
        for part, kind in ((name, "name"), (value, "value")):
            if not isinstance(part, str) or not _TAG.fullmatch(part):
                raise ValueError(
                    f"Invalid tag {kind} <{part}>: only alphanumeric ASCII characters, '_' and '-' "
                    "are allowed, at most 256 of them."
                )
        if name in found:
            raise ValueError(f"Duplicate tag name <{name}>.")
        found[name] = value
    return found


def headers(*lists: Any) -> list[tuple[str, str]]:
    """Return lists of {Name, Value} as one; a later list replaces the headers of an earlier one."""
    merged: dict[str, list[tuple[str, str]]] = {}
    for values in lists:
        own: dict[str, list[tuple[str, str]]] = {}
        for header in values or []:
            name, value = header.get("Name"), header.get("Value")
            _check_header(name, value)
            own.setdefault(name.lower(), []).append((name, value))
        merged |= own
    found = [header for same in merged.values() for header in same]
    if len(found) > _MOST_HEADERS:
        raise ValueError(f"Too many headers: {len(found)}, at most {_MOST_HEADERS} are allowed.")
    return found


def _check_header(name: object, value: object) -> None:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise ValueError("Invalid header name: 1 to 126 printable ASCII characters, without a colon.")
    if name.lower() in _OWN_HEADERS:
        raise ValueError(f"Header <{name}> is not allowed: Amazon SES sets it.")
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise ValueError(f"Invalid value of header <{name}>: 1 to 995 printable ASCII characters.")
    if len(name) + len(value) > _LONGEST_HEADER:
        raise ValueError(f"Header <{name}> is longer than {_LONGEST_HEADER} characters with its value.")
