"""What the documents say is there, and what is there is in the documents."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from mail.campaign_file import Campaign
from settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8"))
    local = [link for link in links if "://" not in link]

    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_readme_has_every_setting() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    missing = [name for name in Settings.model_fields if f"`CAMPAIGN_{name.upper()}`" not in readme]

    assert missing == []


def test_the_campaign_file_page_has_every_key() -> None:
    page = (ROOT / "docs" / "campaign-file.md").read_text("utf-8")

    assert [key for key in _keys(Campaign) if f"| `{key}` |" not in page] == []


def _keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += _keys(field.annotation, f"{key}.")
        else:
            found.append(key)
    return found
