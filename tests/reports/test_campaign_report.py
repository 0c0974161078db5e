import json
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger import campaigns, domain_brakes
from ledger.accounts import Rolling
from ledger.campaigns import State
from ledger.domain_brakes import Window
from ledger.errors import CampaignNotFound
from ledger.statuses import Count, Status
from mail import account
from reports import campaign_page
from reports.campaign_figures import Attention, Domain, Epoch, Point, TextCount
from reports.campaign_json import as_json
from reports.campaign_report import build, markdown, write
from reports.errors import ReportError

BY_STATUS = {
    Status.DELIVERED: 4,
    Status.HARD_BOUNCED: 2,
    Status.SOFT_BOUNCED: 2,
    Status.DELAYED: 1,
    Status.COMPLAINED: 2,
    Status.REJECTED: 2,
    Status.SUPPRESSED: 2,
    Status.SENT: 1,
    Status.FAILED: 1,
    Status.IN_DOUBT: 1,
    Status.QUEUED: 2,
}
COUNTS = {
    Count.ANSWERED: 15,
    Count.ACCEPTED: 14,
    Count.ASSUMED: 0,
    Count.KNOWN: 12,
    Count.DELIVERED: 6,
    Count.DELAYED: 1,
    Count.SOFT_BOUNCED: 2,
    Count.HARD_BOUNCED: 3,
    Count.COMPLAINED: 2,
    # Another one was never offered to SES.
    Count.REJECTED: 1,
    Count.FAILED: 1,
    Count.WITHHELD: 1,
    Count.AUTO_REPLY: 1,
    Count.OPENED: 1,
    Count.CLICKED: 1,
    Count.UNSUBSCRIBED: 1,
}


@pytest.fixture
def report(told):
    with told.ledger.reading() as connection:
        return build(connection, "spring-offer")


def test_every_recipient_is_counted_under_one_status(report):
    assert report.recipients == 20
    assert report.by_status == dict.fromkeys(Status, 0) | BY_STATUS
    assert sum(report.by_status.values()) == 20


def test_every_fact_is_counted_whatever_the_status(report):
    assert report.counts == COUNTS


def test_the_rates_leave_out_what_the_account_suppressed(report):
    assert report.accepted == 13
    assert report.hard_bounced == 3
    assert report.totals.bounce_rate == 3 / 13
    assert report.totals.complaint_rate == 2 / 13
    assert report.bounce_limit == 0.05


def test_the_list_is_accounted_for(report):
    assert (report.list.rows, report.list.accepted, report.list.rejected) == (23, 20, 3)
    assert report.list.by_reason == {"malformed": 1, "duplicate": 2, "no_mx": 0}


def test_suppressions_are_told_apart_by_reason(report):
    assert set(report.suppressed) == {
        TextCount(Status.SUPPRESSED, "account_suppression_list", 1),
        TextCount(Status.SUPPRESSED, "unsubscribe", 1),
    }


def test_rejections_come_with_their_texts(report):
    assert set(report.rejected) == {
        TextCount(Status.REJECTED, "MESSAGE_REJECTED: illegal domain", 1),
        TextCount(Status.REJECTED, "smtputf8", 1),
    }


def test_equal_diagnostics_add_up_though_each_names_its_own_recipient(report):
    assert report.diagnostics[0] == TextCount(
        Status.HARD_BOUNCED, "smtp; 550 5.1.1 <address>: user unknown, id <id>", 2
    )
    assert TextCount(Status.SOFT_BOUNCED, "smtp; 452 4.2.2 mailbox full", 1) in report.diagnostics
    assert TextCount(Status.COMPLAINED, "abuse", 1) in report.diagnostics


def test_domains_come_by_hard_bounces_and_then_by_recipients(report):
    assert report.domains == (
        Domain("north.example", 5, 5, 4, 0, 2, 0),
        Domain("south.example", 5, 5, 1, 2, 1, 2),
        Domain("west.example", 10, 3, 1, 0, 0, 0),
    )
    assert report.domains[0].hard_bounce_rate == 2 / 5


def test_the_timeline_ends_at_the_figures_of_the_whole(report):
    assert report.timeline[-1] == Point(report.last_accepted_at, 13, 11, 3)
    assert report.timeline[-1].bounce_rate == report.totals.bounce_rate
    assert [point.accepted for point in report.timeline] == list(range(1, 14))


