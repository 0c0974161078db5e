"""What this machine and its settings hold: disks, files' modes, certificates, keys, Python's own level."""

import os
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from ledger import file_modes, ledger_file
from ledger.engine import parsed
from mail import python_level
from reports.checkup.finding import Figure, Finding, Surroundings, error, ok, size, span, warning

LOW_BYTES = 2_000_000_000
FULL_BYTES = 200_000_000
CERTIFICATE_DAYS = 14
AWS_KEY_DAYS = 90
_DAY_SECONDS = 86_400.0
_CONNECT_SECONDS = 4.0


def disk(around: Surroundings) -> Finding:
    """Whether there is room where the ledger and the outputs are."""
    path = ledger_file.path_of(parsed(around.settings.database_url))
    places = {"outputs": Path(around.settings.output_dir).absolute()}
    if path is not None:
        places = {"ledger": path.parent, **places}
    free = {name: _free(_existing(folder)) for name, folder in places.items()}
    figures = tuple(Figure("campaign_disk_free_bytes", amount, name) for name, amount in free.items())
    scarce = min(free, key=lambda name: free[name])
    text = f"{size(free[scarce])} are free for the {scarce} in {places[scarce]}"
    if free[scarce] < FULL_BYTES:
        return error(f"Only {text}: make room before anything more is sent.", *figures)
    if free[scarce] < LOW_BYTES:
        return warning(f"Only {text}: make room.", *figures)
    return ok(f"{text[0].upper()}{text[1:]}.", *figures)


def _existing(folder: Path) -> Path:
    return next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def files(around: Surroundings) -> Finding:
    """Whether others on this machine can read people's addresses."""
    found = [
        *file_modes.of_ledger(around.settings.database_url),
        *(file_modes.of_outputs(folder) if (folder := Path(around.settings.output_dir)).exists() else []),
    ]
    figure = Figure("campaign_files_open", len(found))
    if sentence := file_modes.sentence(found):
        return warning(f"{sentence[0].upper()}{sentence[1:]}", figure)
    return ok("Nobody else on this machine can read the ledger or its outputs.", figure)


def certificate(around: Surroundings) -> Finding:
    """Whether the pages behind the links in mail have a certificate that holds for a while."""
    parts = urlsplit(around.settings.public_url)
    if parts.scheme != "https" or not parts.hostname:
        return ok("CAMPAIGN_PUBLIC_URL is no https address: there is no certificate to look at.")
    try:
        ends = _ends_at(parts.hostname, parts.port or 443)
    except ssl.SSLCertVerificationError as err:
        return error(
            f"The certificate of {parts.hostname} is not good ({err.verify_message or 'no reason given'}), "
            "so that nobody can unsubscribe: renew it at the proxy before `campaign api`."
        )
    except OSError as err:
        why = "timed out" if isinstance(err, TimeoutError) else err.strerror or type(err).__name__
        return error(
            f"{parts.hostname} of CAMPAIGN_PUBLIC_URL does not answer ({why}), so that nobody can "
            "unsubscribe: see that the proxy and `campaign api` run, and that its name resolves."
        )
    left = ends - around.clock()
    figure = Figure("campaign_certificate_seconds_left", left)
    day = f"{datetime.fromtimestamp(ends, UTC):%Y-%m-%d}"
    if left < CERTIFICATE_DAYS * _DAY_SECONDS:
        return warning(
            f"The certificate of {parts.hostname} ends on {day}, in {span(left)}: renew it.", figure
        )
    return ok(f"The certificate of {parts.hostname} holds until {day}.", figure)


def _ends_at(host: str, port: int) -> float:
    """Return when the certificate ends, in epoch seconds. Raises OSError."""
    with (
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS) as raw,
        ssl.create_default_context().wrap_socket(raw, server_hostname=host) as connection,
    ):
        found = connection.getpeercert() or {}
        return float(ssl.cert_time_to_seconds(str(found["notAfter"])))


def secrets(around: Surroundings) -> Finding:
    """How old AWS's keys are at the least, and how many keys still open the links in mail."""
    count = len(list(filter(None, map(str.strip, around.settings.secret_key.get_secret_value().split(",")))))
    older = f" {count - 1} older CAMPAIGN_SECRET_KEY still open links in mail." if count > 1 else ""
    path = _aws_file(around)
    if path is None:
        return ok(f"AWS's keys are not in a file here, so that their age is not known.{older}")
    age = around.clock() - path.stat().st_mtime
    figure = Figure("campaign_aws_key_seconds", age)
    if age > AWS_KEY_DAYS * _DAY_SECONDS:
        return warning(
            f"The AWS keys in {path} have not been changed for {span(age)}: make new ones in IAM, or use a "
            f"role, which changes them by itself.{older}",
            figure,
        )
    return ok(f"The AWS keys in {path} were changed {span(age)} ago.{older}", figure)


def _aws_file(around: Surroundings) -> Path | None:
    """Return the file that boto3 takes long-lived keys from, where it does."""
    if around.environment.get("AWS_ACCESS_KEY_ID"):
        return None
    named = around.environment.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    path = Path(named).expanduser()
    return path if path.is_file() else None


def python(around: Surroundings) -> Finding:
    """Whether this Python does right what the filters rest on."""
    weaknesses = python_level.weaknesses()
    return warning(" ".join(weaknesses)) if weaknesses else ok("Python does right what the filters rest on.")
