"""What the OpenAPI page says of requests and answers that are read and written by hand."""

from typing import Any

from api.checking import DEFAULT_UNSUBSCRIBE_TEXT
from api.new_email import EXAMPLE, NewEmail

MAX_EMAILS = 1_000
MAX_UNSUBSCRIBE_TEXT = 200
MAX_KEY = 255

_EMAIL = NewEmail.model_json_schema(by_alias=True)
_EXAMPLE = dict(EXAMPLE)
_META = {
    "type": "object",
    "required": ["timestamp", "transactionId"],
    "properties": {
        "timestamp": {"type": "integer", "description": "Epoch milliseconds."},
        "transactionId": {"type": "string"},
    },
}
_META_EXAMPLE = {"timestamp": 1764114000000, "transactionId": "1f9ca37b-4d1c-4a56-9c39-0f6b6a0b8f51"}
_ERROR = {
    "type": "object",
    "required": ["code", "message", "field"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "field": {"type": ["string", "null"]},
    },
}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_ACCEPTED: dict[str, Any] = {
    "type": "object",
    "required": ["id", "to", "from", "userName", "operator", "text", "status", "subject"],
    "properties": {
        **{name: {"type": "string"} for name in ("id", "to", "from", "userName", "operator", "text")},
        "status": {"type": "string"},
        "subject": {"type": "string"},
        "externalId": _TEXT_OR_NULL,
        "clientId": _TEXT_OR_NULL,
        "callbacks": {"type": "array", "items": {"type": "string"}},
        "alias": _TEXT_OR_NULL,
    },
}
_ACCEPTED_EXAMPLE = {
    "id": "67f6bce6cd0f6b6a0b8f",
    "to": _EXAMPLE["to"],
    "from": _EXAMPLE["from"],
    "userName": "EliPackage",
    "operator": "EliPackage",
    "text": _EXAMPLE["text"],
    "status": "QUEUED",
    **{name: _EXAMPLE[name] for name in ("subject", "externalId", "clientId", "callbacks", "alias")},
}
_REFUSED_EXAMPLE = {
    "code": "malformed_recipient",
    "message": "`to` is not an e-mail address: An email address must have an @-sign.",
    "field": "to",
}


def _answer(
    description: str, data: dict[str, Any], example: Any, more: dict[str, Any] | None = None
) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["meta", "data", *(more or {})],
        "properties": {"meta": _META, "data": data, **{name: {"type": kind} for name, kind in _kinds(more)}},
    }
    whole = {"meta": _META_EXAMPLE, "data": example, **(more or {})}
    return {
        "description": description,
        "content": {"application/json": {"schema": schema, "example": whole}},
    }


def _kinds(more: dict[str, Any] | None) -> list[tuple[str, list[str]]]:
    return [(name, ["integer", "null"]) for name in more or {}]


def refusal(description: str) -> dict[str, Any]:
    """Return the description of an answer that refuses."""
    schema = {"type": "object", "required": ["meta", "error"], "properties": {"meta": _META, "error": _ERROR}}
    example = {"meta": _META_EXAMPLE, "error": _REFUSED_EXAMPLE}
    return {
        "description": description,
        "content": {"application/json": {"schema": schema, "example": example}},
    }


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: refusal("The request cannot be read"),
    401: refusal("No key, or one that is not good"),
    404: refusal("There is no such thing, or it is another owner's"),
    413: refusal("The body is too large"),
    422: refusal("A field is missing or cannot be used: the first one is named"),
    429: refusal("Too many requests: come again after Retry-After seconds"),
    503: refusal("The ledger or SES does not answer"),
}

_ITEM = {"anyOf": [_ACCEPTED, {"type": "object", "required": ["error"], "properties": {"error": _ERROR}}]}

