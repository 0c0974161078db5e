"""How many are silent, and since when, as a page of the Prefect UI."""

from lists.inactivity import Inactive


def markdown(found: Inactive) -> str:
    """Return the figures as Markdown, without an address."""
    if found.watched_since is None:
        return (
            "No open or click has reached the ledger yet, so nobody can be called inactive: "
            "switch them on in the configuration set (`campaign setup`).\n"
        )
    moved = f" **{found.moved_out:,}** of them were moved out." if found.moved_out else ""
    lines = [
        f"**{found.people:,}** people got mail and have not opened or clicked any for {found.days} days "
        f"or longer.{moved}",
        "",
        f"Their addresses: `{found.file}`",
        "",
        "| silent since | people |",
        "|---|---:|",
        *(f"| {month} | {count:,} |" for month, count in found.by_month.items()),
    ]
    return "\n".join([*lines, ""])
