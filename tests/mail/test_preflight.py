"""Everything that can be found wrong before anything is done: one sentence each, and nothing written."""

from typing import Any

import boto3
import pytest

from ledger import campaigns
from ledger.errors import CampaignConflict
from lists import sources
from lists.errors import ListError
from mail import preflight
from mail.errors import CampaignFileError, TemplateError
from mail.queue import QueueError
from mail.readiness import NotReady
from settings import Settings, SettingsError


def examine(stage, **changes: Any) -> preflight.Preflight:
    return preflight.examine(stage.ledger, Settings(), stage.make_campaign(**changes))


def test_a_campaign_that_can_be_sent(stage, world) -> None:
    found = examine(stage, rows="email,first_name\nann@reader.example,Ann\nbo@reader.example,Bo\n")
    assert (found.rows, found.stored, found.warnings) == (2, None, ())
    assert (found.account.rate_per_second, found.account.left_for_the_day) == (1_000.0, 1_000_000.0)


def test_a_no_reply_sender_is_a_warning(stage, world) -> None:
    (warning,) = examine(stage, **{"from": "no-reply@brightbooks.example"}).warnings
    assert "no-reply" in warning


def test_where_the_addresses_and_the_names_were_found_is_told(stage, world) -> None:
    rows = "Our readers,,\nAddress,Primary Email,first_name\nHigh Street,ann@reader.example,Ann\n"
    found = examine(stage, rows=rows)
    assert found.rows == 1
    assert "line 2" in found.warnings[0]
    assert "'Primary Email', by its content" in found.warnings[1]


@pytest.mark.parametrize(
    "name",
    [
        "CAMPAIGN_PUBLIC_URL",
        "CAMPAIGN_SECRET_KEY",
        "CAMPAIGN_CONFIGURATION_SET",
        "CAMPAIGN_EVENT_QUEUE_URL",
    ],
)
def test_a_missing_setting_is_named(stage, world, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(SettingsError, match=f"^{name} must be set"):
        examine(stage)


def test_a_missing_list(stage, world) -> None:
    with pytest.raises(ListError, match=r"no-such-list\.csv"):
        examine(stage, list={"source": "no-such-list.csv"})


def test_a_missing_address_column(stage, world) -> None:
    source = stage.make_campaign().list.source
    with pytest.raises(ListError, match="mail_address"):
        examine(stage, list={"source": source, "address_column": "mail_address"})


def test_an_unknown_field(stage, world) -> None:
    with pytest.raises(TemplateError, match="first_nam"):
        examine(stage, subject="{{ first_nam }}")


def test_a_wrong_nameserver(stage, world, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPAIGN_NAMESERVERS", "dns.example")
    with pytest.raises(ListError, match=r"'dns\.example' is no nameserver"):
        examine(stage)


def test_callbacks_go_to_public_https_addresses(stage, world, monkeypatch: pytest.MonkeyPatch) -> None:
    public, private = "https://hooks.example/mail", "http://127.0.0.1:9000/hook"
    examine(stage, callbacks=[public])
    with pytest.raises(
        CampaignFileError, match=r"^campaign spring-offer: `callbacks\.1` must be an https://"
    ):
        examine(stage, callbacks=[public, private])
    monkeypatch.setenv("CAMPAIGN_CALLBACK_ALLOW_PRIVATE", "1")
    examine(stage, callbacks=[public, private])


def test_an_unverified_sender(stage, world) -> None:
    with pytest.raises(NotReady, match=r"^the sender news@elsewhere\.example is not verified in SES: "):
        examine(stage, **{"from": "news@elsewhere.example"})


def test_a_missing_configuration_set(stage, world, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPAIGN_CONFIGURATION_SET", "no-such-set")
    with pytest.raises(NotReady, match=r"^the configuration set no-such-set cannot be used .*campaign setup"):
        examine(stage)


def test_a_missing_queue(stage, world) -> None:
    boto3.client("sqs").delete_queue(QueueUrl=world.environment["CAMPAIGN_EVENT_QUEUE_URL"])
    with pytest.raises(QueueError, match=r"^the event queue .* cannot be read .*CAMPAIGN_EVENT_QUEUE_URL"):
        examine(stage)


def test_an_account_that_does_not_send(stage, world) -> None:
    world.control(sending_enabled=False)
    with pytest.raises(NotReady, match=r"^sending is switched off for this SES account: "):
        examine(stage)


@pytest.mark.parametrize(
    ("changes", "what"),
    [({"rows": "email,first_name\nbo@reader.example,Bo\n"}, "list"), ({"subject": "Another"}, "content")],
)
def test_a_name_used_with_another_list_or_content(stage, world, changes: dict[str, Any], what: str) -> None:
    stage.enqueue(1)
    if what == "content":
        # The name holds the list that lies on disk, with other words.
        fingerprint = _fingerprint(stage)
        with stage.ledger.writing() as connection:
            connection.exec_driver_sql("UPDATE campaign SET list_digest = ?", (fingerprint,))
    with pytest.raises(
        CampaignConflict, match=f"^the name spring-offer was already used with another {what}: "
    ):
        examine(stage, **changes)


def test_a_campaign_that_was_enqueued_before_is_found(stage, world) -> None:
    stage.enqueue(1)
    with stage.ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE campaign SET list_digest = ?", (_fingerprint(stage),))
    assert examine(stage).stored == stage.stored()


def test_looking_writes_and_sends_nothing(stage, world) -> None:
    examine(stage)
    with stage.ledger.reading() as connection:
        assert campaigns.every(connection) == []
    assert world.messages() == []


def _fingerprint(stage) -> str:
    found = stage.make_campaign().list
    return sources.read(found.source, found.address_column).fingerprint


def test_what_no_recipient_should_read_is_refused_until_it_is_allowed(stage, world) -> None:
    html = '<p>Hi *|FNAME|*</p><a href="#">a</a><img src="http://localhost:1/a.png">'
    with pytest.raises(TemplateError, match=r"`\*\|FNAME\|\*` is a merge tag of Mailchimp.*first_name"):
        examine(stage, html=html)
    with pytest.raises(TemplateError, match=r"http://localhost:1/a\.png` is on this machine"):
        examine(stage, html=html, allow=["*|FNAME|*"])
    (warning,) = examine(stage, html=html, allow=["*|FNAME|*", "http://localhost:1/a.png"]).warnings
    assert "a link leads nowhere" in warning
    own = world.environment["CAMPAIGN_PUBLIC_URL"]
    assert examine(stage, html=f'<a href="{own}/x">a</a>').warnings == ()


def test_an_enqueued_campaign_goes_on_and_is_told_what_its_templates_say(stage, world) -> None:
    stage.enqueue(1, html="<p>Hi *|FNAME|*</p>")
    # The name holds the list that lies on disk.
    digest = sources.survey(stage.campaign.list).fingerprint
    with stage.ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE campaign SET list_digest = ?", (digest,))
    found = preflight.examine(stage.ledger, Settings(), stage.campaign)
    assert found.stored is not None
    assert "merge tag of Mailchimp" in found.warnings[0]


def test_people_who_said_no_are_told_before_the_list_is_cleaned(stage, world) -> None:
    rows = "email,first_name,subscribed\nann@reader.example,Ann,no\nbob@reader.example,Bob,yes\n"
    (warning,) = examine(stage, rows=rows).warnings
    assert warning.startswith("1 of 2 rows says no in the column 'subscribed'")
    source = stage.make_campaign(rows=rows).list.source
    for decided in ({"consent": "any"}, {"consent_column": "subscribed"}):
        assert examine(stage, rows=rows, list={"source": source} | decided).warnings == ()
