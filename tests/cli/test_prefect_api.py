"""A Prefect server that cannot be used, named by asking it."""

import http.server
import threading
from collections.abc import Callable, Iterator

import pytest

from cli import runs
from cli.prefect_api import PrefectUnusable, explained
from lists.errors import ListError

Serve = Callable[[dict[str, int]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve answers by path, 404 for any other; give the address."""
    servers: list[http.server.HTTPServer] = []

    def start(answers: dict[str, int]) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(answers.get(self.path, 404))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        servers.append(http.server.HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def told(url: str) -> tuple[str, int]:
    err = explained(url, RuntimeError("Failed to reach API"))
    return err.format_message(), err.exit_code


@pytest.mark.parametrize(
    "url", ["localhost:4200/api", "127.0.0.1", "http://", "http://[", "http://a:many/api", ""]
)
def test_what_is_no_address_is_named(url: str) -> None:
    sentence, code = told(url)
    assert (sentence.startswith("PREFECT_API_URL is no address"), code) == (True, 2)


def test_a_server_that_is_down_is_an_outage_and_its_password_stays_unsaid() -> None:
    sentence, code = told("http://ann:hush-hush@127.0.0.1:9/api")
    assert "at http://127.0.0.1:9/api does not answer (Connection refused): start it" in sentence
    assert (code, "hush-hush" in sentence) == (1, False)


def test_an_address_without_api_is_given_with_it(serve: Serve) -> None:
    url = serve({"/api/health": 200})
    for spelling in (url, f"{url}/"):
        sentence, code = told(spelling)
        assert (f"set PREFECT_API_URL to {url}/api" in sentence, code) == (True, 2)


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_wants_a_key_is_named(serve: Serve, status: int) -> None:
    sentence, code = told(f"{serve({'/api/health': status})}/api")
    assert ("PREFECT_API_KEY" in sentence, code) == (True, 2)


def test_a_server_that_is_well_is_not_blamed_for_its_address(serve: Serve) -> None:
    sentence, code = told(f"{serve({'/api/health': 200})}/api")
    assert ("did not take the run (RuntimeError)" in sentence, code) == (True, 1)


def test_an_error_of_our_own_keeps_its_sentence() -> None:
    with pytest.raises(ListError, match="as it is"), runs._in_one_sentence():
        raise ListError("as it is")


def test_any_other_error_of_a_run_that_was_not_made_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "nowhere")
    with pytest.raises(PrefectUnusable), runs._in_one_sentence():
        raise RuntimeError("Failed to reach API")