POSTED: dict[str, Any] = {
    "openapi_extra": {
        "security": [{"HTTPBearer": []}],
        "parameters": [
            {
                "name": "unsubscribeMsg",
                "in": "query",
                "description": "What the unsubscribe link says.",
                "schema": {
                    "type": "string",
                    "default": DEFAULT_UNSUBSCRIBE_TEXT,
                    "minLength": 1,
                    "maxLength": MAX_UNSUBSCRIBE_TEXT,
                },
            },
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "Sent again with the same key within 24 hours, a request is done once.",
                "schema": {"type": "string", "maxLength": MAX_KEY},
            },
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "anyOf": [
                            _EMAIL,
                            {"type": "array", "items": _EMAIL, "minItems": 1, "maxItems": MAX_EMAILS},
                        ]
                    },
                    "example": _EXAMPLE,
                }
            },
        },
    },
    "responses": {
        202: _answer(
            "Accepted", {"anyOf": [_ACCEPTED, {"type": "array", "items": _ACCEPTED}]}, _ACCEPTED_EXAMPLE
        ),
        207: _answer(
            "A list of which some were refused",
            {"type": "array", "items": _ITEM},
            [_ACCEPTED_EXAMPLE, {"error": _REFUSED_EXAMPLE}],
        ),
        403: refusal("The account is suspended, or the sender is another owner's"),
        409: refusal("The Idempotency-Key was used for another request"),
        **REFUSALS,
    },
}

_SHOWN: dict[str, Any] = {
    "type": "object",
    "required": [*_ACCEPTED["required"], "campaign", "createdAt", "diagnostic"],
    "properties": {
        **_ACCEPTED["properties"],
        "operator": _TEXT_OR_NULL,
        "text": _TEXT_OR_NULL,
        "campaign": _TEXT_OR_NULL,
        "createdAt": {"type": "integer"},
        "diagnostic": _TEXT_OR_NULL,
    },
}
_SHOWN_EXAMPLE = {
    **_ACCEPTED_EXAMPLE,
    "status": "DELIVERED",
    "campaign": None,
    "createdAt": 1764114000000,
    "diagnostic": None,
}
_STEP = {
    "type": "object",
    "required": ["timestamp", "status", "diagnostic"],
    "properties": {
        "timestamp": {"type": "integer"},
        "status": {"type": "string"},
        "diagnostic": _TEXT_OR_NULL,
    },
}
_HISTORY_EXAMPLE = [
    {"timestamp": 1764114000000 + after, "status": status, "diagnostic": None}
    for after, status in ((0, "QUEUED"), (130, "SENDING"), (170, "SENT"), (900, "DELIVERED"))
]

LISTED: dict[str, Any] = {
    "responses": {
        200: _answer("A page", {"type": "array", "items": _SHOWN}, [_SHOWN_EXAMPLE], {"next": None}),
        **{status: REFUSALS[status] for status in (401, 422, 429, 503)},
    }
}
SHOWN: dict[str, Any] = {
    "responses": {
        200: _answer(
            "The e-mail",
            {
                **_SHOWN,
                "properties": {**_SHOWN["properties"], "history": {"type": "array", "items": _STEP}},
            },
            {**_SHOWN_EXAMPLE, "history": _HISTORY_EXAMPLE},
        ),
        **{status: REFUSALS[status] for status in (401, 404, 422, 429, 503)},
    }
}
_REPORT_EXAMPLE = {
    "name": "spring-offer",
    "state": "COMPLETED",
    "recipients": 4216,
    "by_status": {"DELIVERED": 4178, "HARD_BOUNCED": 38},
    "bounce_rate": 0.009,
    "complaint_rate": 0.0,
    "halt": None,
}
REPORTED: dict[str, Any] = {
    "responses": {
        200: _answer("The figures", {"type": "object"}, _REPORT_EXAMPLE),
        **{status: REFUSALS[status] for status in (401, 404, 422, 429, 503)},
    }
}
_SENDER = {
    "type": "object",
    "required": ["address", "status", "message"],
    "properties": {
        "address": {"type": "string"},
        "status": {"type": "string", "enum": ["verified", "pending", "failed", "unknown"]},
        "message": {"type": "string"},
    },
}
_SENDER_EXAMPLE = {
    "address": "news@shop.example",
    "status": "pending",
    "message": "news@shop.example is not verified yet: click the link in the confirmation mail "
    "that Amazon SES has sent to it.",
}
SENDER_ASKED: dict[str, Any] = {
    "responses": {
        202: _answer("Asked for", _SENDER, _SENDER_EXAMPLE),
        403: refusal("It is another owner's sender"),
        **{status: REFUSALS[status] for status in (400, 401, 413, 422, 429, 503)},
    }
}
SENDER_SHOWN: dict[str, Any] = {
    "responses": {
        200: _answer("Where it stands", _SENDER, _SENDER_EXAMPLE),
        **{status: REFUSALS[status] for status in (401, 404, 422, 429, 503)},
    }
}
