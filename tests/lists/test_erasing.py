"""Which files still hold the address of somebody who was erased."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lists import erasing
from lists.erasing import files_with


def test_files_that_hold_the_address_in_any_case_are_named(tmp_path: Path) -> None:
    lists = tmp_path / "lists" / "spring-offer"
    lists.mkdir(parents=True)
    (lists / "rejected.csv").write_text("row,address\n1,ANN@Reader.example\n")
    (lists / "summary.json").write_text('{"rows": 2}')
    (lists / "campaign.sqlite3").write_text("ann@reader.example")
    pq.write_table(pa.table({"n": [1], "address": ["Ann@reader.example"]}), lists / "accepted.parquet")
    pq.write_table(pa.table({"address": ["joann@other.example"]}), lists / "other.parquet")
    (lists / "broken.parquet").write_text("ann@reader.example")

    found = files_with(tmp_path, " ann@READER.example")

    assert [path.name for path in found] == ["accepted.parquet", "rejected.csv"]


def test_every_spelling_of_the_domain_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ann@bücher.example\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("ann@xn--bcher-kva.example\n")

    assert [path.name for path in files_with(tmp_path, "ann@bücher.example")] == ["a.csv", "b.csv"]


def test_an_address_across_two_reads_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("x" * 30 + "ann@reader.example" + "x" * 30)
    for size in (19, 35, 40):
        monkeypatch.setattr(erasing, "_BYTES_A_READ", size)
        assert len(list(files_with(tmp_path, "ann@reader.example"))) == 1
