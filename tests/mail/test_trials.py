"""Test mails: the real way, each once, and in nobody's figures."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from sqlalchemy import func, select

from ledger import accounts, breaker, claims, events, suppressions, tallies, trials, unsubscribes
from ledger.accounts import Action, Rolling
from ledger.claims import LEASE_SECONDS
from ledger.incoming import Event
from ledger.schema import attempt, campaign, cohort, limiter, message, suppression, tally, trial
from ledger.statuses import Fact
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason
from mail import single_claiming
from mail.errors import MailError
from mail.rate import ACCOUNT, Rate
from mail.single_claiming import Nothing
from mail.templating import Templates
from mail.trial_outcomes import Outcome, TrialSent
from mail.trial_rows import MOST_RECIPIENTS, by_address, by_number, recipients
from mail.trials import TrialRefused, TrialWork, send
from mail.unsubscribe import Tokens

ME = "me@shop.example"
ROWS = "email,first_name\nann@reader.example,Ann\nBo.Berg@Reader.example,Bo\n"


class Desk:
    """A campaign file and a worker that sends tests of it; time passes only where the worker sleeps."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.ledger = stage.ledger
        self.ses = stage.ses

    def work(self, *, row: int = 1, request: str = "one", again: bool = False, **changes: Any) -> TrialWork:
        campaign = self.stage.make_campaign(rows=ROWS, **changes)
        return TrialWork(
            ledger=self.stage.ledger,
            ses=self.ses,
            worker="worker",
            campaign=campaign,
            templates=Templates.load(campaign),
            configuration_set="campaign",
            tokens=Tokens("a-key-for-these-tests-alone"),
            public_url="https://mail.shop.example",
            rate=Rate(500.0, 0.0, ""),
            row=by_number(campaign.list, row),
            request=request,
            again=again,
            sleep=self.stage.clock.sleep,
        )

    def send(self, *to: str, **more: Any) -> tuple[TrialSent, ...]:
        return send(self.work(**more), recipients(to or (ME,)))

    def suppress(self, key: str, scope: str = EVERYWHERE) -> None:
        with self.ledger.writing() as connection:
            suppressions.add(
                connection, [Suppression(key, SuppressionReason.UNSUBSCRIBE, "a test", scope=scope)]
            )

    def statuses(self) -> list[str]:
        with self.ledger.reading() as connection:
            return list(connection.execute(select(message.c.status).order_by(message.c.id)).scalars())

    def counts(self) -> tuple[int, int, int]:
        """Return how many campaigns, tallies and cohorts there are."""
        with self.ledger.reading() as connection:
            return tuple(
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (campaign, tally, cohort)
            )  # type: ignore[return-value]

    def event(self, kind: str, facts: set[Fact], suppress: SuppressionReason | None = None) -> None:
        """Take in an event about the newest attempt."""
        with self.ledger.writing() as connection:
            newest = select(attempt.c.send_id).order_by(attempt.c.id.desc()).limit(1)
            send_id = connection.execute(newest).scalar_one()
            item = Event(
                dedupe_key=f"{kind} {send_id}",
                kind=kind,
                ses_message_id=f"ses-of-{send_id}",
                send_id=send_id,
                recipient=ME,
                at=self.stage.clock.now,
                facts=dict.fromkeys(facts | {Fact.ACCEPTED}, self.stage.clock.now),
                raw="{}",
                suppress=suppress,
                verified=True,
            )
            assert events.apply(connection, [item]).unmatched == 0


@pytest.fixture
def desk(stage: Any) -> Desk:
    return Desk(stage)


