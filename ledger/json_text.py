"""JSON, quickly; and what is not quite JSON all the same, for Python's own encoder has written that too."""

import json
from typing import Any

import orjson


def decoded(text: str | bytes) -> Any:
    """Return what the text says. Raises ValueError where it is no JSON, and RecursionError."""
    try:
        return orjson.loads(text)
    except ValueError:
        # Half a surrogate pair, NaN, or nesting deeper than it likes.
        return json.loads(text)


def encoded(value: object, *, sort_keys: bool = False) -> bytes:
    """Return the value as JSON in UTF-8, without blanks between its parts."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort_keys else None)
    except TypeError:
        # Half a surrogate pair has no UTF-8, and a number may be longer than 64 bits.
        return json.dumps(value, sort_keys=sort_keys, separators=(",", ":")).encode()
