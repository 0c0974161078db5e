"""What the OpenAPI page says of requests and answers that are read and written by hand."""

from typing import Any

from api.new_email import NewEmail

_EMAIL = NewEmail.model_json_schema(by_alias=True)
_EXAMPLE = _EMAIL["examples"][0]
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
_ACCEPTED = {
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


def _answer(description: str, data: dict[str, Any], example: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": ["meta", "data"], "properties": {"meta": _META, "data": data}}
    return {
        "description": description,
        "content": {
            "application/json": {"schema": schema, "example": {"meta": _META_EXAMPLE, "data": example}}
        },
    }


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
    422: refusal("A field is missing or cannot be used: the first one is named"),
    429: refusal("Too many requests: come again after Retry-After seconds"),
    503: refusal("The ledger or SES does not answer"),
}

_ITEM = {"anyOf": [_ACCEPTED, {"type": "object", "required": ["error"], "properties": {"error": _ERROR}}]}

POSTED: dict[str, Any] = {
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "anyOf": [_EMAIL, {"type": "array", "items": _EMAIL, "minItems": 1, "maxItems": 1000}]
                    },
                    "example": _EXAMPLE,
                }
            },
        }
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
        403: refusal("The account is suspended"),
        409: refusal("The Idempotency-Key was used for another request"),
        413: refusal("The body is too large"),
        **REFUSALS,
    },
}
