"""The pages behind the links in mail, on a phone: looking changes nothing, each button does what it says."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from browser import DESK, PHONE, Browser
from pydantic import SecretStr
from sqlalchemy import select

from api.main import create_app
from ledger import owners, sign_ups, subscribers, suppressions
from ledger.engine import Ledger, open_ledger
from ledger.enqueueing import NewCampaign, NewMessage, enqueue
from ledger.schema import message
from ledger.sign_ups import NewSignUp
from ledger.singles import NewSingle
from mail.unsubscribe import CONFIRM, Tokens
from settings import Settings

KEY = "a key for looking at pages with"
FROM = "Bright Books <news@brightbooks.example>"
LIST = "Weekly letter for readers of crime novels"
WORDS = "Yes, send me the weekly letter with offers from Bright Books. I can leave it at any time."


@dataclass(frozen=True, slots=True)
class Served:
    """The pages, and the ledger behind them."""

    ledger: Ledger
    tokens: Tokens
    url: str

    def unsubscribe_link(self, name: str, recipients: Mapping[str, str]) -> str:
        """Return the link of a mail to `name`@reader.example, whose campaign went to this list."""
        definition: dict[str, Any] = {"name": name, "from": FROM, "list": dict(recipients)}
        new = NewCampaign(name, definition, f"list {name}", "templates", 1, {})
        to = f"{name}@reader.example"
        with self.ledger.writing() as connection:
            stored = enqueue(connection, new, [[NewMessage(to, to, "reader.example", {}, 1, 0)]])
            ids = select(message.c.id).where(message.c.campaign_id == stored.id)
            token = self.tokens.issue(connection.execute(ids).scalar_one(), stored.id)
        return f"{self.url}/unsubscribe/{token}"

    def confirmation_link(self, key: str) -> str:
        """Return the link of the mail that asks whether a sign-up was theirs."""
        with self.ledger.writing() as connection:
            owner_id = owners.ensure(connection, "Bright Books")
            new = NewSignUp(owner_id, "ann", key, key, FROM, WORDS)
            mail = NewSingle(
                f"mail to {key}"[:32],
                owner_id,
                "ann",
                FROM,
                key,
                key,
                key,
                "reader.example",
                "Please",
                "",
                "",
            )
            found = sign_ups.request(connection, new, lambda _: mail)
        return f"{self.url}/confirm/{Tokens(KEY, CONFIRM).issue(found.id, owner_id)}"

    def left(self, name: str) -> bool:
        """Tell whether `name` is off its list, or off everything."""
        with self.ledger.reading() as connection:
            return bool(suppressions.reasons(connection, [f"{name}@reader.example"], ("", LIST)))

    def confirmed(self, key: str) -> bool:
        with self.ledger.reading() as connection:
            return bool(subscribers.confirmed(connection, [key]))


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve the API over a new ledger in `folder`."""
    database = f"sqlite:///{folder / 'links.sqlite3'}"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    settings = Settings(database_url=database, secret_key=SecretStr(KEY), public_url=url)
    app = create_app(settings, mx=lambda domains: {})
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.1)
        with open_ledger(database) as ledger:
            yield Served(ledger, Tokens(KEY), url)
    finally:
        server.should_exit = True
        thread.join()


def look(browser: Browser, folder: Path, out: Path) -> None:
    """Press every button of the pages for unsubscribing and confirming."""
    folder.mkdir(parents=True, exist_ok=True)
    browser.resize(PHONE)
    with serving(folder) as served:
        _open(browser, served.unsubscribe_link("ann", {}), "No more mail from Bright Books?")
        _photograph(browser, out / "link-unsubscribe-phone.png")
        assert not served.left("ann"), "looking changes nothing"
        browser.press("Unsubscribe")
        browser.wait_for_text("You are unsubscribed")
        _photograph(browser, out / "link-unsubscribed-phone.png")
        assert served.left("ann")

        recipients = {"name": LIST, "unsubscribe": "list"}
        _open(browser, served.unsubscribe_link("bob", recipients), "No more mail from Bright Books?")
        _photograph(browser, out / "link-unsubscribe-choice-phone.png")
        browser.press(f"Leave the list “{LIST}”")
        browser.wait_for_text("You are off the list")
        _photograph(browser, out / "link-unsubscribed-list-phone.png")
        assert served.left("bob")
        browser.press("Unsubscribe from everything")
        browser.wait_for_text("Bright Books will not write to you again.")

        _open(browser, served.confirmation_link("cid@reader.example"), "Do you want mail from Bright Books?")
        _photograph(browser, out / "link-confirm-phone.png")
        assert not served.confirmed("cid@reader.example"), "looking changes nothing"
        browser.press("Yes, I signed up")
        browser.wait_for_text("You are signed up")
        _photograph(browser, out / "link-confirmed-phone.png")
        assert served.confirmed("cid@reader.example")

        _open(browser, f"{served.url}/unsubscribe/cut-off", "We do not know this link")
    browser.resize(DESK)


def _open(browser: Browser, url: str, heading: str) -> None:
    browser.open(url)
    browser.wait_for_text(heading)


def _photograph(browser: Browser, path: Path) -> None:
    assert browser.value("document.documentElement.scrollWidth <= innerWidth"), f"{path.name} sticks out"
    browser.photograph(path)
