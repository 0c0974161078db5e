"""What an error tells a person, in one sentence, and whether it passes by itself.

Our own errors bring their sentence. An error of a library does not: its text may quote a recipient, so the
sentence names what failed and what to look at.
"""

import errno
import os
from collections.abc import Iterator

# What passes by itself or is mended elsewhere: a full disk, a network or a server that is down, a taken port.
_PASSING = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENFILE, errno.EMFILE, errno.ENOMEM, errno.EADDRINUSE}
    | {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ETIMEDOUT, errno.EAGAIN}
)


def sentence(err: BaseException) -> str:
    """Return the sentence for an error, or an empty text where it should not happen: then it is a bug."""
    if is_our_own(err):
        return str(err)
    return next(filter(None, map(_foreign, _causes(err))), "")


def is_our_own(err: BaseException) -> bool:
    """Tell whether an error brings a sentence for people."""
    from ledger.errors import LedgerError
    from lists.errors import ListError
    from mail.errors import MailError
    from reports.errors import ReportError
    from settings import SettingsError

    return isinstance(err, LedgerError | ListError | MailError | ReportError | SettingsError)


def is_outage(err: BaseException) -> bool:
    """Tell whether something that is out of reach or full caused an error, and not what a person gave."""
    return any(_passes(each) for each in _causes(err))


def not_utf_8(text: str) -> str:
    """Return how a name reads that is not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _causes(err: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = err
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _foreign(err: BaseException) -> str:
    """Return the sentence for an error of a library or the system; "" where there is none."""
    match type(err).__module__.partition(".")[0]:
        case "botocore" | "boto3":
            return (
                f"Amazon Web Services cannot be used ({_aws_code(err)}): check the AWS credentials, "
                "AWS_DEFAULT_REGION, AWS_ENDPOINT_URL and the network."
            )
        case "sqlalchemy" | "sqlite3" | "psycopg":
            return _database(err)
        case "pyarrow":
            return "a file could not be read or written as a table: check free space, and make it anew."
        case "pydantic_core":
            return _invalid(err)
    match err:
        case UnicodeEncodeError() | UnicodeDecodeError():
            return "a name or a file is not UTF-8: rename it, or save it as UTF-8."
        case MemoryError():
            return "the memory does not suffice: end other programs, or use a larger machine."
        case OSError():
            return _of_the_system(err)
    return ""


def _of_the_system(err: OSError) -> str:
    why = os.strerror(err.errno) if err.errno else type(err).__name__
    if err.filename is None:
        return f"the system refused ({why}): check the network, the ports and the free space."
    path = not_utf_8(os.fsdecode(err.filename)) if isinstance(err.filename, str | bytes) else err.filename
    return f"{path} cannot be used ({why}): check the path, its permissions and the free space."


def _database(err: BaseException) -> str:
    text = str(getattr(err, "orig", err))
    if "locked" in text:
        return "another process holds the ledger for too long: end it, or try again."
    if "readonly" in text:
        return (
            "the ledger cannot be written: check the permissions of CAMPAIGN_DATABASE_URL's file and folder."
        )
    if "full" in text:
        return "the ledger's disk is full: make room there, and run the command again."
    name = type(getattr(err, "orig", None) or err).__name__
    return f"the ledger's database failed ({name}): check CAMPAIGN_DATABASE_URL and that it runs."


def _invalid(err: BaseException) -> str:
    from pydantic import ValidationError

    if not isinstance(err, ValidationError):
        return ""
    # Without the values: they may be somebody's address.
    faults = (
        f"{'.'.join(str(part) for part in fault['loc']) or err.title}: "
        f"{str(fault['msg']).removeprefix('Value error, ').rstrip('.')}"
        for fault in err.errors(include_input=False, include_url=False)
    )
    return "; ".join(dict.fromkeys(faults)) + "."


def _aws_code(err: BaseException) -> str:
    response = getattr(err, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return code or type(err).__name__


def _passes(err: BaseException) -> bool:
    match type(err).__module__.partition(".")[0]:
        case "botocore":
            return _aws_passes(err)
        case "sqlalchemy" | "sqlite3" | "psycopg":
            return _database_passes(err)
    if isinstance(err, OSError):
        return isinstance(err, ConnectionError | TimeoutError) or err.errno in _PASSING
    from ledger.errors import LedgerLost
    from lists.errors import NobodyAccepted
    from reports.errors import ReportError

    # Figures that do not balance are nobody's input, and a list without anybody is no wrong usage.
    balance = isinstance(err, ReportError) and err.__cause__ is None
    return balance or isinstance(err, MemoryError | NobodyAccepted | LedgerLost)


def _aws_passes(err: BaseException) -> bool:
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

    if isinstance(err, ClientError):
        status = int(err.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return status >= 500 or status == 429
    # Their children are refused connections, time-outs, proxies and TLS.
    return isinstance(err, ConnectionError | HTTPClientError)


def _database_passes(err: BaseException) -> bool:
    orig = getattr(err, "orig", None) or err
    if type(orig).__module__.startswith("psycopg"):
        return type(orig).__name__ == "OperationalError"
    return any(word in str(orig) for word in ("locked", "full", "disk I/O"))
