"""What can go wrong with a report."""


class ReportError(Exception):
    """The figures do not balance, or the report cannot be written; one sentence says which and why."""
