"""Sending single messages: each once, whatever SES answers and whoever is unwelcome by then."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from sqlalchemy import delete, select

from ledger import attempts, owners, restores, singles, suppressions
from ledger.claims import LEASE_SECONDS
from ledger.engine import Ledger
from ledger.schema import callback, message, single
from ledger.singles import Mail, NewSingle
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason
from mail import account_gate, composer, rate, ses_requests, single_claiming, single_sending, withdrawals
from mail.composer import Compose, ComposerBusy
from mail.generation_blocks import GenerationBlocks
from mail.harmless import MAX_CHARACTERS
from mail.message import Content, MessageContext
from mail.queue import QueueBusy, QueueError
from mail.rate import Rate
from mail.restoring import Outside
from mail.single_claiming import Held
from mail.single_sending import SinglesSent, SingleWork, send_messages
from mail.unsubscribe import Tokens


class Desk:
    """A ledger with single messages in it, and a worker; time passes only where the worker sleeps."""

    def __init__(self, ledger: Ledger, fake_ses: Any, frozen: Any) -> None:
        self.ledger = ledger
        self.ses = fake_ses
        self.clock = frozen
        self.told: list[str] = []
        with ledger.writing() as connection:
            self.owner_id = owners.ensure(connection, "EliPackage")
        self.count = 0

    def add(self, count: int = 1, **changes: Any) -> None:
        new = []
        for number in range(self.count, self.count + count):
            address = f"reader.{number}@mail.example"
            whole = {
                "public_id": f"{number:020x}",
                "owner_id": self.owner_id,
                "operator": "ann",
                "sender": "Shop <news@shop.example>",
                "recipient": address,
                "address": address,
                "address_key": address,
                "domain": "mail.example",
                "subject": f"Offer {number}",
                "text": "we have a new offer",
                "unsubscribe_text": "Unsubscribe",
            }
            new.append(NewSingle(**(whole | changes)))
        self.count += count
        with self.ledger.writing() as connection:
            singles.add(connection, new)

    def work(
        self,
        rate_per_second: float = 500.0,
        noted: GenerationBlocks | None = None,
        compose: Compose = composer.compose_here,
    ) -> SingleWork:
        return SingleWork(
            compose=compose,
            ledger=self.ledger,
            ses=self.ses,
            owner="worker",
            configuration_set="campaign",
            tags={"ledger": self.ledger.ledger_id},
            tokens=Tokens("a-key-for-these-tests-alone"),
            public_url="https://mail.shop.example",
            rate=Rate(rate_per_second, 0.0, ""),
            noted=noted,
            tell=self.told.append,
            sleep=self.clock.sleep,
            clock=self.clock.read,
        )

    def send(self, rate_per_second: float = 500.0, compose: Compose = composer.compose_here) -> SinglesSent:
        return send_messages(self.work(rate_per_second, compose=compose), 10_000)

    def rows(self) -> list[Any]:
        with self.ledger.reading() as connection:
            query = select(message.c.status, message.c.detail).order_by(message.c.id)
            return list(connection.execute(query))

    def statuses(self) -> list[str]:
        return [status for status, _ in self.rows()]

    def suppress(self, number: int, scope: str = EVERYWHERE) -> None:
        entry = Suppression(
            f"reader.{number}@mail.example", SuppressionReason.UNSUBSCRIBE, "a test", scope=scope
        )
        with self.ledger.writing() as connection:
            suppressions.add(connection, [entry])


@pytest.fixture
def desk(ledger: Ledger, fake_ses: Any, frozen: Any) -> Desk:
    return Desk(ledger, fake_ses, frozen)


def test_each_message_goes_out_once_oldest_first(desk: Desk) -> None:
    desk.add(120)
    sent = desk.send()
    assert (sent.answers, sent.ended) == ({"accepted": 120}, "nothing_left")
    assert desk.ses.addresses == [f"reader.{number}@mail.example" for number in range(120)]
    assert desk.statuses() == ["SENT"] * 120
    assert desk.send().answers == {}
    assert len(desk.ses.accepted) == 120


def test_plain_and_html_and_each_sender_go_in_calls_of_their_own(desk: Desk) -> None:
    desk.add(2)
    desk.add(1, text="<p>Hello</p>")
    desk.add(1, sender="other@shop.example")
    desk.send()
    requests = [request for _, request in desk.ses.calls]
    assert [request["FromEmailAddress"] for request in requests] == [
        "Shop <news@shop.example>",
        "Shop <news@shop.example>",
        "other@shop.example",
    ]
    contents = [request["DefaultContent"]["Template"]["TemplateContent"] for request in requests]
    assert ["Html" in content for content in contents] == [False, True, False]


def test_a_slow_account_sends_one_message_a_call(desk: Desk) -> None:
    desk.add(1)
    desk.add(1, text="<p>Hello</p>")
    desk.send(rate_per_second=5)
    bodies = [request["Content"]["Simple"]["Body"] for _, request in desk.ses.calls]
    assert [sorted(body) for body in bodies] == [["Text"], ["Html", "Text"]]


def test_who_is_suppressed_by_now_is_left_out(desk: Desk) -> None:
    desk.add(4)
    desk.suppress(0)
    desk.suppress(1, owners.scope_of("EliPackage"))
    desk.suppress(2, owners.scope_of("Another"))
    desk.send()
    assert desk.rows() == [
        ("SUPPRESSED", "suppressed"),
        ("SUPPRESSED", "suppressed"),
        ("SENT", None),
        ("SENT", None),
    ]


def test_a_suspended_account_sends_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.add(1)
    monkeypatch.setattr(account_gate, "suspended", lambda connection: "too many bounces")
    assert desk.send().ended == "suspended"
    assert desk.statuses() == ["QUEUED"]
    assert desk.ses.calls == []


def test_a_suspension_between_claim_and_call_sends_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(1)
    reasons = iter([None, "too many bounces", "too many bounces"])
    monkeypatch.setattr(account_gate, "suspended", lambda connection: next(reasons))
    assert desk.send().ended == "suspended"
    assert desk.statuses() == ["QUEUED"]
    assert desk.ses.calls == []


def test_what_is_taken_back_between_claim_and_call_is_not_sent_and_the_others_are(desk: Desk) -> None:
    desk.add(3)

    def taking_back(mail: Mail, context: MessageContext) -> Content:
        if mail.subject == "Offer 1":
            withdrawals.take_back_messages(desk.ledger, [f"{1:020x}"], by="Cy", reason="wrong people")
        return composer.compose_here(mail, context)

    desk.send(compose=taking_back)
    assert desk.rows() == [("SENT", None), ("CANCELLED", "wrong people"), ("SENT", None)]
    assert desk.ses.addresses == ["reader.0@mail.example", "reader.2@mail.example"]


def test_an_unverified_sender_fails_its_own_messages_and_no_others(desk: Desk) -> None:
    def refuse(fake: Any, request: Any) -> Any:
        entry = {"Status": "MESSAGE_REJECTED", "Error": "Email address is not verified. a@b.example"}
        return {"BulkEmailEntryResults": [entry for _ in request["BulkEmailEntries"]]}

    desk.add(1)
    desk.add(1, sender="other@shop.example")
    desk.ses.steps[1] = refuse
    assert desk.send().ended == "nothing_left"
    assert desk.statuses() == ["REJECTED", "SENT"]
    assert "not verified. (address)" in desk.rows()[0][1]


def test_a_fault_of_the_account_stops_and_leaves_all_queued(
    desk: Desk, client_error: Callable[..., Exception], raising: Callable[..., Any]
) -> None:
    desk.add(60)
    desk.ses.always = raising(client_error("ExpiredTokenException", 403, "The token has expired."))
    assert desk.send().ended == "stopped"
    assert desk.statuses() == ["QUEUED"] * 60
    assert desk.told == ["ExpiredTokenException: The token has expired."]
    assert len(desk.ses.calls) == 1


def test_three_messages_refused_alone_in_a_row_stop_the_rest(
    desk: Desk, client_error: Callable[..., Exception], raising: Callable[..., Any]
) -> None:
    desk.add(10)
    desk.ses.always = raising(client_error("BadRequestException", 400))
    assert desk.send().ended == "stopped"
    assert sorted(desk.statuses()) == ["QUEUED"] * 7 + ["REJECTED"] * 3


def test_a_call_without_an_answer_leaves_its_messages_in_doubt(
    desk: Desk, raising: Callable[..., Any]
) -> None:
    desk.add(2)
    desk.ses.steps[1] = raising(ReadTimeoutError(endpoint_url="https://ses.example"))
    desk.send()
    desk.send()
    assert desk.statuses() == ["IN_DOUBT"] * 2
    assert len(desk.ses.calls) == 1


def test_what_a_dead_worker_had_claimed_goes_out_and_what_it_was_sending_does_not(desk: Desk) -> None:
    desk.add(1)
    held = single_claiming.claim(desk.ledger, "dead", 10)
    assert isinstance(held, Held)
    assert desk.send().ended == "nothing_left"
    assert desk.ses.calls == []
    desk.clock.tick(LEASE_SECONDS)
    desk.send()
    assert desk.statuses() == ["SENT"]


def test_a_text_that_is_too_large_for_a_bulk_call_goes_alone_and_the_others_in_bulk(desk: Desk) -> None:
    desk.add(2)
    desk.add(1, text="<p>" + '"' * 120_000 + "</p>")
    desk.add(2, text="<p>Hello</p>")
    assert desk.send().answers == {"accepted": 5}
    assert Counter(operation for operation, _ in desk.ses.calls) == {"send_email": 1, "send_bulk_email": 2}
    (request,) = [request for operation, request in desk.ses.calls if operation == "send_email"]
    assert {tag["Name"] for tag in request["EmailTags"]} >= {"send_id"}
    assert [each["Name"] for each in request["Content"]["Simple"]["Headers"]] == [
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
    ]


def broken_at(word: str, error: Exception) -> Compose:
    """Return what composes every text but those that hold the word."""

    def compose(mail: Mail, context: MessageContext) -> Content:
        if word in mail.text:
            raise error
        return composer.compose_here(mail, context)

    return compose


def test_what_cannot_be_composed_fails_alone_with_its_text_and_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(text: str, *_: str) -> None:
        raise RecursionError(text)

    monkeypatch.setattr(composer.single_message.single_html, "page", broken)
    desk.add(1, text="<p>poison</p>", callbacks=("https://shop.example/hook",))
    desk.add(2)
    sent = desk.send()
    assert (sent.answers, sent.ended) == ({"failed": 1, "accepted": 2}, "nothing_left")
    assert desk.rows() == [
        ("FAILED", "The text cannot be sent as it is: no mail can be made of it (RecursionError)."),
        ("SENT", None),
        ("SENT", None),
    ]
    with desk.ledger.reading() as connection:
        told = connection.execute(select(callback.c.status).order_by(callback.c.id)).scalars().all()
    assert told == ["CLAIMED", "FAILED"]


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "no sender at all"},
        {"sender": "a\n@b.example"},
        {"text": "<p>" + "<div>" * 30_000},
        {"unsubscribe_text": "No \ufffe more", "text": "<p>x</p>"},
        {"text": "<p>half \ud83d a pair</p>"},
        {"subject": "half \ud83d a pair"},
    ],
)
def test_nothing_that_an_old_ledger_holds_stops_the_messages_behind_it(
    desk: Desk, changes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(3)
    # As it would lie there: not every database takes all of it.
    real = single_claiming.singles.mails
    monkeypatch.setattr(
        single_claiming.singles,
        "mails",
        lambda connection, ids: {
            id_: replace(mail, **changes) if mail.subject == "Offer 1" else mail
            for id_, mail in real(connection, ids).items()
        },
    )
    assert desk.send().ended == "nothing_left"
    first, second, third = desk.statuses()
    assert (first, third) == ("SENT", "SENT")
    assert second in ("SENT", "FAILED")


def test_a_message_whose_content_is_gone_fails_alone(desk: Desk) -> None:
    desk.add(3)
    with desk.ledger.writing() as connection:
        connection.execute(delete(single).where(single.c.subject == "Offer 1"))
    assert desk.send().ended == "nothing_left"
    assert desk.rows()[1] == ("FAILED", "What was to be sent is not in the ledger any more.")
    assert desk.statuses() == ["SENT", "FAILED", "SENT"]


def test_what_may_take_its_time_goes_behind_what_does_not(desk: Desk) -> None:
    desk.add(1, text="x" * (MAX_CHARACTERS + 1))
    desk.add(60)
    desk.send()
    assert desk.ses.addresses[-1] == "reader.0@mail.example"
    assert desk.statuses() == ["SENT"] * 61


@pytest.mark.parametrize("slow_seconds", [0.1, 0.9, 5.0])
def test_what_comes_while_many_slow_texts_are_composed_waits_for_a_few_of_them_alone(
    desk: Desk, slow_seconds: float
) -> None:
    desk.add(60, text="x" * (MAX_CHARACTERS + 1))
    composed: list[str] = []

    def slowly(mail: Mail, context: MessageContext) -> Content:
        composed.append(context.address)
        if len(mail.text) > MAX_CHARACTERS:
            desk.clock.tick(slow_seconds)
        if len(composed) == 1:
            desk.add(1)
        return composer.compose_here(mail, context)

    assert desk.send(compose=slowly).ended == "nothing_left"
    waited = composed.index("reader.60@mail.example") * slow_seconds
    assert waited < 2.0 + slow_seconds
    # Nobody is composed twice, or sent twice.
    assert len(composed) == len(set(composed)) == len(set(desk.ses.addresses)) == len(desk.ses.accepted) == 61


def test_a_busy_machine_fails_no_message_and_keeps_none_from_going_out(desk: Desk) -> None:
    desk.add(1, text="slow")
    desk.add(2)
    sent = desk.send(compose=broken_at("slow", ComposerBusy("It was not composed within 10 seconds.")))
    assert sent.ended == "stopped"
    assert desk.statuses() == ["QUEUED", "SENT", "SENT"]
    assert desk.told == ["It was not composed within 10 seconds."]
    desk.send()
    assert desk.statuses() == ["SENT"] * 3


def test_a_lease_outlives_texts_that_take_longer_than_it_lasts(desk: Desk) -> None:
    desk.add(12)

    def slowly(mail: Mail, context: MessageContext) -> Content:
        desk.clock.tick(LEASE_SECONDS / 2)
        return composer.compose_here(mail, context)

    assert desk.send(compose=slowly).ended == "nothing_left"
    assert desk.statuses() == ["SENT"] * 12
    assert len(set(desk.ses.addresses)) == 12


class BrokenNote:
    def look(self) -> Outside:
        raise QueueError("the queue is gone.")

    def write(self, generation: int) -> None:
        raise AssertionError("nothing is written where nothing can be read")


# Where something can break after a claim and before its intent is committed: (module, name) by what it is.
STEPS = {
    "the note of the generation": None,
    "the lease": (single_sending, "Lease"),
    "the link": (single_sending, "url"),
    "the request": (ses_requests, "outgoing"),
    "the envelope": (single_sending, "parse_from"),
    "the place under the rate": (rate, "take"),
    "the intent": (attempts, "commit_intent"),
}


@pytest.mark.parametrize("error", [ArithmeticError, KeyboardInterrupt])
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_whatever_breaks_before_a_call_the_claim_goes_back_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: tuple[Any, str] | None, error: type[BaseException]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    desk.add(5)
    with monkeypatch.context() as patch:
        if step is not None:
            patch.setattr(*step, fail)
        noted = GenerationBlocks(BrokenNote()) if step is None else None
        with pytest.raises(QueueError if step is None else error):
            send_messages(desk.work(noted=noted), 10)
    assert desk.ses.calls == []
    assert desk.statuses() == ["QUEUED"] * 5
    assert desk.send().answers == {"accepted": 5}


def test_a_ledger_that_was_put_back_sends_no_single_messages(desk: Desk) -> None:
    desk.add(5)
    with desk.ledger.writing() as connection:
        restores.begin(connection, restores.FoundBy.COMMAND, "a test", (), by="ann")
    desk.add(1)
    sent = send_messages(desk.work(noted=GenerationBlocks(BrokenNote())), 10)
    assert (sent.ended, desk.ses.calls) == ("suspended", [])


def test_a_busy_queue_has_single_messages_wait_and_ten_minutes_of_it_stop_them(desk: Desk) -> None:
    class BusyNote(BrokenNote):
        def look(self) -> Outside:
            raise QueueBusy("the queue is busy")

    desk.add(5)
    work = desk.work(noted=GenerationBlocks(BusyNote()))
    ends = []
    while (sent := send_messages(work, 10)).ended == "later":
        ends.append(sent.ended)
        desk.clock.sleep(sent.wait_seconds)
    assert (sent.ended, len(ends) > 2) == ("stopped", True)
    assert "could not be noted on the event queue" in desk.told[-1]
    assert desk.statuses() == ["QUEUED"] * 5
