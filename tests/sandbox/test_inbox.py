"""The pages that people look at."""

import re
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox import RunningSandbox
from sandbox.inbox_copy import MOST_MAILS


def page(running: RunningSandbox, path: str, status: int = 200) -> str:
    address = urlsplit(running.url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    assert response.status == status
    return text


@pytest.fixture
def three(ses: Any, running: RunningSandbox, simple: Any) -> RunningSandbox:
    for to, subject in (
        ("anna@shop.example", "Spring"),
        ("ben@shop.example", "Summer"),
        ("c@shop.example", "Autumn"),
    ):
        body = {
            "Html": {"Data": f'<h1 class="x">{subject}</h1><script>alert(1)</script>'},
            "Text": {"Data": "Plain"},
        }
        ses.send_email(**simple(to, Content={"Simple": {"Subject": {"Data": subject}, "Body": body}}))
    return running


def test_the_inbox_lists_mails_newest_first(three: RunningSandbox) -> None:
    html = page(three, "/sandbox/inbox")
    assert re.findall(r'class="subject">(\w+)', html) == ["Autumn", "Summer", "Spring"]
    assert "3 mails" in html


@pytest.mark.parametrize(("sought", "found"), [("anna", ["Spring"]), ("SUMM", ["Summer"]), ("nobody", [])])
def test_the_inbox_is_searched_by_subject_and_recipient(
    three: RunningSandbox, sought: str, found: list[str]
) -> None:
    html = page(three, f"/sandbox/inbox?q={sought}")
    assert re.findall(r'class="subject">(\w+)', html) == found
    assert f"{len(found)} of 3 mails" in html


def test_a_mail_shows_its_body_in_a_frame_without_scripts_and_its_headers_and_tags(
    three: RunningSandbox,
) -> None:
    html = page(three, "/sandbox/inbox/2")
    frame = re.search(r"<iframe ([^>]*)>", html)
    assert frame is not None
    assert "allow-scripts" not in frame[1]
    assert "&lt;h1 class=&#34;x&#34;&gt;Summer" in frame[1]
    assert "<script>alert" not in html
    assert re.search(r"<th>send_id</th><td>one</td>", html)
    assert "ben@shop.example" in html
    page(three, "/sandbox/inbox/99", status=404)


def test_an_identity_that_waits_is_shown_with_its_link(ses: Any, running: RunningSandbox) -> None:
    ses.create_email_identity(EmailIdentity="shop.example")
    assert re.search(r"<b>shop\.example</b> is waiting.*/sandbox/verify/", page(running, "/sandbox/inbox"))


def test_a_long_inbox_has_pages(ses: Any, running: RunningSandbox, bulk: Any) -> None:
    for _ in range(2):
        ses.send_bulk_email(**bulk([f"r{n}@shop.example" for n in range(40)]))
    assert page(running, "/sandbox/inbox").count('class="row"') == 50
    second = page(running, "/sandbox/inbox?page=2")
    assert second.count('class="row"') == 30
    assert "Page 2 of 2" in second


def test_only_the_latest_messages_keep_their_bodies(ses: Any, running: RunningSandbox, simple: Any) -> None:
    running.control(keep_bodies=1)
    for _ in range(2):
        ses.send_email(**simple())
    assert [message["html"] for message in running.messages(bodies=True)] == [None, "<p>Hello</p>"]
    assert "no longer kept" in page(running, "/sandbox/inbox/1")


def test_a_saved_inbox_opens_from_disk(three: RunningSandbox, tmp_path: Path) -> None:
    index = three.save_inbox(tmp_path / "inbox")
    html = index.read_text("utf-8")
    links = re.findall(r'class="row" href="([^"]+)"', html)
    assert links == ["mails/3.html", "mails/2.html", "mails/1.html"]
    for link in links:
        mail = (index.parent / link).read_text("utf-8")
        assert 'href="../index.html"' in mail
    assert "http://127.0.0.1" not in html


def test_a_saved_inbox_stops_at_a_cap_and_says_so(
    ses: Any, running: RunningSandbox, bulk: Any, tmp_path: Path
) -> None:
    for _ in range(5):
        ses.send_bulk_email(**bulk([f"r{n}@shop.example" for n in range(50)]))
    index = running.save_inbox(tmp_path)
    assert len(list((tmp_path / "mails").iterdir())) == MOST_MAILS
    assert "the latest 200 of 250 mails" in index.read_text("utf-8")
