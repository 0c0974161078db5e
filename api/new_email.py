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
# An address after a comma; within one it is written so only by mistake.
_SEVERAL = re.compile(r",\s*https?:", re.IGNORECASE)
# Longer than any text field takes.
_FIRST_LONG_NUMBER = 10**200
CALLBACKS_EXAMPLE = '["https://shop.example/hook"]'
_ADDRESSES = f"must hold https:// addresses alone, such as {CALLBACKS_EXAMPLE}"
_COMMA = "or write %2C for a comma that belongs to an address"
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


def _text_or_nothing(value: object) -> object:
    """Take a whole number for its digits, as programs keep identifiers, and a blank text for none."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < _FIRST_LONG_NUMBER:
        return str(value)
    return None if isinstance(value, str) and not value.strip() else value


def _entries(value: object) -> object:
    """Return the entries of a list, or of a text with commas between them; a comma at the end adds none."""
    match value:
        case None:
            return []
        case str():
            parts = [part for each in value.split(",") if (part := each.strip())]
            if len(parts) > 1 and not all(map(_is_url, parts)):
                raise PydanticCustomError("url", f"{_ADDRESSES}; use a list, {_COMMA}")
            return parts
        case list():
            return [each.strip().rstrip(", ") if isinstance(each, str) else each for each in value]
    return value


def _urls(urls: tuple[str, ...]) -> tuple[str, ...]:
    for url in urls:
        if _SEVERAL.search(url):
            raise PydanticCustomError(
                "url",
                f"holds several addresses in one entry: make each an entry of its own, {_COMMA}",
            )
        if not _is_url(url):
            raise PydanticCustomError(
                "url", f"must hold https:// addresses alone, such as {CALLBACKS_EXAMPLE}"
            )
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
_Optional = BeforeValidator(_text_or_nothing, json_schema_input_type=str | int | None)


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
    external_id: Annotated[
        Annotated[str, AfterValidator(_alphanumeric), Field(max_length=128)] | None, _Optional
    ] = Field(
        default=None,
        alias="externalId",
        description="An identifier for reports: letters and digits, or a whole number.",
    )
    client_id: Annotated[Annotated[Line, Field(max_length=200)] | None, _Optional] = Field(
        default=None,
        alias="clientId",
        description="Your user's identifier, text or a whole number; it comes back in callbacks.",
    )
    callbacks: Annotated[
        tuple[Annotated[str, Field(max_length=2_000)], ...],
        FailFast(),
        BeforeValidator(_entries, json_schema_input_type=list[str] | str | None),
        AfterValidator(_urls),
        Field(max_length=MAX_CALLBACKS, strict=False),
    ] = Field(
        default=(),
        description="Webhooks that are told of every change of the status: a list, or commas between them.",
    )
    alias: Annotated[Annotated[Line, Field(max_length=200)] | None, _Optional] = Field(
        default=None, description="A label of your own for the recipient, text or a whole number."
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
    # Of the list's entries and of optional fields.
    "callbacks": _ADDRESSES,
    "optional": "must be text or a whole number, or be left out",
    "string_too_long": "is longer than {max_length} characters: shorten it",
    "tuple_type": f"must be a list such as {CALLBACKS_EXAMPLE}, or text with commas between addresses",
    "string_pattern_mismatch": "must be the code of a language, such as de, fr or pt-BR",
    "too_long": "holds more than {max_length} entries: leave some out",
    "model_type": "must be an object with the fields of an e-mail",
}


def _told(fault: ErrorDetails) -> str:
    kind = fault["type"]
    if kind == "string_type" and fault["loc"][0] in ("callbacks", "externalId", "clientId", "alias"):
        kind = "callbacks" if fault["loc"][0] == "callbacks" else "optional"
    if kind == "too_long" and isinstance(fault["input"], str):
        kind = "string_too_long"
    told = _TOLD.get(kind, fault["msg"])
    return told.format(**fault.get("ctx", {}))
