"""Judge every row of a list and leave the accepted ones, the rejected ones with reasons, and a report."""

from typing import Any

from prefect import flow

from flows import _names
from lists.policy import HygienePolicy, ListSource
from tasks import listing
from tasks.refusals import ends_in_a_sentence

DEFAULT_POLICY = HygienePolicy()


@flow(name="clean-list", flow_run_name=_names.timed("clean {source.source}"))
@ends_in_a_sentence
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
