"""Requests made up from the API's own description: none breaks it, every answer is one that it describes.

`API_EXAMPLES=500` tries more of them (`make fuzz-api`).
"""

import os
from collections.abc import Callable
from html.parser import HTMLParser
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


class Landmarks(HTMLParser):
    """Collects the landmarks of a page, what stands outside of them, and what scrolls there."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, str | None]] = []
        self.ids: set[str | None] = set()
        self.outside: list[str] = []
        self.unreachable: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids.add(named.get("id"))
        if tag in ("header", "nav", "main", "section"):
            self.open.append(tag)
            self.found.append((tag, named.get("aria-label") or named.get("aria-labelledby")))
        elif tag in ("h1", "h2", "p", "pre", "table", "details") and not self.open:
            self.outside.append(tag)
        if tag == "pre" and not (named.get("tabindex") == "0" and named.get("aria-label")):
            self.unreachable.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and tag == self.open[-1]:
            self.open.pop()


def test_the_page_has_landmarks_and_what_scrolls_can_be_focused(client: TestClient) -> None:
    page = Landmarks()
    page.feed(client.get("/docs").text)
    tags = [tag for tag, _ in page.found]
    assert [tags.count(tag) for tag in ("header", "nav", "main")] == [1, 1, 1]
    assert page.outside == []
    assert page.unreachable == []
    named = [name for tag, name in page.found if tag == "section"]
    assert len(named) > 10
    assert set(named) <= page.ids


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
