"""Requests made up from the API's own description: none breaks it, every answer is one that it describes.

`API_EXAMPLES=500` tries more of them (`make fuzz-api`).
"""

import os
from collections.abc import Callable
from pathlib import Path

import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks

from api.errors import Code

EXAMPLES = int(os.environ.get("API_EXAMPLES", "12"))

load_all_checks()
CHECKED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    ]
)


def test_no_request_breaks_the_api(client: TestClient) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    key = dict(client.headers)
    tried = 0

    for operation in schema.get_all_operations():
        # Schemathesis' own plugin does not know this pytest, and Hypothesis alone serves.
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.ok().as_strategy())
        def try_it(case: Case) -> None:
            nonlocal tried
            tried += 1
            case.validate_response(case.call(headers=key), checks=CHECKED)

        try_it()
    assert tried > EXAMPLES


def test_the_page_shows_every_operation_and_loads_nothing(
    client: TestClient, client_of: Callable[..., TestClient]
) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    described = client.get("/openapi.json").json()
    for path in described["paths"]:
        assert f"</b> {path}</h2>" in page.text
    assert "EliPackage Promo" in page.text
    assert "<script" not in page.text
    assert 'src="' not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_what_is_written_by_hand_has_an_answer_with_an_example(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    without = [
        (method, path)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if path.startswith(("/emails", "/senders", "/reports"))
        and not any(
            "example" in content
            for status, answer in operation["responses"].items()
            if status.startswith("2")
            for content in answer.get("content", {}).values()
        )
    ]
    assert without == []


def test_the_page_about_the_api_has_every_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
    assert [code.value for code in Code if f"`{code.value}`" not in page] == []
