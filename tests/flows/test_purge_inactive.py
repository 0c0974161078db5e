"""The inactive, looked for by a run."""

from typing import TYPE_CHECKING

import pytest

from flows.purge_inactive import purge_inactive

if TYPE_CHECKING:
    from conftest import Office

pytestmark = pytest.mark.slow


def test_a_run_reports_and_moves_nobody_out_by_itself(office: "Office") -> None:
    found = purge_inactive(days=30)
    assert (found["people"], found["moved_out"], found["watched_since"]) == (0, 0, None)
    shown = office.last_run()
    assert shown.run.name.startswith("inactive for 30 days, ")
    assert {each.key for each in shown.artifacts} == {"inactive"}
    assert (office.output / "inactive" / "inactive.csv").exists()
