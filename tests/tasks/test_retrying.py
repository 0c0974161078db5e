"""What a step tries again, and what it does not."""

import pytest
from prefect.states import Failed

from ledger.errors import CampaignConflict, LedgerUnreachable
from lists.errors import ListError
from mail.errors import MailError
from settings import SettingsError
from tasks.retrying import passing_fault


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (LedgerUnreachable("gone"), True),
        (TimeoutError(), True),
        (CampaignConflict("taken"), False),
        (ListError("no such file"), False),
        (MailError("no such field"), False),
        (SettingsError("not set"), False),
    ],
)
def test_only_what_can_pass_is_tried_again(error: Exception, again: bool) -> None:
    assert passing_fault(None, None, Failed(data=error)) is again
