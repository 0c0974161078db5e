"""Who may be written to: sources, hygiene rules, mail servers, suppression and consent."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from lists.cleaning import CleanResult

__all__ = ["clean"]


def clean(frame: "pd.DataFrame", **options: Any) -> "CleanResult":
    """Clean a list that is a frame: see `lists.frames.clean`, which takes the same options."""
    # Importing a room stays cheap: pandas and pyarrow come in with the first list.
    from lists import frames

    return frames.clean(frame, **options)
