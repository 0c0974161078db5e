"""What a worker needs, made from the settings and the ledger's own record."""

import pytest

from ledger.errors import CampaignNotFound
from mail import sending, working
from mail.errors import MailError
from mail.rate import Rate
from mail.readiness import NotReady
from settings import Settings, SettingsError


def test_a_worker_has_the_accounts_rate_and_tags_that_are_ids(stage, world) -> None:
    stage.enqueue(3, reply_to="Help <hello@brightbooks.example>")
    work = working.open_work(stage.ledger, Settings(), "spring-offer")
    assert work.rate == Rate(1_000.0, 0.0, "spring-offer")
    assert work.envelope.sender == "Bright Books <news@brightbooks.example>"
    assert work.envelope.reply_to == "Help <hello@brightbooks.example>"
    assert work.envelope.configuration_set == "campaign"
    assert work.envelope.tags == {"campaign": str(stage.stored().id), "ledger": stage.ledger.ledger_id}
    assert working.open_work(stage.ledger, Settings(), "spring-offer").owner != work.owner


def test_a_campaign_of_its_own_rate_keeps_it(stage, world) -> None:
    stage.enqueue(3, send={"rate_per_second": 40})
    assert working.open_work(stage.ledger, Settings(), "spring-offer").rate.call_size == 4


def test_a_worker_sends_and_a_collector_settles(stage, world) -> None:
    stage.enqueue(3)
    assert sending.send_chunk(working.open_work(stage.ledger, Settings(), "spring-offer"), 10).answers == {
        "accepted": 3
    }
    collector = working.open_collector(stage.ledger, Settings())
    new = 0
    for _ in range(20):
        if new < 6:
            new += collector.drain(wait_seconds=1).new
    assert stage.statuses() == ["DELIVERED"] * 3


def test_content_that_was_changed_since_is_refused(stage, world) -> None:
    stage.enqueue(3)
    stage.make_campaign(html="<html><body>Another offer</body></html>")
    with pytest.raises(MailError, match=r"^the content of campaign spring-offer is not what it began with: "):
        working.open_work(stage.ledger, Settings(), "spring-offer")


def test_a_missing_setting_an_unknown_name_and_a_dead_account_are_one_sentence_each(
    stage, world, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CampaignNotFound, match=r"^no campaign is named spring-offer: "):
        working.open_work(stage.ledger, Settings(), "spring-offer")
    stage.enqueue(3)
    world.control(enforcement_status="SHUTDOWN")
    with pytest.raises(NotReady, match="shut this account down"):
        working.open_work(stage.ledger, Settings(), "spring-offer")
    monkeypatch.delenv("CAMPAIGN_SECRET_KEY")
    monkeypatch.delenv("CAMPAIGN_EVENT_QUEUE_URL")
    with pytest.raises(SettingsError, match=r"^CAMPAIGN_SECRET_KEY and CAMPAIGN_EVENT_QUEUE_URL must be set"):
        working.open_work(stage.ledger, Settings(), "spring-offer")
    with pytest.raises(SettingsError, match=r"^CAMPAIGN_EVENT_QUEUE_URL must be set"):
        working.open_collector(stage.ledger, Settings())
