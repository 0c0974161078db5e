"""People who said no: exports in which some did stop a campaign, honest lists do not."""

from collections.abc import Callable
from datetime import date

import pytest

from lists import consent_columns, refusals
from lists.cleaning import CleanResult
from lists.consent import Say
from lists.consent_columns import Kind
from lists.errors import PeopleSaidNo
from lists.policy import ListSource

Run = Callable[..., CleanResult]

# Column, what those who may be written to have in it, what those have who said no: a row for each.
EXPORTS = [
    ("Accepts Email Marketing", ["yes", "yes"], ["no"]),  # Shopify
    ("Accepts Marketing", ["TRUE", ""], ["FALSE"]),  # Shopify, older; Klaviyo
    ("Email Marketing Consent", ["SUBSCRIBED", "NEVER_SUBSCRIBED"], ["UNSUBSCRIBED"]),  # Klaviyo
    ("Email Marketing Status", ["Subscribed"], ["Unsubscribed"]),  # Mailchimp
    ("Status", ["subscribed", "cleaned", "pending"], ["unsubscribed"]),  # Mailchimp, Magento
    ("UNSUB_TIME", ["", "0000-00-00 00:00:00"], ["2024-05-01 10:11:12"]),  # Mailchimp
    ("Unsubscribed from all email", ["", "No", "false"], ["Yes", "true"]),  # HubSpot
    ("Opted out of email: Marketing Information", ["", "No"], ["Yes"]),  # HubSpot
    ("hs_email_optout", ["false"], ["true"]),  # HubSpot
    ("mailchimp_woocommerce_is_subscribed", ["1"], ["0"]),  # WooCommerce
    ("newsletter_optin", ["yes"], ["no"]),  # WooCommerce
    ("OPT_IN", ["Yes"], ["No"]),  # Brevo
    ("Email blacklisted", ["false", "0"], ["true", "1"]),  # Brevo
    ("status", ["Active", "Bounced"], ["Unsubscribed"]),  # SendGrid, ActiveCampaign
    ("Subscriber Status", ["active", "unconfirmed"], ["unsubscribed"]),
    ("HasOptedOutOfEmail", ["0", "FALSE", ""], ["1", "TRUE"]),  # Salesforce
    ("Email Opt Out", ["false"], ["true"]),  # Salesforce, Zoho
    ("Do Not Email", ["No", ""], ["Yes", "x"]),  # Account Engagement
    ("Do not allow Bulk Emails", ["Allow"], ["Do Not Allow"]),  # Dynamics
    ("Email Opt-out Date", ["", "1970-01-01"], ["05/13/2021"]),  # Constant Contact
    ("unsubscribed_at", ["", "NULL"], ["2023-01-02T03:04:05Z"]),
    ("Newsletter", ["ja"], ["nein"]),
    ("Einwilligung", ["erteilt", "ja"], ["widerrufen"]),
    ("Abgemeldet am", [""], ["01.02.2023"]),
    ("Désabonné", ["non"], ["oui"]),
    ("Consentimiento", ["sí"], ["no"]),
    ("Consenso marketing", ["sì"], ["no"]),
    ("Toestemming", ["ja"], ["nee"]),
    ("Zgoda marketingowa", ["tak"], ["nie"]),
    ("subscribed", ["1", "true"], ["0", "false"]),
    ("emailoptout", ["false"], ["true"]),  # HubSpot's API
    ("Date Unsubscribed", [""], ["2024-01-01"]),
    ("Opt-in Status (Email)", ["opted in"], ["opted out"]),
    ("Marketing emails", ["Yes"], ["No"]),
    ("I agree to receive marketing emails", ["yes"], ["no"]),
    ("Can be contacted", ["yes"], ["no"]),
    ("Subscription", ["active", "subscribed"], ["Unsubscribed (spam complaint)"]),
    ("opt_in", ["1", "2"], ["0"]),
]
HONEST = [
    ("Order status", ["shipped", "cancelled", "unsubscribed"]),
    ("status", ["active", "shipped", "cancelled", "refunded", "declined", "no", "blocked", "expired"]),
    ("Marketing emails", ["0", "3", "12"]),
    ("Permissions", ["none", "0"]),
    ("Subscription", ["premium", "none", "no"]),
    ("Email Status", ["valid", "invalid", "bounced", "blocked", "risky"]),
    ("Data processing consent", ["no"]),
    ("Unsubscribed from SMS", ["yes"]),
    ("Opt-in date", ["never", "2024-01-01"]),
    ("Plan", ["none", "free", "no"]),
    ("Subscription status", ["active", "cancelled", "expired", "trialing", "paused"]),
    ("subscribed_at", ["2024-01-02", "", "never", "no"]),
    ("OPTIN_TIME", ["2024-01-02 10:00:00", "", "0"]),
    ("Accepts Email Marketing", ["yes", "yes", "YES"]),
    ("Accepts Email Marketing", ["yes", "", "pending"]),
    ("Accepts SMS Marketing", ["no", "yes"]),
    ("Email Marketing Consent", ["NEVER_SUBSCRIBED", "SUBSCRIBED", "NOT_SUBSCRIBED"]),
    ("Unsubscribed", ["no", "false", "0", "", "0000-00-00"]),
    ("HasOptedOutOfEmail", ["FALSE", "0", ""]),
    ("HasOptedOutOfFax", ["TRUE", "1"]),
    ("Do Not Call", ["yes", "1"]),
    ("Do not email", ["no", ""]),
    ("unsubscribe_url", ["https://shop.example/u/1", "no"]),
    ("Consent source", ["no form", "no", "web"]),
    ("VIP", ["no", "yes"]),
    ("Has children", ["no", "n", "0"]),
    ("Email verified", ["false", "no"]),
    ("Marketing contact status", ["Non-marketing contact", "Marketing contact"]),
    ("Cookie consent", ["no", "declined"]),
    ("Emails sent", ["0", "12"]),
    ("No. of messages", ["1", "0"]),
    ("state", ["NO", "NY", "off"]),
    ("Account status", ["disabled", "blocked", "cancelled"]),
    ("Newsletter frequency", ["never", "weekly", "0"]),
    ("Terms accepted", ["no", "0"]),
    ("Active", ["no", "0", "false"]),
    ("Subscribed to premium", ["no", "yes"]),
]


