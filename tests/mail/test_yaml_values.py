"""What YAML makes of unquoted values: a text that it would cut off or turn is refused, a comment is not."""

from pathlib import Path

import pytest

from mail.campaign_file import load, warnings
from mail.errors import CampaignFileError

SAMPLES = Path(__file__).resolve().parents[2] / "lists" / "samples"
FILE = """\
name: spring-offer
list: {source: a.csv}
from: "Bright Books <news@brightbooks.example>"
subject: "News"
html: a.html
postal_address: "Bright Books, 1 High Street"
"""


def written(folder: Path, line: str) -> Path:
    """Return a file in which the line stands for the one with its key, or is added."""
    key = line.partition(":")[0]
    lines = [line if each.startswith(f"{key}:") else each for each in FILE.splitlines()]
    path = folder / "campaign.yaml"
    path.write_text("\n".join(lines if line in lines else [*lines, line]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "line",
    [
        "subject: Issue #12 is here, {{ first_name }}",
        "subject: Issue  #12 is here",
        "subject: Now #blackfriday",
        "subject: #1 book shop",
        "subject: Save # 20 EUR",
        "subject: We are no. #1",
        "postal_address: Bright Books, 1 High Street, Suite #200, Exampletown",
        "postal_address: Bright Books, 1 High Street, Suite # 200, Exampletown",
        "postal_address: Bright Books, 1 High Street, # four, Exampletown",
        "postal_address: Bright Books, 1 High Street,  # Exampletown",
        "postal_address: Bright Books,\n  1 High Street, Suite #200",
        "from: Bright Books #1 <news@brightbooks.example>",
        "unsubscribe_text: Leave #books",
        "name: spring #2",
        "owner: Shop #2",
        "html: mail #2.html",
        "list: {source: list #2.csv\n  }",
        "list:\n  source: list.csv\n  address_column: Mail #1",
        "reply_to: Shop #2 <a@b.example>",
    ],
)
def test_a_text_that_a_comment_cuts_off_is_refused_with_line_key_and_fix(tmp_path: Path, line: str) -> None:
    with pytest.raises(CampaignFileError) as caught:
        load(written(tmp_path, line))
    message = str(caught.value)
    assert ", line " in message
    assert "which YAML takes for a comment: put the value in quotes" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "line",
    [
        "send: {rate_per_second: 200}  # per second",
        "send:\n  rate_per_second: 200 #per second\n  workers: 1# x".replace("1# x", "1 # x"),
        "hygiene: {mx: false}     # no DNS here",
        "hygiene:\n  mx: false #12",
        "hygiene:\n  role_alias: drop #not keep",
        "list: {source: a.csv, consent: any}     # consent: any | confirmed",
        "list:\n  source: a.csv\n  consent: any     # consent: any | confirmed",
        "list:\n  source: a.csv\n  consent: any #default",
        "callbacks: []  #none",
        "callbacks:\n  - https://a.example/hook #production",
        "text: a.txt            # made from the HTML where left out",
        "name: spring-offer  # unique",
        "html: a.html # the template",
        "from: news@brightbooks.example # verified",
        "from: Bright Books <news@brightbooks.example> #verified",
        'subject: "Issue #12 is here"',
        'subject: "Issue #12 is here" #draft',
        "subject: 'Issue #12'",
        "subject: C# for all",
        "subject: >-\n  Issue #12 is here",
        "subject: |-\n  Issue #12",
        "# subject: Issue #12",
        "send: {rate_per_second: 1e3, workers: 10, settle_seconds: 1_0}",
        "subject: News  ##########",
    ],
)
def test_a_comment_that_a_person_means_is_none_of_its_value(tmp_path: Path, line: str) -> None:
    assert warnings(load(written(tmp_path, line))) == ()


def test_what_may_be_either_in_a_readers_text_is_a_warning(tmp_path: Path) -> None:
    campaign = load(written(tmp_path, "subject: Spring is here  # shown in the inbox"))
    assert campaign.subject == "Spring is here"
    assert warnings(campaign) == (
        "`subject` ends before ` # shown in the inbox`, which YAML takes for a comment; "
        "put the value in quotes if that is part of it.",
    )
    assert warnings(campaign.model_copy(update={"name": "other"})) == warnings(campaign)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "name: no",
            "line 1: `name` is no, which YAML reads as yes or no, but must be text; put it in quotes.",
        ),
        ("unsubscribe_text: Off", "`unsubscribe_text` is Off, which YAML reads as yes or no"),
        ("subject: 12:30", "`subject` is 12:30, which YAML reads as a number"),
        ("subject: 1.5", "`subject` is 1.5, which YAML reads as a number"),
        ("subject: 2026-11-28", "`subject` is 2026-11-28, which YAML reads as a date"),
        ("owner: 0123", "`owner` is 0123, which YAML reads as a number"),
        (
            "send: {workers: 010}",
            "`send.workers` is written 010, which YAML reads as a number in base 8: write 10.",
        ),
        (
            "send: {settle_seconds: 2:00}",
            "`send.settle_seconds` is written 2:00, which YAML reads as a number in",
        ),
        ("subject: {{ first_name }}, hi", "or put the whole value in quotes."),
        ("subject: Hello: you", "or put the whole value in quotes."),
        ("subject: *sale*", "or put the whole value in quotes."),
        ('subject: "Hi" you', "or put the whole value in quotes."),
        ("subject: &a [*a]", "`subject` is a list, but must be text"),
        ("list: &a {source: *a}", "`list.source` is a set of keys, but must be text"),
    ],
)
def test_other_values_that_yaml_turns_are_named_as_written(tmp_path: Path, line: str, sentence: str) -> None:
    with pytest.raises(CampaignFileError) as caught:
        load(written(tmp_path, line))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*-*.yaml")), ids=lambda path: path.name)
def test_the_samples_have_nothing_to_warn_of(sample: Path) -> None:
    assert warnings(load(sample)) == ()
