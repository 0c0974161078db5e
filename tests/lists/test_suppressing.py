"""What a person decides about one address."""

import pytest

from ledger import suppressions
from ledger.engine import open_ledger
from ledger.suppression_history import Action
from ledger.suppressions import Suppression, SuppressionReason
from lists import suppressing
from lists.errors import ListError

ADDRESS = "Anna@B\xfccher.example"
KEY = "anna@xn--bcher-kva.example"


@pytest.fixture
def connection(tmp_path):
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as opened, opened.writing() as writing:
        yield writing


def test_an_address_is_suppressed_by_its_key_with_who_and_why(connection):
    assert suppressing.add(connection, ADDRESS, by=" Ada ", note="on the telephone") is True
    assert suppressing.add(connection, ADDRESS.upper(), by="Bob", note="again") is False
    assert suppressions.reasons(connection, [KEY]) == {KEY: SuppressionReason.MANUAL}
    (change,) = suppressing.history(connection, ADDRESS)
    assert (change.by, change.note, change.source) == ("Ada", "on the telephone", "by hand")


def test_taking_it_off_is_remembered(connection):
    suppressing.add(connection, ADDRESS, by="Ada", note="x", reason=SuppressionReason.HARD_BOUNCE)
    taken = suppressing.remove(connection, ADDRESS, by="Bob", note="mailbox is back")
    assert [change.reason for change in taken] == [SuppressionReason.HARD_BOUNCE]
    assert suppressions.reasons(connection, [KEY]) == {}
    last = suppressing.history(connection, ADDRESS)[-1]
    assert (last.action, last.by, last.note) == (Action.REMOVED, "Bob", "mailbox is back")


@pytest.mark.parametrize("own", [SuppressionReason.UNSUBSCRIBE, SuppressionReason.COMPLAINT])
def test_a_person_s_own_word_is_taken_back_only_at_their_request(connection, own):
    entries = [Suppression(KEY, reason, "a test") for reason in (SuppressionReason.HARD_BOUNCE, own)]
    suppressions.add(connection, entries)
    with pytest.raises(ListError, match=f"the person's own {own}: .* --at-their-request") as error:
        suppressing.remove(connection, ADDRESS, by="Bob", note="we want her back")
    assert "anna" not in str(error.value).lower()
    assert suppressions.reasons(connection, [KEY]) == {KEY: SuppressionReason.HARD_BOUNCE}
    suppressing.remove(connection, ADDRESS, by="Bob", note="wrote to us", at_their_request=True)
    assert suppressions.reasons(connection, [KEY]) == {}


def test_an_address_that_is_not_on_the_list_cannot_be_taken_off(connection):
    with pytest.raises(ListError, match=r"^the address is not suppressed everywhere, nor for any list\.$"):
        suppressing.remove(connection, ADDRESS, by="Bob", note="x")
    suppressing.add(connection, ADDRESS, by="Ada", note="x", scope="weekly")
    with pytest.raises(ListError, match="not suppressed everywhere, but for the list weekly: say so"):
        suppressing.remove(connection, ADDRESS, by="Bob", note="x")
    suppressing.remove(connection, ADDRESS, by="Bob", note="x", scope="weekly")


def test_nobody_decides_without_a_name_or_about_no_address(connection):
    with pytest.raises(ListError, match="--by is blank"):
        suppressing.add(connection, ADDRESS, by=" ", note="x")
    with pytest.raises(ListError, match="not an e-mail address"):
        suppressing.add(connection, "anna", by="Ada", note="x")
    assert suppressing.history(connection, ADDRESS) == []