def test_the_rate_of_the_whole_account_stands_beside_the_campaigns(report):
    # Fourteen were taken in the other campaign and this one, and three of them bounced.
    since = report.generated_at - account.ROLLING_SECONDS
    assert report.account == Rolling(since, accepted=14, hard_bounced=3)
    assert json.loads(as_json(report))["account"] == {
        "since": since,
        "accepted": 14,
        "hard_bounced": 3,
        "bounce_rate": 3 / 14,
    }
    page = campaign_page.render(report).replace("\u00a0", " ")
    assert "The whole account: 21.43 % hard bounces, 3 of 14 messages of all campaigns since" in page
    assert "| hard bounces of the whole account | 21.43 % | 3 of 14 since" in markdown(report).replace(
        "\u00a0", " "
    )


def test_the_halt_and_the_history_are_told(report, halted):
    assert report.state is State.HALTED
    assert (report.halt.rule, report.halt.k, report.halt.n, report.halt.known) == ("literal", 3, 13, 10)
    assert (report.halt.at, report.halt.by, report.halt.reason) == (halted["at"], "gate", halted["reason"])
    assert [change.to_state for change in report.history] == [State.ENQUEUING, State.RUNNING, State.HALTED]


def test_times_and_duration_are_those_of_the_campaign(report):
    assert report.first_accepted_at == report.last_accepted_at == report.created_at + 1
    assert report.duration_seconds == 61


def test_attention_begins_with_what_is_in_doubt_and_masks_every_address(report):
    assert report.attention[0] == Attention(15, "o***@west.example", Status.IN_DOUBT, "", 1)
    assert [each.status for each in report.attention] == sorted(
        (each.status for each in report.attention),
        key=["IN_DOUBT", "COMPLAINED", "HARD_BOUNCED", "FAILED", "REJECTED"].index,
    )
    assert (
        report.attention[3].reason == "smtp; 550 5.1.1 <d***@north.example>: user unknown, id 4f2c9a77b1e0d"
    )
    assert len(report.attention) == report.needing_attention == 8


def test_a_resumed_campaign_shows_each_epoch_by_itself(story, everything, halted, delivered):
    story.tell("spring-offer", everything)
    story.change("spring-offer", State.HALTED, "gate", "too many", halted)
    story.change("spring-offer", State.RUNNING, "Ada", "the list is mended")
    story.send("spring-offer", [*everything[:-2], *(_answered(each, delivered) for each in everything[-2:])])
    with story.ledger.reading() as connection:
        report = build(connection, "spring-offer")
    began = report.created_at
    assert report.epochs == (Epoch(1, began, 13, 3, 2), Epoch(2, began + 121, 2, 0, 0))
    assert report.halt is None
    assert sum(epoch.accepted for epoch in report.epochs) == report.accepted == 15


def _answered(each, like):
    return type(each)(each.address, like.answer, like.facts)


def test_a_campaign_of_which_nothing_was_sent_has_a_report(story, everything):
    story.tell("spring-offer", everything[-2:])
    with story.ledger.reading() as connection:
        report = build(connection, "spring-offer")
    assert (report.accepted, report.totals.bounce_rate, report.timeline) == (0, 0.0, ())
    assert report.first_accepted_at is None


