"""A test mail sent from the Prefect UI: what its run shows, and that a retry of it sends nothing more."""

from typing import TYPE_CHECKING

import pytest

from flows.send_trial import send_trial
from ledger import campaigns, suppressions
from ledger.suppressions import Suppression, SuppressionReason

if TYPE_CHECKING:
    from conftest import Office

pytestmark = pytest.mark.slow


def test_a_run_sends_the_test_and_no_campaign_begins(office: "Office") -> None:
    file = office.campaign(["ann", "bo"])
    send_trial(to="me@shop.example; you@shop.example", campaign=str(file), row=2)
    shown = office.last_run()
    assert (shown.run.name.partition(", ")[0], shown.state) == ("test spring-offer", "Completed")
    assert shown.message == (
        "The test of spring-offer to recipient 1 was taken by SES. "
        "The test of spring-offer to recipient 2 was taken by SES."
    )
    assert office.sent_to() == ["me@shop.example", "you@shop.example"]
    assert {each["subject"] for each in office.world.messages()} == {"[Test] Reader 1, spring is here"}
    with office.ledger() as ledger, ledger.reading() as connection:
        assert campaigns.every(connection) == []


def test_what_is_refused_is_a_sentence_and_no_traceback(office: "Office") -> None:
    file = office.campaign(["ann"])
    with office.ledger() as ledger, ledger.writing() as connection:
        suppressions.add(connection, [Suppression("me@shop.example", SuppressionReason.UNSUBSCRIBE, "x")])
    send_trial(to="me@shop.example", campaign=str(file), return_state=True)
    shown = office.last_run()
    assert shown.state == "Refused"
    assert shown.message.startswith("recipient 1 of the test is suppressed (unsubscribe)")
    assert "Traceback" not in "\n".join(shown.log)
    assert office.sent_to() == []