def test_a_test_is_the_mail_of_the_row_sent_to_me_and_marked(desk: Desk) -> None:
    assert desk.send(row=2) == (TrialSent(1, Outcome.SENT),)
    assert desk.ses.addresses == [ME]
    ((operation, request),) = desk.ses.calls
    entry = request["BulkEmailEntries"][0]
    data = entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
    assert operation == "send_bulk_email"
    assert request["FromEmailAddress"] == "Bright Books <news@brightbooks.example>"
    assert request["ConfigurationSetName"] == "campaign"
    assert '"[Test] Bo, spring is here"' in data
    assert "Hello Bo" in data
    assert [header["Name"] for header in entry["ReplacementHeaders"]] == [
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
    ]
    assert {tag["Name"] for tag in entry["ReplacementTags"]} == {"ledger", "send_id"}


def test_no_campaign_and_no_figure_comes_of_a_test_nor_of_what_becomes_of_it(desk: Desk) -> None:
    desk.send()
    desk.event("Delivery", {Fact.DELIVERED})
    desk.event("Open", {Fact.OPENED})
    desk.event("Bounce", {Fact.HARD_BOUNCED}, SuppressionReason.HARD_BOUNCE)
    assert desk.statuses() == ["HARD_BOUNCED"]
    assert desk.counts() == (0, 0, 0)
    with desk.ledger.reading() as connection:
        # Who bounced is not written to by any campaign either.
        assert suppressions.reasons(connection, [ME]) == {ME: SuppressionReason.HARD_BOUNCE}
        # Nor is the campaign's own rate touched.
        assert connection.execute(select(limiter.c.name)).scalars().all() == ["account"]


def test_the_figures_of_a_campaign_that_runs_stay_as_they_are(desk: Desk) -> None:
    desk.stage.enqueue(3)
    before = desk.stage.stored()

    def totals() -> tallies.Totals:
        with desk.ledger.reading() as connection:
            counted = tallies.recount(connection, before.id)
            assert tallies.read(connection, before.id) == counted
            return counted

    figures = totals()
    desk.send()
    desk.event("Bounce", {Fact.HARD_BOUNCED})
    assert (desk.stage.stored(), totals()) == (before, figures)


def test_the_link_unsubscribes_me_and_not_the_person_of_the_row(desk: Desk) -> None:
    desk.send()
    with desk.ledger.writing() as connection:
        message_id = connection.execute(select(message.c.id)).scalar_one()
        left = unsubscribes.unsubscribe(connection, message_id=message_id, campaign_id=0, by="page")
        assert left is not None
        assert (left.address_key, left.sender) == (ME, "Bright Books <news@brightbooks.example>")
        assert connection.execute(select(suppression.c.address_key)).scalars().all() == [ME]
    assert desk.counts() == (0, 0, 0)


def test_the_link_leaves_the_list_alone_where_the_campaigns_own_links_do(desk: Desk) -> None:
    desk.send(list={"source": str(desk.work().campaign.list.source), "name": "news", "unsubscribe": "list"})
    with desk.ledger.writing() as connection:
        message_id = connection.execute(select(message.c.id)).scalar_one()
        unsubscribes.unsubscribe(connection, message_id=message_id, campaign_id=0, by="page")
        assert connection.execute(select(suppression.c.scope)).scalars().all() == ["news"]


def test_a_suppressed_recipient_is_refused_and_nobody_beside_them_gets_one(desk: Desk) -> None:
    desk.suppress(ME)
    with pytest.raises(TrialRefused, match=r"^recipient 2 of the test is suppressed \(unsubscribe\)"):
        desk.send("other@shop.example", ME)
    assert (desk.ses.calls, desk.statuses()) == ([], [])


def test_who_is_suppressed_while_the_rate_is_waited_for_gets_none(desk: Desk) -> None:
    work = desk.work()

    def meanwhile(_: float) -> None:
        desk.suppress(ME)

    with pytest.raises(TrialRefused, match="suppressed"):
        send(replace(work, sleep=meanwhile), recipients([ME]))
    assert (desk.ses.calls, desk.statuses()) == ([], ["CANCELLED"])


def test_who_is_told_to_end_calls_nothing_more(desk: Desk) -> None:
    work = desk.work()
    with pytest.raises(TrialRefused, match="told to end"):
        send(replace(work, sleep=lambda _: work.ends.set()), recipients([ME]))
    assert (desk.ses.calls, desk.statuses()) == ([], ["CANCELLED"])


