"""Every epoch is in the report, whatever began it, and together they are the campaign."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from ledger import attempts, campaigns, claims, doubts, events
from ledger.attempts import Answer, Result
from ledger.campaigns import State
from ledger.enqueueing import NewCampaign, NewMessage, enqueue
from ledger.incoming import Event
from ledger.schema import FACT_COLUMNS, campaign_change, message
from ledger.statuses import Fact, Status
from reports import campaign_balance, campaign_report
from reports.campaign_figures import Epoch
from reports.errors import ReportError

_names = itertools.count(1)
PEOPLE = 12

# What SES says of a message, and what becomes of it.
FATES = st.sampled_from(
    [(Answer.UNKNOWN, None), (Answer.ACCEPTED, None)]
    + [(Answer.ACCEPTED, fact) for fact in (Fact.DELIVERED, Fact.HARD_BOUNCED, Fact.COMPLAINED)]
)
BEGINNINGS = ("resume a halt", "resume a silence", "resume a pause", "resend")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.lists(FATES, min_size=1, max_size=4)),
        st.tuples(
            st.sampled_from(["resume a halt", "resume a silence", "resume a pause", "resend"]), st.just([])
        ),
    ),
    max_size=12,
)


class Campaign:
    """A campaign in the story's ledger, sent to a few at a time."""

    def __init__(self, story: Any) -> None:
        self.story, self.name = story, f"epochs-{next(_names)}"
        people = [
            NewMessage(address, address, "reader.example", {}, row, row)
            for row in range(1, PEOPLE + 1)
            for address in [f"reader.{row}.{self.name}@reader.example"]
        ]
        summary = {"rows": PEOPLE, "accepted": PEOPLE, "rejected": 0, "by_reason": {}}
        definition = {"name": self.name, "subject": "Hello", "halt": {"bounce_rate": 0.05}}
        with story.ledger.writing() as connection:
            new = NewCampaign(self.name, definition, "1" * 64, "2" * 64, 7, summary)
            enqueue(connection, new, [people])

    def send(self, fates: Sequence[tuple[Answer, Fact | None]]) -> None:
        with self.story.locked(self.name) as (connection, locked):
            recipients = claims.candidates(connection, locked, len(fates))
            if not recipients:
                return
            held = claims.take(connection, locked, "worker", recipients)
            ids = {one.message_id: f"{self.name}-{locked.epoch}-{one.message_id}" for one in recipients}
            attempts.commit_intent(connection, locked, held, f"{self.name}-{self.story.now}", ids)
            self.story.now += 1
            pairs = list(zip(recipients, fates, strict=False))
            results = [
                Result(
                    ids[one.message_id],
                    answer,
                    f"ses-{ids[one.message_id]}" if answer is Answer.ACCEPTED else None,
                )
                for one, (answer, _) in pairs
            ]
            attempts.record(connection, results)
            events.apply(
                connection, [self._event(ids[one.message_id], one, fact) for one, (_, fact) in pairs if fact]
            )

    def _event(self, send_id: str, recipient: claims.Recipient, fact: Fact) -> Event:
        return Event(
            dedupe_key=f"{send_id}-{fact}",
            kind=fact,
            ses_message_id=f"ses-{send_id}",
            send_id=send_id,
            recipient=recipient.address,
            at=self.story.now,
            facts={Fact.ACCEPTED: self.story.now, fact: self.story.now + 1},
            raw="{}",
            verified=True,
        )

    def step(self, what: str, fates: Sequence[tuple[Answer, Fact | None]]) -> None:
        self.story.now += 60
        match what:
            case "send":
                self.send(fates)
            case "resume a halt":
                self.story.change(self.name, State.HALTED, "gate", "it looks bad", {"reason": "bad"})
                self.story.change(self.name, State.RUNNING, "Ann", "mended")
            case "resume a pause":
                self.story.change(self.name, State.PAUSED, "sender", "an expired token")
                self.story.change(self.name, State.RUNNING, "Ann", "renewed")
            case "resume a silence":
                self.story.change(self.name, State.PAUSED, "gate", "no outcomes")
                with self.story.locked(self.name) as (connection, locked):
                    campaigns.change_state(
                        connection, locked, State.RUNNING, by="Ann", reason="why", anew=True
                    )
            case "resend":
                with self.story.locked(self.name) as (connection, locked):
                    doubts.resend(connection, locked)
                    campaigns.reopen(connection, locked, by="Ann", reason="resent")

    def forget_epochs(self) -> None:
        """As a ledger is that was made before changes named their epoch."""
        with self.story.locked(self.name) as (connection, locked):
            own = campaign_change.c.campaign_id == locked.id
            connection.execute(update(campaign_change).where(own).values(epoch=None))


@given(steps=STEPS, is_old=st.booleans())
def test_the_epochs_of_a_report_add_up_to_the_campaign(
    story: Any, steps: list[tuple[str, list[tuple[Answer, Fact | None]]]], is_old: bool
) -> None:
    campaign = Campaign(story)
    for what, fates in steps:
        campaign.step(what, fates)
    if is_old:
        campaign.forget_epochs()
    with story.ledger.reading() as connection:
        report = campaign_report.build(connection, campaign.name)
        stored = campaigns.get(connection, campaign.name)
        query = select(
            message.c.epoch,
            *(func.count(message.c[FACT_COLUMNS[fact]]) for fact in (Fact.HARD_BOUNCED, Fact.COMPLAINED)),
        ).where(message.c.campaign_id == stored.id)
        by_epoch = {epoch: counts for epoch, *counts in connection.execute(query.group_by(message.c.epoch))}
    assert [each.number for each in report.epochs] == list(range(1, stored.epoch + 1))
    assert sum(each.accepted for each in report.epochs) == report.accepted
    assert sum(each.hard_bounced for each in report.epochs) == report.hard_bounced
    for each in report.epochs:
        assert [each.hard_bounced, each.complained] == by_epoch.get(each.number, [0, 0])
    began = [each.began_at for each in report.epochs]
    assert began == sorted(began)
    if not is_old:
        assert len(set(began)) == len(began)


def test_epochs_that_do_not_add_up_are_no_report(story: Any) -> None:
    campaign = Campaign(story)
    campaign.step("send", [(Answer.ACCEPTED, Fact.HARD_BOUNCED)])
    with story.ledger.reading() as connection:
        report = campaign_report.build(connection, campaign.name)
    assert report.by_status[Status.HARD_BOUNCED] == 1
    with pytest.raises(ReportError, match="accepted over the epochs 0 != accepted in all 1"):
        campaign_balance.check_epochs("spring", report.totals, [Epoch(1, 0.0, 0, 1, 0)])
