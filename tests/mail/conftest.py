"""Campaign files on disk, for the tests of the message side."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mail.campaign_file import Campaign

HTML = """<!doctype html>
<html><body>
<h1>Hello {{ first_name or "there" }}</h1>
<p><a href="https://brightbooks.example/spring">See the offer</a></p>
<p><a href="{{ unsubscribe_url }}">{{ unsubscribe_text }}</a> {{ postal_address }}</p>
</body></html>
"""

TEXT = """Hello {{ first_name or "there" }},
{{ unsubscribe_text }}: {{ unsubscribe_url }}
{{ postal_address }}
"""

CampaignMaker = Callable[..., Campaign]


@pytest.fixture
def make_campaign(tmp_path: Path) -> CampaignMaker:
    """Write the templates and the list given, and return a campaign over them."""

    def make(
        *,
        subject: str = "{{ first_name or 'Hello' }}, spring is here",
        html: str = HTML,
        text: str | None = TEXT,
        rows: str = "email,first_name\nann@reader.example,Ann\n",
        **more: object,
    ) -> Campaign:
        (tmp_path / "mail.html.j2").write_text(html, encoding="utf-8")
        (tmp_path / "list.csv").write_text(rows, encoding="utf-8")
        if text is not None:
            (tmp_path / "mail.txt.j2").write_text(text, encoding="utf-8")
        return Campaign.model_validate(
            {
                "name": "spring-offer",
                "list": {"source": str(tmp_path / "list.csv")},
                "from": "Bright Books <news@brightbooks.example>",
                "subject": subject,
                "html": str(tmp_path / "mail.html.j2"),
                "text": "" if text is None else str(tmp_path / "mail.txt.j2"),
                "postal_address": "Bright Books & Co, 1 High Street, Exampletown",
                **more,
            }
        )

    return make
