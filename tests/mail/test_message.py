"""One message: personalisation, escaping, the sandbox, the footer, headers, and what is refused."""

import re
from collections.abc import Callable

import pandas as pd
import pytest

from mail import message, ses_limits
from mail.campaign_file import Campaign
from mail.errors import TemplateError
from mail.message import Content, MessageContext, check_rows, compose
from mail.ses_limits import Limit, Part
from mail.templating import Templates

CampaignMaker = Callable[..., Campaign]

LINK = "https://mail.brightbooks.example/unsubscribe/abc"
CONTEXT = MessageContext(address="ann@reader.example", unsubscribe_url=LINK, row=7)
ANN = {"email": "ann@reader.example", "first_name": "Ann"}


def made(campaign: Campaign, fields: dict[str, str | None] | None = None) -> Content:
    return compose(Templates.load(campaign), ANN if fields is None else fields, CONTEXT)


def test_a_message_is_personal_in_all_its_parts(make_campaign: CampaignMaker) -> None:
    content = made(make_campaign())
    assert content.subject == "Ann, spring is here"
    assert "<h1>Hello Ann</h1>" in content.html
    assert content.text.startswith("Hello Ann,\n")


@pytest.mark.parametrize("cell", ["", None, float("nan"), pd.NA])
def test_an_empty_cell_is_an_empty_text_so_that_a_fallback_works(
    make_campaign: CampaignMaker, cell: str | None
) -> None:
    content = made(make_campaign(), {"first_name": cell})
    assert content.subject == "Hello, spring is here"
    assert "<h1>Hello there</h1>" in content.html


def test_a_message_knows_its_address_campaign_links_and_row(make_campaign: CampaignMaker) -> None:
    names = "{{ address }}|{{ campaign }}|{{ unsubscribe_url }}|{{ unsubscribe_text }}|{{ postal_address }}"
    content = made(make_campaign(text=names), {**ANN, "address": "from the list", "campaign": "too"})
    assert content.text == (
        f"ann@reader.example|spring-offer|{LINK}|Unsubscribe|Bright Books & Co, 1 High Street, Exampletown"
    )


def test_columns_with_awkward_names_are_reached_by_text_and_by_identifier(
    make_campaign: CampaignMaker,
) -> None:
    campaign = make_campaign(subject='{{ row["First Name"] }} {{ first_name }} {{ row.address }}')
    fields = {"First Name": "Ann", "address": "the list's own"}
    assert made(campaign, fields).subject == "Ann Ann the list's own"


def test_html_is_escaped_and_subject_and_text_are_not(make_campaign: CampaignMaker) -> None:
    content = made(make_campaign(), {"first_name": "<b>O'Neil</b> & Co"})
    assert content.subject == "<b>O'Neil</b> & Co, spring is here"
    assert "Hello &lt;b&gt;O&#39;Neil&lt;/b&gt; &amp; Co" in content.html
    assert "<b>O" not in content.html
    assert content.text.startswith("Hello <b>O'Neil</b> & Co,")


def test_template_signs_in_a_cell_are_text(make_campaign: CampaignMaker) -> None:
    assert made(make_campaign(), {"first_name": "{{ 7 * 7 }}"}).subject == "{{ 7 * 7 }}, spring is here"


