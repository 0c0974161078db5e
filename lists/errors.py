"""What can go wrong with a list."""


class ListError(Exception):
    """What a person did wrong, in one sentence that names the file, the row or key, and the mend."""


class NobodyAccepted(ListError):
    """No row of a list may be written to. The files of its cleaning are there and say why."""


class BalanceError(RuntimeError):
    """Rows went missing or were counted twice: an error of this program, never of its user."""
