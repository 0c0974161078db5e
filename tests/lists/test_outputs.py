import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import parquet

from lists import outputs, row_files, spreadsheets
from lists.errors import ListError
from lists.summary import Summary

TEXT = (
    'email,name,note\n=cmd@shop.example,=1+1,"one\ntwo"\nanna@shop.example,Zoë,N/A\n'
    "-x,007,\nANNA@shop.example,,\n@shop.example,,\nbare@shop.example,a,\n"
)


def read_csv(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_files_hold_every_row_once(run, tmp_path):
    result = run(TEXT)
    written = outputs.write(result, tmp_path / "new" / "folder")
    accepted = parquet.read_table(written.accepted_parquet).to_pylist()
    assert [row["name"] for row in accepted] == ["=1+1", "Zoë", "a"]
    assert list(accepted[0]) == ["email", "name", "note", "address", "domain", "flags"]
    assert accepted[0]["note"] == "one\ntwo"
    rejected = read_csv(written.rejected_csv)
    assert [(row["row"], row["reason"]) for row in rejected] == [
        ("3", "malformed"),
        ("4", "duplicate"),
        ("5", "malformed"),
    ]
    assert list(rejected[0]) == ["row", "address", "reason", "detail", "suggestion"]
    same = parquet.read_table(written.rejected_parquet).to_pylist()
    assert [row["address"] for row in same] == ["-x", "ANNA@shop.example", "@shop.example"]
    assert [(str(row["row"]), row["reason"]) for row in same] == [(r["row"], r["reason"]) for r in rejected]
    summary = json.loads(written.summary_json.read_text("utf-8"))
    assert summary["rows"] == summary["accepted"] + summary["rejected"] == 6
    assert summary["by_domain"]["shop.example"] == {"accepted": 3, "rejected": 1}
    assert {"rows", "accepted", "rejected", "by_reason", "by_domain", "seconds"} <= set(summary)


def test_formulas_are_escaped_in_csv_and_never_in_parquet(run, tmp_path):
    written = outputs.write(run(TEXT), tmp_path)
    assert parquet.read_table(written.accepted_parquet).column("email")[0].as_py() == "=cmd@shop.example"
    accepted, rejected = read_csv(written.accepted_csv), read_csv(written.rejected_csv)
    assert (accepted[0]["address"], accepted[0]["name"]) == ("'=cmd@shop.example", "'=1+1")
    assert [row["address"] for row in rejected] == ["'-x", "ANNA@shop.example", "'@shop.example"]
    assert accepted[0]["note"] == "one\ntwo"


def test_what_was_written_is_read_back_with_its_row_numbers(run, tmp_path):
    result = run(TEXT)
    written = outputs.write(result, tmp_path)
    frame = outputs.read_accepted(written.accepted_parquet)
    assert frame.equals(result.accepted)
    assert frame.index.to_list() == [1, 2, 6]
    assert outputs.read_summary(written.summary_json) == result.summary


@pytest.mark.parametrize("text", ["email\na@shop.example\n", "email\nx\n", "email,y\n1\n"])
def test_a_part_without_rows_is_written_and_read_too(run, tmp_path, text):
    result = run(text)
    written = outputs.write(result, tmp_path)
    assert len(outputs.read_accepted(written.accepted_parquet)) == len(result.accepted)
    assert len(read_csv(written.rejected_csv)) == len(result.rejected)


def test_a_write_that_fails_leaves_what_was_there_and_nothing_half(run, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    outputs.write(run(TEXT), folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    class Full(spreadsheets.CsvFile):
        def write(self, *_):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(row_files, "CsvFile", Full)
    with pytest.raises(ListError, match="No space left on device"):
        outputs.write(run("email\nother@shop.example\n"), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_one_sentence(run, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ListError, match="cannot be written"):
        outputs.write(run(TEXT), tmp_path / "file" / "out")


def test_files_that_are_missing_or_do_not_belong_together_are_an_error(run, tmp_path):
    written = outputs.write(run(TEXT), tmp_path)
    written.rejected_csv.write_text("row,address\n9,x\n")
    with pytest.raises(ListError, match="are of two cleanings"):
        outputs.read_accepted(written.accepted_parquet)
    written.rejected_csv.unlink()
    with pytest.raises(ListError, match=r"rejected\.csv is missing"):
        outputs.read_accepted(written.accepted_parquet)
    with pytest.raises(ListError, match="is missing"):
        outputs.read_summary(Path(tmp_path / "none.json"))
    written.accepted_parquet.write_bytes(b"x")
    written.rejected_csv.write_text("row\n1\n")
    with pytest.raises(ListError, match="is damaged"):
        outputs.read_accepted(written.accepted_parquet)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rows": 1}'])
def test_a_summary_that_is_none_is_an_error(tmp_path, text):
    path = tmp_path / "summary.json"
    path.write_text(text)
    with pytest.raises(ListError, match="is no summary"):
        outputs.read_summary(path)


def test_a_summary_survives_its_json(run):
    summary = run(TEXT).summary
    assert Summary.from_json(json.loads(json.dumps(summary.as_json()))) == summary


def test_a_killed_run_leaves_nothing_that_the_next_one_does_not_take_away(run, tmp_path):
    left = tmp_path / ".cleaning-killed"
    left.mkdir()
    (left / "lock").touch()
    (left / "accepted.parquet").write_bytes(b"half")
    (tmp_path / ".cleaning-empty").mkdir()
    outputs.write(run(TEXT), tmp_path)
    assert not list(tmp_path.glob(".cleaning*"))


def test_a_run_in_the_same_folder_is_left_alone(run, tmp_path):
    result = run(TEXT)
    with outputs.Writer(tmp_path) as other:
        outputs.write(result, tmp_path)
        assert other.work.is_dir()
    assert not other.work.exists()


def test_an_interrupted_run_leaves_what_was_there(run, tmp_path):
    folder, result = tmp_path / "out", run(TEXT)
    outputs.write(result, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def interrupted():
        with outputs.Writer(folder) as writer:
            writer.write_tables(outputs._table(result.rejected), outputs._table(result.accepted))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_files_put_beside_appear_with_the_others(run, tmp_path):
    result = run(TEXT)
    with outputs.Writer(tmp_path) as writer:
        writer.write_tables(outputs._table(result.accepted), outputs._table(result.rejected.reset_index()))
        writer.place_beside("report.html").write_text("x")
        assert not (tmp_path / "report.html").exists()
        writer.finish(result.summary)
    assert (tmp_path / "report.html").read_text() == "x"


@pytest.mark.parametrize("limit", [2_000, 60_000, 130_000])
def test_a_disk_that_is_full_is_one_sentence_and_a_clean_folder(tmp_path, limit):
    """A limit on the size of files stands in for the disk; it holds for the process that sets it alone."""
    source, folder = tmp_path / "list.csv", tmp_path / "out"
    source.write_text("email,x\n" + "".join(f"a{n}@shop.example,{n * 7919}\n" for n in range(8_000)))
    program = f"""
import resource, signal
from datetime import date
from pathlib import Path
from lists.cleaning import Cleaning
from lists.dns_verdicts import DELIVERABLE
from lists.errors import ListError
from lists.outputs import Writer
from lists.policy import HygienePolicy, ListSource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
cleaning = Cleaning(
    ListSource(source={str(source)!r}), HygienePolicy(), suppressed=lambda keys: {{}},
    confirmed=lambda keys: set(), resolver=lambda domains: dict.fromkeys(domains, DELIVERABLE),
    today=date(2026, 11, 22), block_bytes=50_000,
)
try:
    with Writer(Path({str(folder)!r})) as writer:
        for part in cleaning.parts(writer.work):
            writer.write(part)
        writer.finish(cleaning.summary())
except ListError as error:
    print(error)
"""
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "cannot be written" in done.stdout
    assert done.stdout.count("\n") == 1
    assert not folder.exists()
