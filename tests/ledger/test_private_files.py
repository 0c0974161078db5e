"""Files and folders that are private whatever the umask, and what is there left as it is."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import private_files


@pytest.fixture(params=[0o000, 0o022, 0o177], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("given", "expected"), [("", 0o600), ("0600", 0o600), ("640", 0o640), ("0660", 0o660)]
)
def test_a_new_file_has_the_mode_that_was_asked_for(
    tmp_path: Path, umask: int, monkeypatch: pytest.MonkeyPatch, given: str, expected: int
) -> None:
    monkeypatch.setenv("CAMPAIGN_FILE_MODE", given)
    with private_files.opened(tmp_path / "text", "w") as file:
        file.write("Zoë")
    with private_files.opened(tmp_path / "bytes", "wb") as raw:
        raw.write(b"a")
    with private_files.opened(tmp_path / "log", "ab") as raw:
        raw.write(b"a")
    assert private_files.created(tmp_path / "made") == str(tmp_path / "made")
    os.close(private_files.created_new(tmp_path / "new"))
    assert {mode(path) for path in tmp_path.iterdir()} == {expected}
    assert (tmp_path / "text").read_text("utf-8") == "Zoë"


def test_a_file_that_is_there_keeps_its_mode_and_is_written_as_usual(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "file"
    path.write_text("a longer text")
    path.chmod(0o644)
    private_files.created(path)
    assert path.read_text() == "a longer text"
    with private_files.opened(path, "ab") as raw:
        raw.write(b"!")
    assert path.read_text() == "a longer text!"
    private_files.write_text(path, "short")
    assert (path.read_text(), mode(path)) == ("short", 0o644)
    with pytest.raises(FileExistsError):
        private_files.created_new(path)


@pytest.mark.parametrize(("given", "expected"), [("0600", 0o700), ("0640", 0o750), ("0664", 0o775)])
def test_folders_that_are_made_fit_their_files_and_keep_the_groups_bit(
    tmp_path: Path, umask: int, monkeypatch: pytest.MonkeyPatch, given: str, expected: int
) -> None:
    if umask == 0o177 and os.geteuid() != 0:
        pytest.skip("nobody but root goes through a folder without the right to")
    monkeypatch.setenv("CAMPAIGN_FILE_MODE", given)
    plain, team = tmp_path / "plain", tmp_path / "team"
    plain.mkdir()
    plain.chmod(0o755)
    team.mkdir()
    team.chmod(0o2775)
    for folder in (plain, team):
        private_files.make_folder(folder / "a" / "b")
        private_files.make_folder(folder / "a" / "b")
    assert [mode(plain / "a"), mode(plain / "a" / "b")] == [expected] * 2
    assert [mode(team / "a"), mode(team / "a" / "b")] == [0o2000 | expected] * 2
    assert (mode(plain), mode(team)) == (0o755, 0o2775)


def test_what_stands_in_the_way_of_a_folder_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        private_files.make_folder(tmp_path / "file")
    with pytest.raises(NotADirectoryError):
        private_files.make_folder(tmp_path / "file" / "below")
    with pytest.raises(FileExistsError):
        private_files.make_folder(tmp_path, is_there=False)