def test_while_ses_gives_no_answers_no_test_goes_out(desk: Desk) -> None:
    with desk.ledger.writing() as connection:
        for _ in range(breaker.OPENS_AFTER):
            breaker.note_silence(connection, ACCOUNT, 1, 0)
    with pytest.raises(TrialRefused, match="SES gives no answers"):
        desk.send()
    assert desk.ses.calls == []
    desk.stage.clock.tick(breaker.FIRST_PROBE_SECONDS)
    # The test is the probe, and its answer closes the breaker.
    assert desk.send() == (TrialSent(1, Outcome.SENT),)
    assert desk.send(request="another") == (TrialSent(1, Outcome.SENT),)


def test_the_suspension_of_the_account_holds(desk: Desk) -> None:
    with desk.ledger.writing() as connection:
        accounts.change(
            connection, Action.SUSPENDED, Rolling(50, 1_000, 0.0), by="gate", reason="Too many bounced."
        )
    with pytest.raises(TrialRefused, match="Too many bounced"):
        desk.send()
    assert desk.ses.calls == []


def test_the_rate_of_the_account_holds(desk: Desk) -> None:
    work = replace(desk.work(), rate=Rate(1.0, 0.0, ""))
    send(work, recipients(["one@shop.example", "two@shop.example", "three@shop.example"]))
    assert sum(desk.stage.clock.slept) >= 2.0
    assert {operation for operation, _ in desk.ses.calls} == {"send_email"}


def test_the_same_request_sends_each_recipient_one_mail(desk: Desk) -> None:
    desk.send()
    assert desk.send() == (TrialSent(1, Outcome.SENT_BEFORE),)
    assert desk.send(ME, "other@shop.example")[1] == TrialSent(2, Outcome.SENT)
    assert desk.send(request="another") == (TrialSent(1, Outcome.SENT),)
    assert desk.ses.addresses == [ME, "other@shop.example", ME]


def lost(fake: Any, request: Any) -> Any:
    fake.accept(request)
    raise ReadTimeoutError(endpoint_url="https://ses.invalid")


@pytest.fixture
def either_desk(either_stage: Any) -> Desk:
    """The same on each database in turn."""
    return Desk(either_stage)


def test_a_lost_answer_is_in_doubt_on_either_database(either_desk: Desk) -> None:
    either_desk.ses.steps = {1: lost}
    assert either_desk.send()[0].outcome is Outcome.IN_DOUBT
    with pytest.raises(TrialRefused, match="in doubt"):
        either_desk.send(request="another")
    assert either_desk.send(request="a third", again=True) == (TrialSent(1, Outcome.SENT),)
    either_desk.event("Bounce", {Fact.HARD_BOUNCED})
    assert either_desk.statuses() == ["IN_DOUBT", "HARD_BOUNCED"]
    assert either_desk.counts() == (0, 0, 0)


def test_a_lost_answer_is_in_doubt_and_no_second_mail_goes_out_unasked(desk: Desk) -> None:
    desk.ses.steps = {1: lost}
    (first,) = desk.send()
    assert first.outcome is Outcome.IN_DOUBT
    assert desk.send()[0].outcome is Outcome.IN_DOUBT
    with pytest.raises(TrialRefused, match=r"in doubt.*--again"):
        desk.send(request="another")
    assert len(desk.ses.calls) == 1
    assert desk.send(request="a third", again=True) == (TrialSent(1, Outcome.SENT),)


def test_an_event_settles_a_test_that_was_in_doubt(desk: Desk) -> None:
    desk.ses.steps = {1: lost}
    desk.send()
    desk.event("Delivery", {Fact.DELIVERED})
    assert desk.send(request="another") == (TrialSent(1, Outcome.SENT),)


class Killed(BaseException):
    """The process ended where it was raised."""


def killed(fake: Any, request: Any) -> Any:
    raise Killed


