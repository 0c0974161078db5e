"""Refusals: a code for programs, one sentence for people, and the field that is at fault."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """What a refusal is about. Codes are never renamed."""

    INVALID = "invalid"
    NOT_JSON = "not_json"
    BODY_TOO_LARGE = "body_too_large"
    TOO_MANY_ITEMS = "too_many_items"
    CONTROL_CHARACTER = "control_character"
    UNCOMPOSABLE = "uncomposable"
    MALFORMED_RECIPIENT = "malformed_recipient"
    ROLE_ALIAS = "role_alias"
    NO_MX = "no_mx"
    SUPPRESSED = "suppressed"
    UNCONFIRMED = "unconfirmed"
    MALFORMED_SENDER = "malformed_sender"
    UNVERIFIED_SENDER = "unverified_sender"
    ACCOUNT_SUSPENDED = "account_suspended"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    TOO_MANY_REQUESTS = "too_many_requests"
    TOO_SLOW = "too_slow"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done. `field` names the part of the request, "" where it is none."""

    status: int
    code: Code
    message: str
    field: str = ""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code.value, "message": self.message, "field": self.field or None}


class Refused(Exception):
    """Ends a request with a refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
