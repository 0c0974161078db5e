"""The form of one e-mail in a request, and what pydantic found wrong with it in one sentence."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, FailFast, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from api.errors import Code, Refusal
from mail.addresses import CONTROL, MAX_HEADER_LENGTH

# Far below what SES takes of a message (mail.ses_limits), however its letters are written.
MAX_TEXT_CHARACTERS = 120_000
MAX_CALLBACKS = 10
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")
# No database and no mail takes a NUL, nor half of a surrogate pair.
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


def _one_line(text: str) -> str:
    if CONTROL.search(text):
        raise PydanticCustomError(
            "control_character",
            "holds a line break or another control character, which must not get into a header: take it out",
        )
    return _filled(text)


def _filled(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "is empty: fill it in")
    return text


def _writable(text: str) -> str:
    if _UNWRITABLE.search(text):
        raise PydanticCustomError("control_character", "holds a NUL or half a character: take it out")
    return _filled(text)


def _alphanumeric(text: str) -> str:
    if not _ALPHANUMERIC.fullmatch(text):
        raise PydanticCustomError("alphanumeric", "must hold letters and digits alone")
    return text


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _urls(urls: tuple[str, ...]) -> tuple[str, ...]:
    for url in urls:
        if not _is_url(url):
            raise PydanticCustomError("url", "must hold https:// or http:// addresses alone")
    return tuple(dict.fromkeys(urls))


def _is_url(text: str) -> bool:
    if CONTROL.search(text) or " " in text or not text.isascii():
        return False
    try:
        parts = urlsplit(text)
        # A port that is no number raises as well.
        return parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


LANGUAGE = r"^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*$"
Line = Annotated[str, AfterValidator(_one_line)]


EXAMPLE: dict[str, Any] = {
    "to": "someone@mail.example",
    "from": "news@shop.example",
    "text": "we have a new offer this week",
    "subject": "EliPackage Promo",
    "externalId": "123456789abcde",
    "clientId": "48118112",
    "callbacks": ["https://shop.example/hook"],
    "alias": "New User",
}


class NewEmail(BaseModel):
    """One e-mail as a program asks for it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        json_schema_extra={"examples": [EXAMPLE]},
    )

    to: Annotated[Line, Field(max_length=320)] = Field(description="The recipient's address.")
    sender: Annotated[Line, Field(max_length=MAX_HEADER_LENGTH)] = Field(
        alias="from", description="The sender's verified address, or `Name <address>`."
    )
    text: Annotated[str, AfterValidator(_writable), Field(max_length=MAX_TEXT_CHARACTERS)] = Field(
        description="The content, plain text or HTML."
    )
    subject: Annotated[Line, Field(max_length=MAX_HEADER_LENGTH)] = Field(description="The subject line.")
    external_id: Annotated[str, AfterValidator(_alphanumeric), Field(max_length=128)] | None = Field(
        default=None, alias="externalId", description="An identifier for reports: letters and digits."
    )
    client_id: Annotated[Line, Field(max_length=200)] | None = Field(
        default=None, alias="clientId", description="Your user's identifier; it comes back in callbacks."
    )
    callbacks: Annotated[
        tuple[Annotated[str, Field(max_length=2_000)], ...],
        FailFast(),
        BeforeValidator(_split, json_schema_input_type=list[str] | str),
        AfterValidator(_urls),
        Field(max_length=MAX_CALLBACKS, strict=False),
    ] = Field(
        default=(),
        description="Webhooks that are told of every change of the status: a list, or commas between them.",
    )
    alias: Annotated[Line, Field(max_length=200)] | None = Field(
        default=None, description="A label of your own for the recipient."
    )
    language: Annotated[str, Field(max_length=35, pattern=LANGUAGE)] | None = Field(
        default=None,
        description="Of the unsubscribe page, such as de; else the one that the reader's browser asks for.",
    )


FIELDS = frozenset(field.alias or name for name, field in NewEmail.model_fields.items())


def unknown(name: str) -> Refusal:
    """Return the refusal of a field that no e-mail has."""
    return Refusal(422, Code.INVALID, f"`{name}` {_TOLD['extra_forbidden']}.", name)


def refusal_of(error: ValidationError) -> Refusal:
    """Return the first fault of an e-mail as a refusal."""
    fault = error.errors(include_url=False)[0]
    if fault["type"] == "json_invalid":
        return Refusal(400, Code.NOT_JSON, "The body is not JSON.", "body")
    # What stands behind the field's name is the place inside a list, or pydantic's own branch.
    name = str(fault["loc"][0]) if fault["loc"] else "body"
    code = Code.CONTROL_CHARACTER if fault["type"] == "control_character" else Code.INVALID
    return Refusal(422, code, f"`{name}` {_told(fault)}.", name)


_TOLD: Mapping[str, str] = {
    "missing": "is missing: it is required",
    "extra_forbidden": "is not a field of an e-mail: leave it out",
    "string_type": "must be text",
    "string_too_long": "is longer than {max_length} characters: shorten it",
    "tuple_type": "must be a list of addresses, or text with commas between them",
    "string_pattern_mismatch": "must be the code of a language, such as de, fr or pt-BR",
    "too_long": "holds more than {max_length} entries: leave some out",
    "model_type": "must be an object with the fields of an e-mail",
}


def _told(fault: ErrorDetails) -> str:
    kind = fault["type"]
    if kind == "too_long" and isinstance(fault["input"], str):
        kind = "string_too_long"
    told = _TOLD.get(kind, fault["msg"])
    return told.format(**fault.get("ctx", {}))