def listed(column: str, cells: list[str]) -> str:
    rows = (f'reader.{n}@shop.example,"{cell}"\n' for n, cell in enumerate(cells))
    return f'email,"{column}"\n' + "".join(rows)


@pytest.mark.parametrize(("column", "welcome", "refusing"), EXPORTS, ids=[column for column, _, _ in EXPORTS])
def test_an_export_in_which_people_said_no_stops_and_its_column_leaves_exactly_them_out(
    run: Run, column: str, welcome: list[str], refusing: list[str]
) -> None:
    text = listed(column, [*welcome, *refusing])
    found = run(text).summary
    assert (found.accepted, found.said_no) == (len(welcome) + len(refusing), {column: len(refusing)})
    assert any(column in warning and "consent: any" in warning for warning in found.warnings)
    with pytest.raises(PeopleSaidNo, match="`consent_column: ") as caught:
        refusals.refuse(found.said_no, found.accepted, ListSource(source="list.csv"))
    assert repr(column) in str(caught.value)
    assert str(len(refusing)) in str(caught.value)
    # What the sentence says to write leaves out everybody who said no, whichever way round the column asks.
    decided = run(text, consent_column=column)
    kept = set(decided.accepted["address"])
    assert not kept & {f"reader.{len(welcome) + n}@shop.example" for n in range(len(refusing))}
    assert decided.summary.said_no == {}
    assert decided.summary.rows == len(welcome) + len(refusing)
    everybody = run(text, consent="any").summary
    assert (everybody.accepted, everybody.said_no) == (found.accepted, {})


@pytest.mark.parametrize(
    ("column", "cells"), HONEST, ids=[f"{column}-{n}" for n, (column, _) in enumerate(HONEST)]
)
def test_an_honest_list_does_not_stop(run: Run, column: str, cells: list[str]) -> None:
    found = run(listed(column, cells)).summary
    assert found.said_no == {}
    assert not any("consent" in warning for warning in found.warnings)


def test_only_accepted_rows_count(run: Run) -> None:
    text = "email,subscribed\nann@shop.example,no\nann@shop.example,no\nnobody,no\ninfo@shop.example,no\n"
    assert run(text).summary.said_no == {"subscribed": 1}
    assert run("email,subscribed\nann@shop.example,yes\nnobody,no\n").summary.said_no == {}


def test_a_column_of_refusals_lets_those_through_who_did_not_refuse(run: Run) -> None:
    text = listed("Unsubscribed", ["", "no", "2023-01-01", "true", "who knows"])
    decided = run(text, consent_column="unsubscribed")
    assert list(decided.accepted["address"]) == ["reader.0@shop.example", "reader.1@shop.example"]


def test_every_name_is_of_one_kind_in_any_writing() -> None:
    for column, _, _ in EXPORTS:
        kind = consent_columns.kind_of(column)
        assert kind is not None
        for written in (column.upper(), column.lower(), f" {column} ", column.replace(" ", "_")):
            assert consent_columns.kind_of(written) is kind, written


def test_a_status_says_nothing_but_what_can_only_mean_mail() -> None:
    today = date(2026, 11, 28)
    for cell in ("no", "cancelled", "left", "spam", "stopped", "rejected", "disabled"):
        assert not consent_columns.says_no(Kind.STATUS, cell, today)
        assert consent_columns.says_no(Kind.ANSWER, cell, today)
    for cell in (
        "Unsubscribed on 2024-01-01",
        "UNSUBSCRIBED",
        "opted-out (2024-01-01)",
        "abgemeldet am 1.2.2024",
    ):
        assert consent_columns.says_no(Kind.STATUS, cell, today), cell
    assert consent_columns.reader("status", today)("active") is Say.YES
