"""Judge every row of a list and leave the accepted ones, the rejected ones with reasons, and a report."""

from typing import Any

from prefect import flow

from lists.policy import HygienePolicy, ListSource
from tasks import listing

DEFAULT_POLICY = HygienePolicy()


@flow(name="clean-list", flow_run_name="clean {source.source}")
def clean_list(
    source: ListSource, directory: str = "var/lists/latest", policy: HygienePolicy = DEFAULT_POLICY
) -> dict[str, Any]:
    """Clean a list.

    Args:
        source: The list, by path or s3:// address.
        directory: The folder that the files are written into.
        policy: Which rows are dropped.
    """
    return listing.clean(source, policy, directory)
