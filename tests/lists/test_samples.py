import csv
import io
from pathlib import Path
from random import Random

import pytest
import yaml

from lists import sources
from lists.policy import HygienePolicy, ListSource
from lists.samples import make_samples

SAMPLES = Path(make_samples.__file__).parent


def test_the_samples_are_what_the_generator_makes():
    lists = {
        "subscribers.csv": "\ufeff" + make_samples.subscribers(Random(make_samples.SEED)),
        "bad-list.csv": make_samples.bought(Random(make_samples.SEED + 1)),
    }
    for name, text in lists.items():
        assert (SAMPLES / name).read_bytes() == text.encode(), f"run make_samples.py: {name} is older than it"


@pytest.mark.parametrize(
    ("name", "column", "rows"), [("subscribers.csv", "email", 5_000), ("bad-list.csv", "E-Mail", 2_000)]
)
def test_a_sample_is_read_with_every_row(name, column, rows):
    source = sources.read(str(SAMPLES / name), column)
    assert source.row_count == rows
    assert sources.read(str(SAMPLES / name)).address_column == column


def test_samples_name_only_domains_that_are_reserved_for_examples():
    reserved = (".example", "example.com", "example.net", "example.org")
    for name in ("subscribers.csv", "bad-list.csv"):
        text = (SAMPLES / name).read_text("utf-8-sig")
        delimiter = ";" if name == "bad-list.csv" else ","
        cells = [row[0] for row in csv.reader(io.StringIO(text), delimiter=delimiter)][1:]
        domains = {cell.rpartition("@")[2].strip(' .">').lower() for cell in cells if "@" in cell}
        odd = {domain for domain in domains if not domain.replace(",", ".").endswith(reserved)}
        assert odd <= {"", "localhost", "192.0.2.7"}


@pytest.mark.parametrize("name", ["spring-offer.yaml", "bad-list.yaml"])
def test_a_campaign_file_names_a_list_and_a_policy_that_hold(name):
    campaign = yaml.safe_load((SAMPLES / name).read_text("utf-8"))
    source = ListSource.model_validate(campaign["list"])
    HygienePolicy.model_validate(campaign["hygiene"])
    listed = sources.read(str(SAMPLES / source.source), source.address_column)
    assert {"first_name", "city"} <= set(listed.table.column_names)
    assert (SAMPLES / campaign["html"]).exists()
    assert (SAMPLES / campaign["text"]).exists()


def test_the_subscribers_hold_something_for_every_rule_that_needs_no_ledger(run):
    result = run((SAMPLES / "subscribers.csv").read_bytes(), disposable="drop")
    by_reason = result.summary.by_reason
    assert all(by_reason[reason] >= 20 for reason in ("malformed", "duplicate", "role_alias", "disposable"))
    assert result.summary.flags["smtputf8"] >= 3
    assert any(domain.startswith("xn--") for domain in result.summary.by_domain)
    assert max(c.accepted for c in result.summary.by_domain.values()) > 0.25 * result.summary.accepted
    assert "" in set(result.accepted["first_name"])
    assert result.rejected["detail"].str.contains("cells where the header has").sum() == 3
