"""Requests and responses as the AWS protocols need them."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True, slots=True)
class Request:
    """A request read whole. `raw_path` is still percent-encoded; header names are in lower case."""

    method: str
    raw_path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        """Return the fields of an AWS query request."""
        return {
            name: values[0]
            for name, values in parse_qs(self.body.decode(errors="replace"), keep_blank_values=True).items()
        }

    def parameters(self) -> dict[str, list[str]]:
        """Return the parameters of the query string."""
        return parse_qs(self.query)


@dataclass(frozen=True, slots=True)
class Response:
    """A response to be written whole."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)


def json_response(
    content: Any,
    status: int = 200,
    headers: dict[str, str] | None = None,
    content_type: str = "application/json",
) -> Response:
    """Return a JSON response."""
    return Response(status, json.dumps(content, separators=(",", ":")).encode(), content_type, headers or {})
