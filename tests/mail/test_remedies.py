"""What a decision does to the rest of the list."""

from collections.abc import Mapping, Sequence

import pytest

from ledger import suppressions
from ledger.statuses import Fact, Status
from ledger.suppressions import Suppression, SuppressionReason
from ledger.transitions import read_states, save
from lists import dns_verdicts
from lists.dns_verdicts import DELIVERABLE, MxVerdict
from lists.dns_verdicts import Status as MxStatus
from mail import controls, remedies
from mail.errors import MailError
from mail.remedies import LeftOut, Remedies

NO_MX = MxVerdict(MxStatus.NO_MX, "no_such_domain", "")


def halted(stage, *domains: str, sent: int, bounced: int = 0) -> None:
    """Send the first of a campaign's messages, let the first of these bounce, and halt it by hand."""
    stage.enqueue([f"reader.{place}@{domain}" for place, domain in enumerate(domains)])
    stage.send(recipients=sent)
    with stage.ledger.writing() as connection:
        states = read_states(connection, [row["id"] for row in stage.rows()[:bounced]]).values()
        at = stage.clock.now
        save(connection, [(each, each.with_facts({Fact.HARD_BOUNCED: at})) for each in states])
    controls.halt(stage.ledger, "spring-offer", by="Ada", reason="it looks bad")


def applied(stage, chosen: Remedies, without_mail: Sequence[str] = ()) -> LeftOut:
    with stage.ledger.writing() as connection:
        return remedies.apply(connection, stage.stored(), chosen, without_mail)


def test_the_domains_that_reached_the_limit_are_left_out(stage) -> None:
    halted(stage, *["gone.example"] * 2, *["good.example"] * 2, "gone.example", sent=4, bounced=2)
    assert applied(stage, Remedies(drop_domains=True)) == LeftOut(("gone.example",), at_domains=1)
    assert stage.count() == {Status.HARD_BOUNCED: 2, Status.SENT: 2, Status.SUPPRESSED: 1}


def test_a_bad_domain_takes_all_of_its_owners_hosts_along_and_nobody_elses(stage) -> None:
    dead = ["a.trade.example", "b.trade.example"]
    rest = ["c.trade.example", "trade.example", "trade.good.example", "extrade.example", "c.trade.example"]
    halted(stage, *dead, *rest, sent=2, bounced=2)
    assert applied(stage, Remedies(drop_domains=True)) == LeftOut(("trade.example",), at_domains=3)
    assert [
        row["address_key"].partition("@")[2] for row in stage.rows() if row["status"] == Status.QUEUED
    ] == [
        "trade.good.example",
        "extrade.example",
    ]


def test_named_domains_are_left_out_whatever_bounced_there(stage) -> None:
    halted(stage, "a.example", "b.example", "c.example", sent=1)
    assert applied(stage, Remedies(drop_domains=True, domains=("b.example",))).at_domains == 1
    assert stage.statuses() == [Status.SENT, Status.SUPPRESSED, Status.QUEUED]


def test_a_named_domain_takes_what_is_below_it_along_and_nothing_else(stage) -> None:
    halted(stage, "x.example", "b.example", "one.b.example", "ab.example", "two.one.b.example", sent=1)
    assert applied(stage, Remedies(drop_domains=True, domains=("b.example",))).at_domains == 3
    assert stage.statuses() == [
        Status.SENT,
        Status.SUPPRESSED,
        Status.SUPPRESSED,
        Status.QUEUED,
        Status.SUPPRESSED,
    ]


def test_cleaning_again_asks_dns_and_suppression_about_who_still_waits(stage) -> None:
    halted(stage, "sent.example", "dead.example", "dead.example", "good.example", "good.example", sent=1)
    with stage.ledger.writing() as connection:
        suppressions.add(
            connection, [Suppression("reader.4@good.example", SuppressionReason.COMPLAINT, "a test")]
        )
    asked: list[str] = []

    def lookup(domains: Sequence[str]) -> Mapping[str, MxVerdict]:
        asked.extend(domains)
        return {domain: NO_MX if domain == "dead.example" else DELIVERABLE for domain in domains}

    without_mail = remedies.domains_without_mail(stage.ledger, "spring-offer", lookup)
    assert asked == ["dead.example", "good.example"]
    left_out = applied(stage, Remedies(clean_again=True), without_mail)
    assert left_out == LeftOut(without_mail_server=2, suppressed=1)
    assert [row["detail"] for row in stage.rows()] == [None, "no_mx", "no_mx", None, "complaint"]


def test_trouble_of_the_dns_leaves_out_nobody(stage) -> None:
    halted(stage, "a.example", "b.example", "c.example", "d.example", sent=1)
    silent = dns_verdicts.unknown("timeout")

    def lookup(domains: Sequence[str]) -> Mapping[str, MxVerdict]:
        return {"b.example": silent, "c.example": silent, "d.example": NO_MX}

    assert remedies.domains_without_mail(stage.ledger, "spring-offer", lookup) == []


@pytest.mark.parametrize(
    ("chosen", "left_out", "sentence"),
    [
        (Remedies(), LeftOut(), "went on as it is"),
        (
            Remedies(drop_domains=True),
            LeftOut(("a.example", "b.example"), at_domains=1),
            "left out 1 recipient at a.example, b.example",
        ),
        (
            Remedies(drop_domains=True),
            LeftOut(),
            "left out 0 recipients at no domain: none reached the limit by itself",
        ),
        (
            Remedies(drop_domains=True, clean_again=True),
            LeftOut(tuple("abcdefg"), 1_200, 30, 4),
            "left out 1,200 recipients at a, b, c, d, e and 2 more domains; "
            "cleaned again: left out 30 recipients without a mail server and 4 suppressed since",
        ),
    ],
)
def test_what_was_done_is_one_sentence(chosen: Remedies, left_out: LeftOut, sentence: str) -> None:
    assert remedies.sentence(chosen, left_out) == sentence


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("", ()),
        ("a.example, B.example;a.example\nc.example", ("a.example", "b.example", "c.example")),
        ("@a.example a.example.", ("a.example",)),
        ("bücher.example", ("xn--bcher-kva.example",)),
    ],
)
def test_domains_are_read_as_people_write_them(text: str, domains: tuple[str, ...]) -> None:
    assert remedies.parse_domains(text) == domains


@pytest.mark.parametrize("text", ["a..example", "not/a/domain", "-.example"])
def test_what_is_no_domain_is_one_sentence(text: str) -> None:
    with pytest.raises(MailError, match=r"is not a domain: write it like example\.com\.$"):
        remedies.parse_domains(text)
