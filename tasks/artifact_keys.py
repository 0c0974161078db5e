"""Keys of artifacts, one for each campaign: Prefect shows the newest artifact of a key and its history."""

import hashlib
import re

# What Prefect takes in a key: https://docs.prefect.io/v3/how-to-guides/workflows/artifacts
_TAKEN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HASH_LETTERS = 12
_LIKE_HASHED = re.compile(rf".*-[0-9a-f]{{{_HASH_LETTERS}}}")


def of_campaign(kind: str, campaign: str) -> str:
    """Return the key of a campaign's artifact, such as `campaign-report-spring-offer`.

    Two campaigns never share one: a name that a key cannot hold, or that reads like the key of such a name,
    gets a hash behind it.
    """
    return f"{kind}-{_slug(campaign)}"


def _slug(name: str) -> str:
    if _TAKEN.fullmatch(name) and not _LIKE_HASHED.fullmatch(name):
        return name
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH_LETTERS]
    return f"{plain}-{digest}" if plain else f"campaign-{digest}"