@pytest.mark.parametrize("after_seconds", [0.0, LEASE_SECONDS + 1])
def test_killed_in_the_call_it_is_in_doubt_and_never_sent_again_by_itself(
    desk: Desk, after_seconds: float
) -> None:
    desk.ses.steps = {1: killed}
    with pytest.raises(Killed):
        desk.send()
    desk.stage.clock.tick(after_seconds)
    assert desk.send()[0].outcome is Outcome.IN_DOUBT
    with pytest.raises(TrialRefused, match="in doubt"):
        desk.send(request="another")
    # Whoever sends single messages finds nothing to send.
    assert single_claiming.claim(desk.ledger, "worker", 10) == Nothing("nothing_left")
    assert len(desk.ses.calls) == 1


def test_killed_before_the_call_nothing_is_in_doubt_and_nothing_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(trials, "intend", dies)
        with pytest.raises(Killed):
            desk.send()
    assert desk.statuses() == ["CANCELLED"]
    assert single_claiming.claim(desk.ledger, "worker", 10) == Nothing("nothing_left")
    assert desk.send() == (TrialSent(1, Outcome.SENT),)


@pytest.mark.parametrize(
    ("code", "status"), [("TooManyRequestsException", 429), ("SendingPausedException", 400)]
)
def test_what_was_surely_not_sent_failed_and_is_not_queued(
    desk: Desk, client_error: Callable[..., Exception], raising: Callable[..., Any], code: str, status: int
) -> None:
    desk.ses.steps = {1: raising(client_error(code, status))}
    (found,) = desk.send()
    assert found.outcome is Outcome.NOT_SENT
    assert desk.statuses() == ["FAILED"]
    assert single_claiming.claim(desk.ledger, "worker", 10) == Nothing("nothing_left")


def test_three_soft_bounces_of_tests_suppress_nobody(desk: Desk) -> None:
    for number in range(3):
        desk.send(request=str(number))
        desk.event("Bounce", {Fact.SOFT_BOUNCED})
    with desk.ledger.reading() as connection:
        assert suppressions.reasons(connection, [ME]) == {}


def test_a_row_that_cannot_be_rendered_is_refused_before_anything_is_stored(desk: Desk) -> None:
    with pytest.raises(MailError, match="price"):
        desk.send(html="<html><body>{{ price }} {{ unsubscribe_url }}</body></html>")
    assert (desk.ses.calls, desk.statuses()) == ([], [])


def test_recipients_are_addresses_each_once_and_few() -> None:
    assert [each.key for each in recipients([ME, " ME@Shop.example "])] == [ME]
    with pytest.raises(MailError, match="recipient 2 of the test is no address"):
        recipients([ME, "nobody"])
    with pytest.raises(MailError, match="beyond ASCII"):
        recipients(["jörg@shop.example"])
    with pytest.raises(MailError, match="--to"):
        recipients([])
    with pytest.raises(MailError, match="a longer list is a campaign"):
        recipients([f"reader.{number}@shop.example" for number in range(MOST_RECIPIENTS + 1)])


def test_a_row_is_found_by_its_number_or_by_its_address_however_spelled(desk: Desk) -> None:
    source = desk.work().campaign.list
    found = by_number(source, 2)
    assert (found.number, found.cells["first_name"], found.address) == (2, "Bo", "Bo.Berg@reader.example")
    assert by_address(source, "bo.berg@READER.example") == found
    with pytest.raises(MailError, match="has no row 3; give one from 1 to 2"):
        by_number(source, 3)
    with pytest.raises(MailError, match="has no row with that address"):
        by_address(source, "berg@reader.example")


def test_nothing_is_left_of_a_claim(desk: Desk) -> None:
    desk.send()
    with desk.ledger.writing() as connection:
        assert claims.recover(connection, None) == claims.Recovered(0, 0)
        assert connection.execute(select(trial.c.campaign, trial.c.list_row)).all() == [("spring-offer", 1)]
