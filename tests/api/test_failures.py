"""What goes wrong on the way to a page is told on a page, in the reader's language."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fastapi import Request, Response
from sqlalchemy.exc import OperationalError

from api import failures
from api.thread_pools import TooLate

Handler = Callable[[Request, Exception], Awaitable[Response]]


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (failures.not_now, OperationalError("SELECT 1", {}, Exception("away"))),
        (failures.unavailable, TooLate("the ledger", 5)),
    ],
    ids=["the ledger is away", "too many wait"],
)
@pytest.mark.parametrize("path", failures.PAGES)
def test_a_page_that_cannot_be_had_now_says_so_in_words(
    handler: Handler, error: Exception, path: str
) -> None:
    headers = [(b"accept-language", b"de")]
    request = Request({"type": "http", "method": "GET", "path": f"{path}/token", "headers": headers})
    answer = asyncio.run(handler(request, error))
    assert (answer.status_code, answer.headers["content-language"]) == (503, "de")
    assert "Retry-After" in answer.headers
    assert b"<h1" in bytes(answer.body)