def test_one_click_headers_go_with_every_message(make_campaign: CampaignMaker) -> None:
    assert made(make_campaign()).headers == (
        ("List-Unsubscribe", f"<{LINK}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )


@pytest.mark.parametrize(
    ("html", "around"),
    [
        ("<html><body><p>Hi</p></body></html>", ("<p>Hi</p>", "</body></html>")),
        ("<html><BODY><p>Hi</p></BODY ></html>", ("<p>Hi</p>", "</BODY ></html>")),
        ("<body>a</body><body>b</body>", ("<body>a</body><body>b", "</body>")),
        ("<p>Hi</p>", ("<p>Hi</p>", "")),
    ],
)
def test_a_template_without_the_link_gets_a_footer_before_the_end_of_its_body(
    make_campaign: CampaignMaker, html: str, around: tuple[str, str]
) -> None:
    content = made(make_campaign(html=html, text="Hi", unsubscribe_text="Stop <now>"))
    before, after = around
    assert before in content.html
    assert content.html.endswith(after)
    footer = content.html.split(before)[1].removesuffix(after)
    assert re.search(f'<a href="{LINK}" style="[^"]+">Stop &lt;now&gt;</a>', footer)
    assert "Bright Books &amp; Co, 1 High Street, Exampletown" in footer
    assert content.text == (f"Hi\n\n-- \nStop <now>: {LINK}\nBright Books & Co, 1 High Street, Exampletown\n")


def test_a_template_with_link_and_address_gets_no_footer(make_campaign: CampaignMaker) -> None:
    content = made(make_campaign())
    assert content.html.count(LINK) == 1
    assert content.html.count("1 High Street") == 1
    assert content.text.count(LINK) == 1


def test_a_link_that_the_template_shows_to_some_alone_is_added_for_the_others(
    make_campaign: CampaignMaker,
) -> None:
    campaign = make_campaign(html="{% if first_name %}<a href='{{ unsubscribe_url }}'>x</a>{% endif %}")
    assert made(campaign).html.count(LINK) == 1
    assert made(campaign, {"first_name": ""}).html.count(LINK) == 1


def test_a_postal_address_that_was_left_out_is_added_alone(make_campaign: CampaignMaker) -> None:
    content = made(make_campaign(html="<a href='{{ unsubscribe_url }}'>x</a>", text="{{ unsubscribe_url }}"))
    assert content.html.count(LINK) == content.text.count(LINK) == 1
    assert "1 High Street" in content.html
    assert "1 High Street" in content.text


def test_a_campaign_without_a_text_gets_one_from_its_html_with_the_links_shown(
    make_campaign: CampaignMaker,
) -> None:
    text = made(make_campaign(text=None)).text
    assert text.startswith("Hello Ann\n")
    assert "See the offer (https://brightbooks.example/spring)" in text
    assert f"Unsubscribe ({LINK}) Bright Books & Co, 1 High Street" in text


@pytest.mark.parametrize(
    "control", ["\r\nBcc: x@y.example", "\n", "\r", "\0", "\t", "\x1b", "\x7f", "\x85", "\u2028"]
)
def test_a_control_character_in_a_subject_is_refused_naming_field_and_row(
    make_campaign: CampaignMaker, control: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        made(make_campaign(), {"first_name": f"Ann{control}"})
    message = str(caught.value)
    assert message.startswith("subject, row 7: the field `first_name` holds a line break or another control")
    assert "Ann" not in message
    assert "Bcc" not in message


def test_a_line_break_that_the_subject_makes_itself_is_refused(make_campaign: CampaignMaker) -> None:
    with pytest.raises(TemplateError, match="subject, row 7: it gives a line break"):
        made(make_campaign(subject="{{ 'a\\nb' }}"))


def test_a_line_break_in_a_field_named_by_text_is_traced_to_its_column(make_campaign: CampaignMaker) -> None:
    with pytest.raises(TemplateError, match="the field `First Name` holds"):
        made(make_campaign(subject='{{ row["First Name"] }}'), {"First Name": "a\nb", "first_name": ""})


def test_line_breaks_in_the_bodies_are_no_header_and_stay(make_campaign: CampaignMaker) -> None:
    assert "a\nb" in made(make_campaign(subject="Hi"), {"first_name": "a\nb"}).text


@pytest.mark.parametrize(
    "link", ["https://a.example/\r\nBcc:x", "https://a.example/ü", "https://a.example/ x", "a>,<b"]
)
def test_an_unsubscribe_link_that_could_leave_its_header_is_refused(
    make_campaign: CampaignMaker, link: str
) -> None:
    context = MessageContext(address="ann@reader.example", unsubscribe_url=link, row=7)
    with pytest.raises(TemplateError, match=r"List-Unsubscribe, row 7: .*CAMPAIGN_PUBLIC_URL"):
        compose(Templates.load(make_campaign()), ANN, context)


def test_headers_over_their_length_are_refused(make_campaign: CampaignMaker) -> None:
    # SES takes 996 characters of a header with its name, and ours has 16.
    at_limit = MessageContext(address="a@b.example", unsubscribe_url="https://" + "x" * 970)
    assert len(compose(Templates.load(make_campaign()), ANN, at_limit).headers[0][1]) == 980
    too_long = MessageContext(address="a@b.example", unsubscribe_url="https://" + "x" * 971, row=7)
    with pytest.raises(TemplateError, match="List-Unsubscribe, row 7 is 997 characters long with its name"):
        compose(Templates.load(make_campaign()), ANN, too_long)
    assert len(made(make_campaign(subject="{{ first_name }}"), {"first_name": "x" * 995}).subject) == 995
    with pytest.raises(
        TemplateError, match="subject, row 7 is 996 characters long, and Amazon SES takes 995"
    ):
        made(make_campaign(subject="{{ first_name }}"), {"first_name": "x" * 996})


def test_an_empty_subject_is_refused_with_the_way_to_a_fallback(make_campaign: CampaignMaker) -> None:
    with pytest.raises(
        TemplateError, match=r"subject, row 7 is empty; give a fallback such as \{\{ title or"
    ):
        made(make_campaign(subject="{{ first_name }}"), {"first_name": " "})


def test_a_message_that_ses_cannot_take_is_refused(make_campaign: CampaignMaker) -> None:
    large = make_campaign(subject="Hi", html="{{ first_name }}", text="Hi")
    assert len(made(large, {"first_name": "x" * 29_000_000}).html) > 29_000_000
    with pytest.raises(TemplateError, match=r"mail.html.j2, row 7 makes a message of 41,\d\d\d,\d\d\d bytes"):
        made(large, {"first_name": "é" * 15_000_000})


def test_a_text_that_is_made_later_counts_in_a_large_message(
    make_campaign: CampaignMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The rehearsal makes the text of one page alone, and would not see that two parts are too large.
    monkeypatch.setattr(message, "_LONG_PAGE_CHARACTERS", 1_000)
    monkeypatch.setattr(ses_limits, "_SURELY_FITS_CHARACTERS", 0)
    monkeypatch.setitem(ses_limits.LIMITS, Part.MESSAGE, Limit(25_000, "bytes", "this test"))
    page = make_campaign(subject="Hi", html="<p>{{ first_name }}</p>", text=None)
    rows = pd.DataFrame({"address": ["a@b.example"] * 2, "first_name": ["x", "x" * 8_000]})
    with pytest.raises(TemplateError, match=r"mail.html.j2, row 2 makes a message of 3\d,\d\d\d bytes"):
        check_rows(Templates.load(page), rows)


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ first_name.__init__ }}",
        "{{ first_name['__class__'] }}",
        "{{ first_name | attr('__class__') }}",
        "{{ row.__class__ }}",
        "{{ '{0.__class__}'.format(first_name) }}",
        "{{ '%s' % ''.__class__ }}",
        "{{ range.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ row.update({'a': 'b'}) }}",
        "{{ row.clear() }}",
        "{{ [].append(1) }}",
        "{{ range(10000000) | list }}",
        "{{ 'x' * 1000000000 }}",
        "{{ [0] * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{% set a = ''.__class__ %}{{ a }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ first_name.__class__ or 'quiet' }}",
    ],
)
@pytest.mark.parametrize("part", ["subject", "html", "text"])
def test_a_template_cannot_leave_its_sandbox(make_campaign: CampaignMaker, part: str, attack: str) -> None:
    campaign = make_campaign(**{part: attack})
    with pytest.raises(TemplateError) as caught:
        made(campaign)
    assert "\n" not in str(caught.value)


