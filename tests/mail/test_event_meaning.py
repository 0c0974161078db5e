"""Every word of SES for a bounce, a complaint and a contact list, and words that it may come up with.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html; the feedback types are of RFC 5965,
RFC 6430 and RFC 6591.
"""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.statuses import Fact
from ledger.suppressions import SuppressionReason
from ledger.withheld import WITHHELD_SUBTYPES, WithheldReason
from mail.event_meaning import BOUNCES, COMPLAINTS, Meaning, meaning_of

HARD = Meaning(Fact.HARD_BOUNCED, SuppressionReason.HARD_BOUNCE)
SOFT = Meaning(Fact.SOFT_BOUNCED)
COMPLAINT = Meaning(Fact.COMPLAINED, SuppressionReason.COMPLAINT)
WITHHELD = {
    "OnAccountSuppressionList": WithheldReason.ACCOUNT_LIST,
    "OnTenantSuppressionList": WithheldReason.TENANT_LIST,
    "EmailValidationSuppressed": WithheldReason.VALIDATION,
    "UnsubscribedRecipient": WithheldReason.CONTACT_OPT_OUT,
}


def bounce(
    type_: object, subtype: object, *, status: str | None = None, diagnostic: str | None = None
) -> Meaning:
    return meaning_of("Bounce", {"bounceType": type_, "bounceSubType": subtype}, status, diagnostic)


def complaint(feedback: object, subtype: object = None) -> Meaning:
    detail = {"complaintFeedbackType": feedback, "complaintSubType": subtype}
    return meaning_of("Complaint", detail, None, None)


@pytest.mark.parametrize(
    ("type_", "subtype", "meaning"),
    [
        ("Undetermined", "Undetermined", SOFT),
        ("Permanent", "General", HARD),
        ("Permanent", "NoEmail", HARD),
        ("Permanent", "Suppressed", HARD),
        ("Transient", "General", Meaning(Fact.TRANSIENT_GENERAL)),
        ("Transient", "MailboxFull", SOFT),
        ("Transient", "MessageTooLarge", SOFT),
        ("Transient", "CustomTimeoutExceeded", SOFT),
        ("Transient", "ContentRejected", SOFT),
        ("Transient", "AttachmentRejected", SOFT),
    ],
)
def test_every_known_bounce_means_what_the_table_says(type_: str, subtype: str, meaning: Meaning) -> None:
    assert bounce(type_, subtype) == meaning
    assert bounce(type_.upper(), f" {subtype.lower()} ") == meaning
    assert (type_.lower(), subtype.lower()) in BOUNCES


def test_the_tables_hold_no_word_that_is_not_tried_here() -> None:
    assert len(BOUNCES) == 10
    assert set(WITHHELD_SUBTYPES) == {name.lower() for name in WITHHELD}
    assert set(COMPLAINTS) == {"", "abuse", "fraud", "virus", "other", "not-spam", "auth-failure"}


@pytest.mark.parametrize(("subtype", "reason"), WITHHELD.items())
def test_what_ses_withheld_is_known_by_its_subtype_whatever_the_type_and_status(
    subtype: str, reason: WithheldReason
) -> None:
    withheld = Meaning(Fact.WITHHELD, withheld=reason)
    types = ["Permanent", "Transient", "Undetermined", "Novelty", "", None, 7]
    for type_, status in product(types, ["5.1.1", "5.4.4", "4.4.7", None]):
        for name in (subtype, subtype.lower(), subtype.upper()):
            assert bounce(type_, name, status=status) == withheld
    for feedback in ("abuse", "not-spam", None, "novelty"):
        assert complaint(feedback, subtype) == withheld


@pytest.mark.parametrize(
    ("type_", "subtype", "fact", "suppress", "note"),
    [
        (
            "Permanent",
            "Novelty",
            Fact.HARD_BOUNCED,
            SuppressionReason.HARD_BOUNCE,
            "Bounce/Permanent/Novelty",
        ),
        ("Transient", "Novelty", Fact.SOFT_BOUNCED, None, "Bounce/Transient/Novelty"),
        ("Novelty", "Novelty", Fact.SOFT_BOUNCED, None, "Bounce/Novelty/Novelty"),
        ("Undetermined", "General", Fact.SOFT_BOUNCED, None, "Bounce/Undetermined/General"),
        ("Permanent", None, Fact.HARD_BOUNCED, SuppressionReason.HARD_BOUNCE, "Bounce/Permanent/none"),
        (None, ["?"], Fact.SOFT_BOUNCED, None, "Bounce/none/?????"),
    ],
)
def test_an_unknown_bounce_is_taken_by_its_type_and_named(
    type_: object, subtype: object, fact: Fact, suppress: SuppressionReason | None, note: str
) -> None:
    assert bounce(type_, subtype) == Meaning(fact, suppress, note=note)


def test_a_word_that_nobody_knows_is_withheld_where_ses_says_that_it_did_not_send() -> None:
    said = "Amazon SES did not send the message to this address because it is on a list."
    found = bounce("Permanent", "OnEveryList", status="5.1.1", diagnostic=said)
    assert found == Meaning(Fact.WITHHELD, withheld=WithheldReason.OTHER, note="Bounce/Permanent/OnEveryList")
    assert bounce("Permanent", "General", diagnostic=said) == HARD


