"""Mail that hides the unsubscribe link, and made-up links. `make look` does the first in Chromium."""

import re
import sys
from pathlib import Path

from front import Front, Stage, live
from outcome import require
from sqlalchemy import func, select

from ledger.engine import open_ledger
from ledger.schema import suppression

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mail"))

import test_single_html as tricks

_A_REQUEST = 90


def links(stage: Stage) -> str:
    """Post every trick there is, and look at the mail that came out; then try links of one's own."""
    with live(stage) as front:
        with front.others() as others:
            for start in range(0, len(tricks.TRICKS), _A_REQUEST):
                mails = [
                    front.mail(f"trick{start + n}@mail.example", text=text)
                    for n, text in enumerate(tricks.TRICKS[start : start + _A_REQUEST])
                ]
                answer = front.post(mails)
                require(answer.status in (202, 207), f"tricks: {answer.status} {answer.body[:200]!r}")
            made_up = _made_up(front)
        out = front.settled()
        looked = _look(front)
        return front.said(
            f"{looked} hiding mails show their link", f"{made_up} links made up", out, others.said()
        )


def _look(front: Front) -> int:
    looked = 0
    for each in front.stage.world.messages(bodies=True):
        if not each["recipients"][0].startswith("trick"):
            continue
        html = each["html"]
        (link,) = set(re.findall(r'href="(http[^"]*/unsubscribe/[^"]*)"', html))
        page = tricks.Page()
        # The page looks for the link of its own tests.
        page.feed(html.replace(link, tricks.URL))
        page.close()
        where = f"the link of {each['recipients'][0]}"
        require(
            page.links == [("html", "body", "table", "tbody", "tr", "td")], f"{where} stands in {page.links}"
        )
        require(page.in_body == ["div", "table"], f"{where}: the body holds {page.in_body}")
        require(html.endswith("</a></td></tr></tbody></table></body></html>"), f"{where} is not the last")
        for sheet in page.styles:
            try:
                tricks.check_sheet(sheet)
            except AssertionError:
                require(False, f"{where}: a rule reaches beyond the sender's element")
        looked += 1
    require(looked > len(tricks.TRICKS) * 0.9, f"only {looked} of {len(tricks.TRICKS)} tricks came out")
    return looked


def _made_up(front: Front) -> int:
    """Change a good link in each of its letters, and press the button of what comes of it."""
    token = front.page.removeprefix("/unsubscribe/")
    tried = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token))]
    tried += ["", "0", "../healthz", "%2e%2e/healthz", token * 2, token[:-1], "1", "A" * len(token)]
    before = _suppressed(front)
    for each in tried:
        answer = front.post(b"List-Unsubscribe=One-Click", path=f"/unsubscribe/{each}")
        require(400 <= answer.status < 500, f"a link that was made up: {answer.status}")
    require(_suppressed(front) == before == 0, "somebody was unsubscribed by a link that was made up")
    return len(tried)


def _suppressed(front: Front) -> int:
    with open_ledger(front.url, make=False) as ledger, ledger.reading() as connection:
        return connection.execute(select(func.count()).select_from(suppression)).scalar_one()
