"""Campaign files: what a good one gives, and the one sentence for every bad one."""

from pathlib import Path

import pytest

from mail.campaign_file import Campaign, load, warnings
from mail.errors import CampaignFileError

GOOD = """\
name: spring-offer
list: {source: subscribers.csv, address_column: email, consent: any}
from: "Bright Books <news@brightbooks.example>"
reply_to: hello@brightbooks.example
subject: "{{ first_name or 'Hello' }}, spring is here"
html: spring.html.j2
text: spring.txt.j2
unsubscribe_text: Unsubscribe
postal_address: "Bright Books, 1 High Street, Exampletown"
callbacks: []
send: {rate_per_second: 200, workers: 1}
halt: {bounce_rate: 0.05, minimum_sample: 200}
hygiene: {role_alias: drop, disposable: flag, mx: true}
"""

SHORTEST = """\
name: weekly@2026-11-22
list: {source: s3://lists/weekly.parquet}
from: news@brightbooks.example
subject: News
html: ../templates/weekly.html.j2
postal_address: "Bright Books, 1 High Street, Exampletown"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "campaign.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_of_the_file_arrives(tmp_path: Path) -> None:
    campaign = load(written(tmp_path, GOOD))
    assert campaign.name == "spring-offer"
    assert campaign.sender == "Bright Books <news@brightbooks.example>"
    assert campaign.reply_to == "hello@brightbooks.example"
    assert campaign.subject == "{{ first_name or 'Hello' }}, spring is here"
    assert campaign.list.address_column == "email"
    assert campaign.send.rate_per_second == 200
    assert campaign.halt.bounce_rate == 0.05
    assert campaign.hygiene.role_alias == "drop"


def test_paths_are_taken_relative_to_the_file_and_s3_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "campaigns").mkdir()
    written(tmp_path / "campaigns", GOOD)
    monkeypatch.chdir(tmp_path)
    near = load("campaigns/campaign.yaml")
    assert near.html == str(tmp_path / "campaigns" / "spring.html.j2")
    assert near.text == str(tmp_path / "campaigns" / "spring.txt.j2")
    assert near.list.source == str(tmp_path / "campaigns" / "subscribers.csv")
    far = load(written(tmp_path / "campaigns", SHORTEST))
    assert far.html == str(tmp_path / "templates" / "weekly.html.j2")
    assert far.list.source == "s3://lists/weekly.parquet"
    assert far.hygiene.role_names_file == ""
    own = load(written(tmp_path / "campaigns", SHORTEST + "hygiene: {role_names_file: ../roles.txt}\n"))
    assert own.hygiene.role_names_file == str(tmp_path / "roles.txt")


def test_what_is_left_out_has_the_defaults_of_the_design(tmp_path: Path) -> None:
    campaign = load(written(tmp_path, SHORTEST))
    assert (campaign.reply_to, campaign.text, campaign.callbacks) == ("", "", ())
    assert campaign.unsubscribe_text == "Unsubscribe"
    assert (campaign.send.rate_per_second, campaign.send.workers, campaign.send.settle_seconds) == (0, 1, 120)
    assert (campaign.halt.rules.bounce_rate, campaign.halt.rules.minimum_sample) == (0.05, 200)
    assert campaign.hygiene.mx is True


def test_a_campaign_survives_the_way_through_json_under_either_name_of_its_sender(tmp_path: Path) -> None:
    campaign = load(written(tmp_path, GOOD))
    assert campaign.model_dump()["from"] == campaign.sender
    assert Campaign.model_validate_json(campaign.model_dump_json()) == campaign
    assert Campaign.model_validate(campaign.model_dump(by_alias=False)) == campaign


def test_every_field_of_the_form_has_a_title_and_a_description() -> None:
    schema = Campaign.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    for model in models:
        for name, field in model["properties"].items():
            assert field.get("title") or "$ref" in field, name
            assert field.get("description"), name


FAULTS = [
    ("bounce_rate: 0.05", "bounce_rate: 0.07", "`halt.bounce_rate` is 0.07, but must be at most 0.05."),
    ("bounce_rate: 0.05", "bounce_rate: 0", "`halt.bounce_rate` is 0, but must be more than 0."),
    ("bounce_rate: 0.05", "bounce_rate: .nan", "`halt.bounce_rate` is nan, but must be a number."),
    ("bounce_rate: 0.05", "bounce_rate: 5%", "`halt.bounce_rate` is '5%', but must be a number."),
    ("bounce_rate", "bounce_rte", "`halt.bounce_rte` is not a key (did you mean `bounce_rate`?)."),
    ("halt:", "hallt:", "`hallt` is not a key (did you mean `halt`?)."),
    ("from:", "sender:", "`from` is missing; add it; `sender` is not a key (did you mean `send`?)."),
    ("name: spring-offer\n", "", "`name` is missing; add it."),
    ("source: subscribers.csv, ", "", "`list.source` is missing; add it."),
    ("source: subscribers.csv", "source: ''", "`list.source` is '', but must be filled in."),
    ("consent: any", "consent: maybe", "`list.consent` is 'maybe', but must be any or confirmed."),
    (
        "name: spring-offer",
        "name: 2026-11-22",
        ", line 1: `name` is 2026-11-22, which YAML reads as a date, but must be text; put it in quotes.",
    ),
    ("name: spring-offer", "name: [a]", "`name` is a list, but must be text; put it in quotes."),
    ("name: spring-offer", "name: ../spring", "`name` must be 1 to 100 letters, digits, dots,"),
    ("name: spring-offer", f"name: {'a' * 101}", "`name` must be 1 to 100 letters"),
    ('subject: "', 'subject: "" # ', "`subject` must not be empty."),
    (
        'subject: "',
        'subject: "a\\r\\nBcc: b" # ',
        "`subject` holds a line break or another control character",
    ),
    ("reply_to: ", 'reply_to: "a\\nb" # ', "`reply_to`: it holds a line break or another control character"),
    ("<news@brightbooks.example>", "<news>", "`from`: it must be an address, or Name <address>: "),
    ("Bright Books <", "Bright\\nBooks <", "`from`: it holds a line break or another control character"),
    ("html: spring.html.j2", "html:", "`html` is empty, but must be text."),
    (
        "rate_per_second: 200",
        "rate_per_second: fast",
        "`send.rate_per_second` is 'fast', but must be a number",
    ),
    ("rate_per_second: 200", "rate_per_second: -1", "`send.rate_per_second` is -1, but must be at least 0."),
    ("workers: 1", "workers: 1.5", "`send.workers` is 1.5, but must be a whole number."),
    ("mx: true", "mx: perhaps", "`hygiene.mx` is 'perhaps', but must be true or false."),
    (
        "callbacks: []",
        "callbacks: https://a.example",
        "`callbacks` is 'https://a.example', but must be a list",
    ),
    ("callbacks: []", "callbacks: ['ftp://a.example']", "`callbacks.0` must be an https:// address."),
    (
        "halt: {bounce_rate: 0.05, minimum_sample: 200}",
        "halt: strict",
        "`halt` is 'strict', but must hold keys:",
    ),
    ("name: spring-offer", "name: a\nname: b", ", line 2, column 1: `name` stands there twice; keep one"),
    (
        "workers: 1}",
        "workers: 1, workers: 2}",
        ", line 11, column 42: `workers` stands there twice; keep one",
    ),
    ("halt: {", "halt: [{", ", line 13, column 1: "),
    ("name:", "\tname:", ", line 1, column 1: found character '\\t' that cannot start any token"),
    ("name: spring-offer", "name: !!python/name:os.system", ", line 1, column 7: could not determine"),
]


@pytest.mark.parametrize(("good", "bad", "sentence"), FAULTS, ids=[bad.strip()[:40] for _, bad, _ in FAULTS])
def test_a_fault_is_one_sentence_with_the_file_the_key_and_what_is_allowed(
    tmp_path: Path, good: str, bad: str, sentence: str
) -> None:
    assert good in GOOD
    path = written(tmp_path, GOOD.replace(good, bad, 1))
    with pytest.raises(CampaignFileError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert sentence in message
    assert "\n" not in message
    assert message.endswith(".")


def test_no_more_than_three_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(CampaignFileError, match=r"`subject` is missing; add it; and 2 more\.$"):
        load(written(tmp_path, "name: spring\n"))


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "spring", "3"])
def test_a_file_without_keys_is_no_campaign_file(tmp_path: Path, content: str) -> None:
    with pytest.raises(CampaignFileError, match="is not a campaign file: it must hold keys"):
        load(written(tmp_path, content))


def test_a_file_that_is_not_there_not_text_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CampaignFileError, match=r"none\.yaml: there is no such file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(CampaignFileError, match="is a folder"):
        load(tmp_path)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("name: café".encode("latin-1"))
    with pytest.raises(CampaignFileError, match="save it as UTF-8"):
        load(latin)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert load(written(tmp_path, "\ufeff" + GOOD)).name == "spring-offer"


@pytest.mark.parametrize(
    "local", ["no-reply", "noreply", "NoReply", "do-not-reply", "donotreply", "shop.no_reply"]
)
def test_a_no_reply_sender_is_allowed_with_a_warning_that_says_why(tmp_path: Path, local: str) -> None:
    campaign = load(written(tmp_path, GOOD.replace("<news@", f"<{local}@")))
    assert len(warnings(campaign)) == 1
    assert "cannot answer press the spam button" in warnings(campaign)[0]


@pytest.mark.parametrize("local", ["news", "hello", "norbert", "reply", "nora.replyman"])
def test_a_sender_that_reads_its_mail_gets_no_warning(tmp_path: Path, local: str) -> None:
    assert warnings(load(written(tmp_path, GOOD.replace("<news@", f"<{local}@")))) == ()