def test_no_campaign_of_that_name_is_said_so(story):
    with story.ledger.reading() as connection, pytest.raises(CampaignNotFound, match="autumn"):
        build(connection, "autumn")


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        (
            "UPDATE tally SET status_delivered = status_delivered + 1",
            "recipients 20 != sum over the statuses 21",
        ),
        (
            "UPDATE tally SET status_sent = 0, status_queued = status_queued + 1",
            "SENT in the tally 0 != SENT among the messages 1",
        ),
        (
            "UPDATE tally SET hard_bounced_count = 2",
            "hard_bounced in the tally 2 != hard_bounced among the messages 3",
        ),
        (
            "UPDATE tally SET delivered_count = 7",
            "delivered over the domains 6 != delivered in all 7",
        ),
        ("UPDATE message SET status = 'SENT' WHERE status = 'HARD_BOUNCED'", "HARD_BOUNCED in the tally"),
        ("DELETE FROM tally", "sum over the statuses 0"),
        ("UPDATE campaign SET recipients = 19", "accepted rows 20 != recipients 19"),
        (
            """UPDATE campaign SET list_summary =
            '{"rows": 24, "accepted": 20, "rejected": 3, "by_reason": {"malformed": 3}}'""",
            "rows of the list 24 != accepted and rejected rows 23",
        ),
        (
            """UPDATE campaign SET list_summary =
            '{"rows": 23, "accepted": 20, "rejected": 3, "by_reason": {"malformed": 2}}'""",
            "rejected rows 3 != sum over the reasons 2",
        ),
        ("UPDATE campaign SET list_summary = '{}'", "lacks 'rows'"),
    ],
)
def test_a_report_that_does_not_balance_is_not_given_out(story, everything, tmp_path, tampering, said):
    story.tell("spring-offer", everything)
    with story.ledger.writing() as connection:
        connection.execute(text(tampering))
    with story.ledger.reading() as connection:
        with pytest.raises(ReportError) as caught:
            build(connection, "spring-offer")
        with pytest.raises(ReportError):
            write(connection, "spring-offer", tmp_path / "out")
    assert said in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_the_three_files_are_written_and_nothing_else(told, tmp_path):
    with told.ledger.reading() as connection:
        written = write(connection, "spring-offer", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "messages.csv",
        "report.html",
        "report.json",
    ]
    assert written.report.name == "spring-offer"
    assert written.html.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_json_holds_the_figures_under_stable_keys(told, tmp_path):
    with told.ledger.reading() as connection:
        written = write(connection, "spring-offer", tmp_path)
    content = json.loads(written.json.read_text(encoding="utf-8"))
    assert {
        "name": "spring-offer",
        "state": "HALTED",
        "recipients": 20,
        "by_status": {status.value: BY_STATUS.get(status, 0) for status in Status},
        "counts": {count.value: COUNTS[count] for count in Count},
        "sent": 13,
        "delivered": 6,
        "hard_bounced": 3,
        "bounce_rate": 3 / 13,
        "complaint_rate": 2 / 13,
        "suppressed": {"account_suppression_list": 1, "unsubscribe": 1},
        "list": {
            "rows": 23,
            "accepted": 20,
            "rejected": 3,
            "by_reason": {"malformed": 1, "duplicate": 2, "no_mx": 0},
            "blank_fields": {},
        },
    }.items() <= content.items()
    assert content["halt"]["rule"] == "literal"
    assert content["domains"][0] == {
        "domain": "north.example",
        "recipients": 5,
        "accepted": 5,
        "delivered": 4,
        "soft_bounced": 0,
        "hard_bounced": 2,
        "complained": 0,
        "hard_bounce_rate": 0.4,
    }
    assert "@north.example" not in written.json.read_text(encoding="utf-8")


def test_a_report_that_fails_midway_leaves_the_older_files(told, tmp_path, monkeypatch):
    for name in ("report.html", "report.json", "messages.csv"):
        (tmp_path / name).write_text("older")

    def fail(report):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(campaign_page, "render", fail)
    with told.ledger.reading() as connection, pytest.raises(ReportError, match="No space left on device"):
        write(connection, "spring-offer", tmp_path)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"older"}
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_cannot_be_made_is_one_sentence(told, tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with told.ledger.reading() as connection, pytest.raises(ReportError, match="cannot be written"):
        write(connection, "spring-offer", Path(in_the_way) / "out")


def test_braked_domains_are_named_in_page_json_and_summary_until_they_are_free(told) -> None:

    with told.ledger.writing() as connection:
        campaign = campaigns.get(connection, "spring-offer")
        braked = Window("slow.example", told.now + 60, times=1, braked_until=told.now + 60)
        watched = Window("quick.example", told.now, outcomes=3, put_off=1)
        domain_brakes.store(connection, campaign.id, [braked, watched])
        report = build(connection, "spring-offer")
    assert report.braked == (braked,)
    assert "slow.example: tried again from" in campaign_page.render(report)
    assert "| slow.example |" in markdown(report)
    assert [each["domain"] for each in json.loads(as_json(report))["braked"]] == ["slow.example"]
