"""GET /docs: the OpenAPI description as a page that loads nothing from elsewhere."""

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from api import pages

router = APIRouter(include_in_schema=False)


@router.get("/docs")
def docs(request: Request) -> Response:
    """Show every address of the API with its fields and examples."""
    described = request.app.openapi()
    return pages.respond(
        "docs.html.j2", title=described["info"]["title"], operations=list(_operations(described))
    )


def _operations(described: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = _resolved(described, body.get("schema", {}))
            found.append(
                {
                    "method": method.upper(),
                    "path": path,
                    "summary": operation.get("summary", ""),
                    "description": operation.get("description", ""),
                    "key": bool(operation.get("security")),
                    "parameters": [
                        (each["name"], each["in"], each["schema"].get("default"), each.get("description", ""))
                        for each in operation.get("parameters", [])
                    ],
                    "fields": [
                        (name, name in schema.get("required", ()), field.get("description", ""))
                        for name, field in schema.get("properties", {}).items()
                    ],
                    "request": _pretty(body.get("example") or next(iter(schema.get("examples", [])), None)),
                    "answers": [
                        (status, answer["description"], _pretty(_example(answer)))
                        for status, answer in operation["responses"].items()
                    ],
                }
            )
    return found


def _resolved(described: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one item, wherever it stands."""
    schema = next(iter(schema.get("anyOf", [])), schema)
    if "$ref" in schema:
        found: dict[str, Any] = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _example(answer: dict[str, Any]) -> Any:
    return answer.get("content", {}).get("application/json", {}).get("example")


def _pretty(value: Any) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