@pytest.mark.parametrize("subtype", ["General", "MailboxFull", "Novelty"])
def test_an_unknown_domain_is_hard_and_suppresses_nobody_by_itself(subtype: str) -> None:
    found = bounce("Transient", subtype, status="5.4.4")
    assert (found.fact, found.suppress) == (Fact.HARD_BOUNCED, None)


def test_a_delivery_that_ses_gave_up_suppresses_as_expired() -> None:
    found = bounce("Transient", "General", status="4.4.7")
    assert found == Meaning(Fact.TRANSIENT_GENERAL, SuppressionReason.EXPIRED)


@pytest.mark.parametrize("feedback", ["abuse", "fraud", "virus", "other", "", None, "ABUSE"])
def test_a_complaint_is_a_complaint_whatever_kind_of_abuse_it_names(feedback: str | None) -> None:
    assert complaint(feedback) == COMPLAINT


@pytest.mark.parametrize("feedback", ["not-spam", "auth-failure", "Not-Spam", "AUTH-FAILURE "])
def test_a_report_that_is_no_complaint_adds_no_fact_and_suppresses_nobody(feedback: str) -> None:
    assert complaint(feedback) == Meaning(note=f"Complaint/{feedback.strip().lower()}")


@pytest.mark.parametrize(
    ("feedback", "subtype", "note"),
    [
        ("novelty", None, "Complaint/none/novelty"),
        ("abuse", "Novelty", "Complaint/Novelty/abuse"),
        (None, "Novelty", "Complaint/Novelty/none"),
    ],
)
def test_an_unknown_complaint_stays_one_and_is_named(
    feedback: str | None, subtype: str | None, note: str
) -> None:
    assert complaint(feedback, subtype) == Meaning(COMPLAINT.fact, COMPLAINT.suppress, note=note)


def topics(*, everything: object = False, **ways: str) -> dict[str, Any]:
    listed = [{"topicName": name, "subscriptionStatus": way} for name, way in ways.items()]
    return {"unsubscribeAll": everything, "topicSubscriptionStatus": listed}


LEFT = Meaning(Fact.UNSUBSCRIBED)
LEFT_ALL = Meaning(Fact.UNSUBSCRIBED, SuppressionReason.UNSUBSCRIBE)
JOINED = Meaning(note="Subscription/OptIn")
UNCHANGED = Meaning(note="Subscription/unchanged")


@pytest.mark.parametrize(
    ("old", "new", "meaning"),
    [
        (topics(), topics(everything=True), LEFT_ALL),
        (topics(everything=True), topics(everything=True), LEFT_ALL),
        (None, topics(everything=True, news="OptIn"), LEFT_ALL),
        (topics(news="OptIn"), topics(news="OptOut"), LEFT),
        (topics(), topics(news="OptOut"), LEFT),
        (topics(news="OptIn", sales="OptOut"), topics(news="OptOut", sales="OptIn"), LEFT),
        (topics(news="OptOut"), topics(news="OptIn"), JOINED),
        (topics(everything=True), topics(news="OptIn"), JOINED),
        (topics(everything=True), topics(), JOINED),
        (topics(), topics(news="optin"), JOINED),
        (topics(news="OptIn"), topics(news="OptIn"), UNCHANGED),
        (topics(), topics(), UNCHANGED),
        (topics(), topics(everything="true"), UNCHANGED),
        (None, None, UNCHANGED),
        ("?", ["?"], UNCHANGED),
        (topics(), {"topicSubscriptionStatus": ["?", {"topicName": None}]}, UNCHANGED),
    ],
)
def test_a_change_of_a_contact_list_is_read_by_what_changed(
    old: object, new: object, meaning: Meaning
) -> None:
    detail = {"oldTopicPreferences": old, "newTopicPreferences": new}
    assert meaning_of("Subscription", detail, None, None) == meaning


ANYTHING = st.none() | st.text(max_size=60) | st.integers() | st.lists(st.text(max_size=5), max_size=2)
WORDS = st.sampled_from([*WITHHELD, "Permanent", "Transient", "General", "not-spam", "abuse"]) | ANYTHING


@given(
    st.sampled_from(["Bounce", "Complaint", "Subscription", "Delivery", "Novelty"]),
    st.dictionaries(
        st.sampled_from(
            ["bounceType", "bounceSubType", "complaintSubType", "complaintFeedbackType",
             "newTopicPreferences", "oldTopicPreferences"]
        ),
        WORDS,
    ),
    st.none() | st.sampled_from(["5.1.1", "5.4.4", "4.4.7"]),
    st.none() | st.text(max_size=40),
)  # fmt: skip
def test_whatever_ses_says_nothing_but_a_bounce_or_complaint_suppresses_for_one(
    kind: str, detail: dict[str, Any], status: str | None, diagnostic: str | None
) -> None:
    found = meaning_of(kind, detail, status, diagnostic)
    if found.suppress is SuppressionReason.HARD_BOUNCE:
        assert (kind, found.fact) == ("Bounce", Fact.HARD_BOUNCED)
    if found.suppress is SuppressionReason.COMPLAINT:
        assert (kind, found.fact) == ("Complaint", Fact.COMPLAINED)
    assert (found.fact is Fact.WITHHELD) == (found.withheld is not None)
    if found.withheld is not None:
        assert found.suppress is None
    # A note goes into a column and onto pages.
    assert found.note is None or (len(found.note) <= 120 and found.note.isascii() and "@" not in found.note)
