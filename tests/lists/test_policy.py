"""What a campaign file says about its list."""

import pytest
from pydantic import ValidationError

from lists.policy import ListSource


@pytest.mark.parametrize(
    ("source", "scope"),
    [
        ("subscribers.csv", "subscribers"),
        ("/data/lists/Weekly News.CSV.gz", "Weekly News"),
        ("s3://bucket/2026/weekly.parquet", "weekly"),
        ("lists\\weekly.tsv", "weekly"),
        ("weekly-2.1", "weekly-2.1"),
    ],
)
def test_a_list_without_a_name_is_called_like_its_file(source: str, scope: str) -> None:
    assert ListSource(source=source).scope == scope
    assert ListSource(source=source, name=" news ").scope == "news"


@pytest.mark.parametrize("name", ["a\nb", "x" * 201])
def test_a_name_is_one_short_line(name: str) -> None:
    with pytest.raises(ValidationError):
        ListSource(source="a.csv", name=name)


def test_leaving_one_list_needs_a_list_with_a_name() -> None:
    with pytest.raises(ValidationError, match="give the list a name that will stay"):
        ListSource(source="a.csv", unsubscribe="list")
    assert ListSource(source="a.csv", name="news", unsubscribe="list").scope == "news"
