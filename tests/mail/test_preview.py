"""The preview page: the mail of one row, harmless to look at."""

from collections.abc import Callable
from html import escape, unescape

import pytest

from mail.campaign_file import Campaign
from mail.errors import MailError, TemplateError
from mail.preview import preview

CampaignMaker = Callable[..., Campaign]

ROWS = "email,first_name\nann@reader.example,Ann\nnot an address,Bob\nshort\n eve@reader.example ,\n"


def test_the_page_shows_who_from_whom_what_and_both_parts(make_campaign: CampaignMaker) -> None:
    page = preview(make_campaign(rows=ROWS, reply_to="hello@brightbooks.example"), 1)
    for shown in (
        "row 1 of 4",
        "<h1>Ann, spring is here</h1>",
        "Bright Books &lt;news@brightbooks.example&gt;",
        "<dd>hello@brightbooks.example</dd>",
        "<dd>ann@reader.example</dd>",
        "List-Unsubscribe=One-Click",
        "&lt;https://unsubscribe.example/unsubscribe/preview&gt;",
        "from its own template",
        "Hello Ann,\nUnsubscribe: https://unsubscribe.example/unsubscribe/preview",
    ):
        assert shown in page
    assert 'class="note"' not in page


def test_a_column_that_was_found_by_its_content_is_a_note(make_campaign: CampaignMaker) -> None:
    rows = "Address,Primary Email,first_name\nHigh Street,ann@reader.example,Ann\n"
    page = preview(make_campaign(rows=rows), 1)
    assert "<dd>ann@reader.example</dd>" in page
    assert "'Primary Email', by its content" in unescape(page)


def test_the_html_part_stands_in_a_frame_that_may_run_nothing(make_campaign: CampaignMaker) -> None:
    html = "<p title='\"'>Hi</p></iframe><script>alert(1)</script>{{ unsubscribe_url }} {{ postal_address }}"
    page = preview(make_campaign(html=html), 1)
    assert "<script" not in page
    assert page.count("</iframe>") == 1
    assert 'sandbox="" ' in page
    assert "default-src 'none'" in page
    part = page.split('srcdoc="')[1].split('"')[0]
    assert unescape(part).startswith("<p title='\"'>Hi</p></iframe><script>alert(1)</script>https://")


def test_the_page_escapes_what_the_row_holds(make_campaign: CampaignMaker) -> None:
    page = preview(make_campaign(rows="email,first_name\na@b.example,<img src=x onerror=y()>\n"), 1)
    assert "<img" not in page
    assert escape("<img src=x onerror=y()>") in page


def test_the_link_can_carry_the_real_public_address(make_campaign: CampaignMaker) -> None:
    page = preview(make_campaign(), 1, public_url="https://mail.brightbooks.example/")
    assert "https://mail.brightbooks.example/unsubscribe/preview" in page


def test_replies_go_to_the_sender_where_nothing_else_is_said(make_campaign: CampaignMaker) -> None:
    assert "<dt>Reply to</dt><dd>news@brightbooks.example</dd>" in preview(make_campaign(), 1)


def test_a_text_made_from_the_html_is_called_so(make_campaign: CampaignMaker) -> None:
    page = preview(make_campaign(text=None), 1)
    assert "made from the HTML" in page
    assert "See the offer (https://brightbooks.example/spring)" in page


def test_what_is_unwise_is_noted(make_campaign: CampaignMaker) -> None:
    campaign = make_campaign(
        rows=ROWS, html=f"<p>{'x' * 102_000}</p>", **{"from": "no-reply@brightbooks.example"}
    )
    page = preview(campaign, 2)
    assert "`from` is a no-reply address" in page
    assert "This row&#39;s address is malformed" in page
    assert "over 102 kB" in page


def test_blanks_around_an_address_are_not_part_of_it(make_campaign: CampaignMaker) -> None:
    page = preview(make_campaign(rows=ROWS), 4)
    assert "<dd>eve@reader.example</dd>" in page
    assert "Hello, spring is here" in page


@pytest.mark.parametrize("row", [0, -1, 5])
def test_a_row_that_is_not_there_is_refused_with_those_there_are(
    make_campaign: CampaignMaker, row: int
) -> None:
    with pytest.raises(MailError, match=f"has no row {row}; give one from 1 to 4"):
        preview(make_campaign(rows=ROWS), row)


def test_a_row_with_too_few_cells_is_refused(make_campaign: CampaignMaker) -> None:
    with pytest.raises(MailError, match="row 3 has too few or too many cells"):
        preview(make_campaign(rows=ROWS), 3)


def test_a_field_that_the_list_lacks_is_refused(make_campaign: CampaignMaker) -> None:
    with pytest.raises(TemplateError, match="subject asks for the field `city`"):
        preview(make_campaign(subject="{{ city }}"), 1)
