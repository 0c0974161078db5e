"""List hygiene by several workers, as a run of its own."""

from typing import TYPE_CHECKING, Any

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort

import flows.clean_shards
from flows.clean_shards import clean_shards
from lists.errors import ListError
from lists.policy import HygienePolicy, ListSource
from reports.shard_cleaning import Stage

if TYPE_CHECKING:
    from conftest import Office
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = pytest.mark.slow


def test_shards_give_one_outcome_and_show_no_whole_address(office: "Office") -> None:
    parts = office.folder / "list"
    parts.mkdir()
    (parts / "a.csv").write_text("email\nann@reader.example\ncy@gone.example\n")
    (parts / "b.csv").write_text("email\nANN@reader.example\ninfo@reader.example\nbob@reader.example\n")
    summary = clean_shards(ListSource(source=str(parts)), str(office.folder / "clean"))
    assert (summary["rows"], summary["accepted"], summary["rejected"]) == (5, 2, 3)
    assert "repeats row 1" in (office.folder / "clean" / "rejected.csv").read_text()
    assert [path for path in (office.folder / "clean").iterdir() if path.name.startswith(".")] == []
    shown = office.last_run()
    assert shown.run.name.startswith(f"clean {parts} in 2 shards, ")
    assert {"list-cleaning", "list-cleaning-progress", "list-rejected"} <= {
        each.key for each in shown.artifacts
    }
    for name in ("ann@", "ANN@", "cy@", "bob@"):
        assert name not in shown.text()


@pytest.fixture
def worker(prefect_client: "SyncPrefectClient", monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for a worker: what is started on a deployment runs here at once; returns the stages so far."""
    stages: list[str] = []

    def run_at_once(deployment: str, parameters: dict[str, Any], timeout: float) -> FlowRun:
        assert (deployment, timeout) == ("clean-shard/clean-shard", 0)
        stages.append(parameters["stage"])
        flows.clean_shards.clean_shard(**parameters, return_state=True)
        only = FlowRunFilter(name=FlowRunFilterName(like_=f"{parameters['stage']} {parameters['number']},"))
        return prefect_client.read_flow_runs(flow_run_filter=only, sort=FlowRunSort.START_TIME_DESC, limit=1)[
            0
        ]

    monkeypatch.setattr(flows.clean_shards, "run_deployment", run_at_once)
    monkeypatch.setattr(flows.clean_shards, "LOOK_AGAIN_SECONDS", 0.0)
    return stages


def test_workers_do_the_stages_one_after_the_other(office: "Office", worker: list[str]) -> None:
    parts = office.folder / "list"
    parts.mkdir()
    (parts / "a.csv").write_text("email\nann@reader.example\n")
    (parts / "b.csv").write_text("email\nAnn@reader.example\n")
    policy, directory = HygienePolicy(mx=False), str(office.folder / "clean")
    summary = clean_shards(ListSource(source=str(parts)), directory, policy, 2, "clean-shard/clean-shard")
    assert (summary["accepted"], summary["by_reason"]["duplicate"]) == (1, 1)
    assert worker == [stage for stage in Stage for _ in range(2)]
    (parts / "b.csv").write_text('email\n"x\nann@reader.example\n')
    with pytest.raises(ListError, match=r"b\.csv, row 1: a quote .* never closed"):
        clean_shards(ListSource(source=str(parts)), directory, policy, 2, "clean-shard/clean-shard")


def test_what_is_wrong_with_one_file_ends_the_run_with_its_sentence(office: "Office") -> None:
    parts = office.folder / "list"
    parts.mkdir()
    (parts / "a.csv").write_text("email\nann@reader.example\n")
    (parts / "b.csv").write_text("email,name\nbob@reader.example,Bob\n")
    with pytest.raises(ListError, match=r"b\.csv has other columns"):
        clean_shards(ListSource(source=str(parts)), str(office.folder / "clean"))
    assert not (office.folder / "clean").exists()
