import gzip
import os
from pathlib import Path

import pytest

from lists import content, sources
from lists.errors import ListError
from lists.policy import ListSource

TEXT = "email,x\n" + "".join(f"a{number}@shop.example,{number}\n" for number in range(2_000))


def rows_read(path, **options):
    with sources.opened(ListSource(source=str(path)), **options) as listed:
        return sum(rows.count for rows in listed.rows())


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text(TEXT + "late@shop.example,1\n"),
        lambda path: path.write_text(TEXT[: len(TEXT) // 2]),
        lambda path: os.utime(path, (1, 1)),
        lambda path: path.unlink(),
        lambda path: path.with_suffix(".new").write_text(TEXT) and path.with_suffix(".new").replace(path),
    ],
)
def test_a_list_that_changes_while_it_is_read_is_refused(tmp_path, change):
    path = tmp_path / "list.csv"
    path.write_text(TEXT)

    def read_on():
        with sources.opened(ListSource(source=str(path)), 512) as listed:
            for _ in listed.rows():
                if path.exists():
                    change(path)

    with pytest.raises(ListError, match="changed while it was read"):
        read_on()


def test_gzip_of_several_members_with_zeros_behind_is_read(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(content, "BLOCK_BYTES", 100)
    path = tmp_path / "list.csv"
    half = len(TEXT) // 2
    path.write_bytes(gzip.compress(TEXT[:half].encode()) + gzip.compress(TEXT[half:].encode()) + b"\0" * 512)
    assert rows_read(path) == 2_000


@pytest.mark.parametrize("cut", [20, 100, 1])
def test_gzip_that_is_cut_off_is_an_error(tmp_path, cut):
    path = tmp_path / "list.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode())[:-cut])
    with pytest.raises(ListError, match="damaged gzip"):
        rows_read(path)


def test_blank_lines_of_any_length_may_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr(content, "START_BYTES", 64)
    path = tmp_path / "list.csv"
    path.write_text("\n" * 1_000 + TEXT)
    assert rows_read(path) == 2_000
    path.write_text("\n" * 1_000)
    with pytest.raises(ListError, match="is empty"):
        rows_read(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_how_much_was_read_is_known_about(tmp_path, pack):
    path = tmp_path / "list.csv"
    path.write_bytes(pack(TEXT.encode()))
    with sources.opened(ListSource(source=str(path)), 5_000) as listed:
        done = 0
        for rows in listed.rows():
            done += rows.count
            assert abs(listed.share_read - done / 2_000) < 0.05
        assert len(listed.fingerprint) == 64
