"""The report of a campaign, asked for by itself."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.report_campaign import report_campaign
from ledger.errors import CampaignNotFound
from tasks import reporting

if TYPE_CHECKING:
    from conftest import Office, Ran

pytestmark = pytest.mark.slow


def test_the_report_lands_where_it_is_wanted(office: "Office", send: "Callable[[Path], Ran]") -> None:
    assert send(office.campaign(["ann", "bob"])).code == 0
    status = report_campaign("spring-offer", str(office.folder / "elsewhere"))
    assert (status["name"], status["state"], status["recipients"]) == ("spring-offer", "COMPLETED", 2)
    names = sorted(path.name for path in (office.folder / "elsewhere").iterdir())
    assert names == ["messages.csv", "report.html", "report.json"]
    shown = office.last_run()
    assert shown.run.name.startswith("report spring-offer, ")
    keys = {each.key for each in shown.artifacts}
    assert keys == {"campaign-report-spring-offer", "campaign-messages-spring-offer"}


def test_a_report_of_nobody_is_refused(office: "Office", monkeypatch: pytest.MonkeyPatch) -> None:
    # The wait before the second try is for faults of the disk and the network.
    monkeypatch.setattr(reporting.write_report, "retry_delay_seconds", 0)
    with pytest.raises(CampaignNotFound, match="no campaign is named nobody"):
        report_campaign("nobody")
    assert not (office.output / "reports").exists()