def test_sums_still_work_in_a_template(make_campaign: CampaignMaker) -> None:
    assert made(make_campaign(subject="{{ 6 * 7 }} {{ 2 + 3 }}")).subject == "42 5"


@pytest.mark.parametrize(
    ("html", "sentence"),
    [
        ("a\n{{ first_name.shout }}", "mail.html.j2, line 2, row 7: `str object` has no attribute `shout`"),
        (
            "a\n\n{{ row['x' ~ 'y'] }}",
            "mail.html.j2, line 3, row 7: `dict object` has no attribute a name from",
        ),
        (
            "{{ row[first_name] }}",
            "mail.html.j2, line 1, row 7: `dict object` has no attribute a name from the row",
        ),
        ("{{ surname }}", "mail.html.j2, line 1, row 7: `surname` is undefined"),
        ("{{ first_name | round }}", "mail.html.j2, line 1, row 7: an expression fails with TypeError"),
        (
            "{{ 1 / (first_name | int) }}",
            "mail.html.j2, line 1, row 7: an expression fails with ZeroDivisionError",
        ),
        ("{{ '%d' % first_name }}", "mail.html.j2, line 1, row 7: an expression fails with TypeError"),
    ],
)
def test_an_expression_that_fails_is_named_with_line_and_row_and_without_the_rows_text(
    make_campaign: CampaignMaker, html: str, sentence: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        made(make_campaign(subject="Hi", html=html), {"first_name": "secret@reader.example"})
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def rows(*names: str | None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": range(1, 2 * len(names), 2),
            "first_name": list(names),
            "address": [f"reader{number}@reader.example" for number in range(len(names))],
        }
    )


def test_every_row_is_tried_and_counted_and_progress_is_told(make_campaign: CampaignMaker) -> None:
    told: list[int] = []
    templates = Templates.load(make_campaign())
    assert check_rows(templates, rows("Ann", None, "Bob"), on_progress=told.append) == 3
    assert told == [3]
    assert check_rows(templates, rows()) == 0


def test_the_first_row_that_fails_is_named_by_its_row_in_the_source_and_not_by_its_address(
    make_campaign: CampaignMaker,
) -> None:
    with pytest.raises(TemplateError) as caught:
        check_rows(Templates.load(make_campaign()), rows("Ann", "Bob\r\n", "Eve\n"))
    assert str(caught.value).startswith("subject, row 3: the field `first_name` holds a line break")
    assert "reader1" not in str(caught.value)


def test_rows_without_numbers_are_counted_from_one(make_campaign: CampaignMaker) -> None:
    frame = rows("Ann", "Bob\n").drop(columns="row")
    with pytest.raises(TemplateError, match="subject, row 2: "):
        check_rows(Templates.load(make_campaign()), frame)


def test_a_missing_column_is_an_error_before_any_row(make_campaign: CampaignMaker) -> None:
    templates = Templates.load(make_campaign(subject="{{ city }}"))
    with pytest.raises(TemplateError, match="subject asks for the field `city`"):
        check_rows(templates, rows())


def test_rows_of_a_campaign_without_a_text_template_are_tried_as_well(make_campaign: CampaignMaker) -> None:
    templates = Templates.load(make_campaign(text=None))
    assert check_rows(templates, rows("Ann", "Bob")) == 2
    with pytest.raises(TemplateError, match="subject, row 3: "):
        check_rows(templates, rows("Ann", "\0"))
