"""What a choice is said to leave out is what it then leaves out."""

import pytest

from ledger import suppressions
from ledger.statuses import Fact
from ledger.suppressions import Suppression, SuppressionReason
from ledger.transitions import read_states, save
from lists import dns_verdicts
from lists.dns_verdicts import DELIVERABLE, MxVerdict
from lists.dns_verdicts import Status as MxStatus
from mail import controls, forecasts, remedies
from mail.remedies import Remedies

GONE = ("c.gone.example", "dead.example")


def lookup(domains):
    no_mx = MxVerdict(MxStatus.NO_MX, "no_such_domain", "")
    return {domain: no_mx if domain in GONE else DELIVERABLE for domain in domains}


@pytest.fixture
def halted(stage):
    hosts = [
        "a.gone.example",
        "b.gone.example",
        "c.gone.example",
        "dead.example",
        "dead.example",
        "good.example",
    ]
    stage.enqueue([f"reader.{place}@{host}" for place, host in enumerate(hosts)])
    stage.send(recipients=2)
    with stage.ledger.writing() as connection:
        states = read_states(connection, [row["id"] for row in stage.rows()[:2]]).values()
        save(connection, [(each, each.with_facts({Fact.HARD_BOUNCED: stage.clock.now})) for each in states])
        gone = [
            Suppression(address, SuppressionReason.COMPLAINT, "a test")
            for address in ("reader.3@dead.example", "reader.5@good.example", "somebody@else.example")
        ]
        suppressions.add(connection, gone)
    controls.halt(stage.ledger, "spring-offer", by="Ada", reason="it looks bad")
    return stage


@pytest.mark.parametrize(
    "chosen",
    [Remedies(drop_domains=True), Remedies(clean_again=True), Remedies()],
    ids=["drop", "clean", "as is"],
)
def test_the_forecast_is_what_happens(halted, chosen: Remedies) -> None:
    said = forecasts.of(halted.ledger, "spring-offer", lookup)
    assert said.waiting == 4
    expected = said.at_worst if chosen.drop_domains else said.cleaned_out if chosen.clean_again else 0
    without = remedies.domains_without_mail(halted.ledger, "spring-offer", lookup)
    with halted.ledger.writing() as connection:
        assert remedies.apply(connection, halted.stored(), chosen, without).recipients == expected
    # Three without a mail server, one of them suppressed, and one more who is suppressed.
    assert (said.at_worst, said.suppressed, said.without_mail_server) == (1, 2, 2)


def test_a_silent_dns_and_a_long_list_of_domains_give_no_figure(halted, monkeypatch) -> None:
    def silent(domains):
        return dict.fromkeys(domains, dns_verdicts.unknown("timeout"))

    assert forecasts.of(halted.ledger, "spring-offer", silent).without_mail_server is None
    monkeypatch.setattr(forecasts, "ASKED_AT_MOST", 2)
    assert forecasts.of(halted.ledger, "spring-offer", lookup).without_mail_server is None
    assert forecasts.of(halted.ledger, "spring-offer", lookup).suppressed == 2
