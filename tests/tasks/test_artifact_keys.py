"""Keys of artifacts: one for each campaign, in the letters that Prefect takes."""

import hashlib

import pytest
from prefect.client.schemas.actions import ArtifactCreate

from tasks.artifact_keys import of_campaign

NAMES = [
    "spring-offer",
    "Spring-Offer",
    "spring offer",
    "spring_offer",
    "spring--offer",
    "-spring-offer",
    "weekly@2026-11-22",
    "weekly-2026-11-22",
    "été 2026",
    "ete 2026",
    "日本",
    "中国",
    "a" * 120,
]
# Names that read like the keys which others get.
NAMES += [of_campaign("x", name).removeprefix("x-") for name in NAMES]


def test_no_two_campaigns_share_a_key() -> None:
    keys = {of_campaign("campaign-report", name) for name in set(NAMES)}
    assert len(keys) == len(set(NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_prefect_takes_the_key(name: str) -> None:
    key = of_campaign("campaign-report", name)
    assert ArtifactCreate(key=key).key == key
    assert key == key.lower()


def test_a_plain_name_is_seen_in_its_key_as_it_is() -> None:
    assert of_campaign("campaign-report", "spring-offer") == "campaign-report-spring-offer"
    digest = hashlib.sha256(b"weekly@2026-11-22").hexdigest()[:12]
    assert (
        of_campaign("campaign-report", "weekly@2026-11-22") == f"campaign-report-weekly-2026-11-22-{digest}"
    )
