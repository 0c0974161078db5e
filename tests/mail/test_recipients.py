"""From an accepted list to recipients: shuffled the same way again, whole or not there."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger import campaigns
from ledger.campaigns import Campaign as StoredCampaign
from ledger.errors import CampaignConflict
from lists import cleaning, outputs, suppression
from lists.errors import NobodyAccepted, PeopleSaidNo
from mail.campaign_file import Campaign
from mail.errors import MailError, TemplateError
from mail.recipients import enqueue_list, stored
from mail.templating import Templates

ROWS = "email,first_name\n" + "".join(f"reader.{n}@d{n % 7}.example,Ann {n}\n" for n in range(300))


def clean(campaign: Campaign, folder: Path) -> Path:
    result = cleaning.clean(
        campaign.list,
        campaign.hygiene,
        suppressed=suppression.nobody_suppressed,
        confirmed=suppression.nobody_confirmed,
        resolver=None,
        today=date(2026, 11, 22),
    )
    outputs.write(result, folder)
    return folder


def enqueue(stage, folder: Path, **changes: Any) -> StoredCampaign:
    stage.campaign = stage.make_campaign(**changes)
    return enqueue_list(
        stage.ledger, stage.campaign, Templates.load(stage.campaign), clean(stage.campaign, folder)
    )


def by_address(stage) -> dict[str, Mapping[str, Any]]:
    return {row["address"]: row for row in stage.rows()}


def test_every_accepted_row_is_a_recipient_with_its_own_cells(stage, tmp_path: Path) -> None:
    found = enqueue(stage, tmp_path / "out", rows=ROWS)
    assert (found.state, found.recipients, found.epoch) == (campaigns.State.RUNNING, 300, 1)
    row = by_address(stage)["reader.42@d0.example"]
    assert row["fields"] == {"email": "reader.42@d0.example", "first_name": "Ann 42"}
    assert (row["source_row"], row["domain"], row["status"]) == (43, "d0.example", "QUEUED")


def test_the_shuffle_is_a_permutation_and_no_copy_of_the_list(stage, tmp_path: Path) -> None:
    enqueue(stage, tmp_path / "out", rows=ROWS)
    rows = stage.rows()
    assert [row["position"] for row in rows] == list(range(300))
    in_order = [row["source_row"] for row in rows]
    assert sorted(in_order) == list(range(1, 301))
    # A fair sample: the first third of the campaign is not the first third of the list.
    assert 60 < sum(row > 100 for row in in_order[:100]) < 75


def test_the_same_list_and_name_are_shuffled_the_same_way_again(
    stage, tmp_path: Path, ledger_template: Path
) -> None:
    first = enqueue(stage, tmp_path / "out", rows=ROWS)
    again = enqueue(stage, tmp_path / "again", rows=ROWS)
    assert again == first
    assert len(stage.rows()) == 300
    order = [row["address"] for row in stage.rows()]
    other = enqueue(stage, tmp_path / "other", rows=ROWS, name="another")
    assert other.seed != first.seed
    with stage.ledger.reading() as connection:
        assert campaigns.get(connection, "spring-offer").seed == first.seed
    orders = [row["address"] for row in stage.rows() if row["campaign_id"] == other.id]
    assert sorted(orders) == sorted(order)
    assert orders != order


def test_a_local_part_that_ses_does_not_take_is_rejected_from_the_start(stage, tmp_path: Path) -> None:
    enqueue(
        stage, tmp_path / "out", rows="email,first_name\njosé@reader.example,José\nann@reader.example,Ann\n"
    )
    found = by_address(stage)
    assert (found["josé@reader.example"]["status"], found["ann@reader.example"]["status"]) == (
        "REJECTED",
        "QUEUED",
    )
    assert found["josé@reader.example"]["detail"].startswith("smtputf8: ")
    stage.send()
    assert stage.ses.addresses == ["ann@reader.example"]
    stage.count()


def test_a_domain_in_letters_goes_out_as_a_labels(stage, tmp_path: Path) -> None:
    enqueue(stage, tmp_path / "out", rows="email,first_name\nann@bücher.example,Ann\n")
    stage.send()
    assert stage.ses.addresses == ["ann@xn--bcher-kva.example"]
    assert stage.rows()[0]["address_key"] == "ann@xn--bcher-kva.example"


def test_source_columns_that_had_to_make_way_keep_their_names_in_the_mail(stage, tmp_path: Path) -> None:
    rows = "email,domain,flags,first_name\nann@reader.example,Gardening,gold,Ann\n"
    enqueue(stage, tmp_path / "out", rows=rows, subject="{{ first_name }}: {{ domain }} ({{ flags }})")
    (row,) = stage.rows()
    assert row["fields"] == {
        "email": "ann@reader.example",
        "domain": "Gardening",
        "flags": "gold",
        "first_name": "Ann",
    }
    assert row["domain"] == "reader.example"
    stage.send()
    ((_, request),) = stage.ses.calls
    entry = request["BulkEmailEntries"][0]
    data = entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
    assert "Ann: Gardening (gold)" in data


def test_the_address_in_a_mail_is_the_cleaned_one(stage, tmp_path: Path) -> None:
    enqueue(
        stage,
        tmp_path / "out",
        rows="address,first_name\n Ann@Reader.EXAMPLE ,Ann\n",
        subject="For {{ address }}",
    )
    (row,) = stage.rows()
    assert row["address"] == "Ann@reader.example"
    stage.send()
    assert "For Ann@reader.example" in str(stage.ses.calls[0][1])


def test_a_list_with_nobody_left_is_one_sentence_and_leaves_nothing(stage, tmp_path: Path) -> None:
    with pytest.raises(
        NobodyAccepted, match=r"list\.csv: none of its 1 rows was accepted.*; see .*rejected\.csv\.$"
    ):
        enqueue(stage, tmp_path / "out", rows="email,first_name\nnot-an-address,Ann\n")
    assert stage.rows() == []


def test_one_row_that_cannot_be_rendered_stops_all_before_the_first_mail(stage, tmp_path: Path) -> None:
    rows = "email,first_name\nann@reader.example,Ann\nrole@@x,\nbo@reader.example,B\n"
    with pytest.raises(TemplateError, match=r"^subject, line 1, row 3: .*ZeroDivisionError") as found:
        enqueue(stage, tmp_path / "out", rows=rows, subject="{{ 9 // (first_name|length - 1) }}")
    assert "bo@" not in str(found.value)
    assert stage.rows() == []
    with stage.ledger.reading() as connection:
        assert campaigns.every(connection) == []


def test_a_name_used_before_is_found_or_refused(stage, tmp_path: Path) -> None:
    enqueue(stage, tmp_path / "out", rows=ROWS)
    templates = Templates.load(stage.campaign)
    digest = stage.stored().list_digest
    assert stored(stage.ledger, stage.campaign, digest, templates) == stage.stored()
    other = stage.campaign.model_copy(update={"name": "another"})
    assert stored(stage.ledger, other, digest, templates) is None
    with pytest.raises(CampaignConflict, match="already used with another list"):
        stored(stage.ledger, stage.campaign, "0" * 64, templates)
    changed = stage.make_campaign(rows=ROWS, subject="Another")
    with pytest.raises(CampaignConflict, match="already used with another content"):
        stored(stage.ledger, changed, digest, Templates.load(changed))


def test_a_list_of_which_ses_can_take_nobody_is_refused_before_anything_is_stored(
    stage, tmp_path: Path
) -> None:
    with pytest.raises(MailError, match="none of its 2 addresses can be written to"):
        enqueue(stage, tmp_path / "out", rows="email,first_name\njörg@d1.example,J\nåsa@d2.example,Å\n")
    with stage.ledger.reading() as connection:
        assert campaigns.every(connection) == []


def test_a_list_in_which_accepted_rows_say_no_is_not_enqueued_before_somebody_decides(
    stage, tmp_path: Path
) -> None:
    rows = "email,first_name,Accepts Email Marketing\nann@reader.example,Ann,no\nbob@reader.example,Bob,yes\n"
    source = stage.make_campaign(rows=rows).list.source
    with pytest.raises(PeopleSaidNo, match=r"1 of 2 accepted rows says no in the column 'Accepts Email"):
        enqueue(stage, tmp_path / "out", rows=rows)
    assert stage.rows() == []
    listed = {"source": source, "consent_column": "Accepts Email Marketing"}
    enqueue(stage, tmp_path / "decided", rows=rows, list=listed)
    assert list(by_address(stage)) == ["bob@reader.example"]


def test_rehearsing_counts_who_is_blank_in_what_the_mail_asks_for(stage, tmp_path: Path) -> None:
    rows = "email,First Name,CITY,unused\nann@reader.example,Ann,Rome,\nbob@reader.example,,,\n"
    rows += "cy@reader.example, ,Oslo,\n"
    words = {"subject": "{{ first_name or 'Hi' }}, spring", "html": "<p>{{ city }}</p>", "text": "x"}
    found = enqueue(stage, tmp_path / "out", rows=rows, **words)
    assert found.list_summary["blank_fields"] == {"First Name": 2, "CITY": 1}
