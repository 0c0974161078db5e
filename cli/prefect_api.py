"""The Prefect server that PREFECT_API_URL names: why a run could not be made there, in one sentence."""

import urllib.error
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit

import click

_ASK_SECONDS = 10.0
_OR_NONE = "or unset it: a temporary server serves then"


class PrefectUnusable(click.ClickException):
    """The run could not be made, for what a person set."""

    exit_code = 2


class PrefectDown(PrefectUnusable):
    """The run could not be made, for nobody answers or the server has a fault."""

    exit_code = 1


def explained(url: str, err: BaseException) -> PrefectUnusable:
    """Return what made Prefect fail with `err`, found by asking the server at `url`."""
    shown = _without_password(url)
    if not shown:
        return PrefectUnusable(
            f"PREFECT_API_URL is no address: write it like http://127.0.0.1:4200/api, {_OR_NONE}."
        )
    try:
        status = _status(f"{shown.rstrip('/')}/health")
    except (OSError, ValueError, HTTPException) as reason:
        why = getattr(reason, "reason", reason)
        why = getattr(why, "strerror", None) or type(why).__name__
        return PrefectDown(
            f"the Prefect server at {shown} does not answer ({why}): start it with `prefect server start`, "
            f"correct PREFECT_API_URL, {_OR_NONE}."
        )
    if status in (401, 403):
        return PrefectUnusable(
            f"the Prefect server at {shown} lets nobody in without a key: check PREFECT_API_KEY or "
            "PREFECT_API_AUTH_STRING."
        )
    if status != 200:
        mend = f"check PREFECT_API_URL, {_OR_NONE}"
        if not urlsplit(url).path.rstrip("/").endswith("/api"):
            mend = f"its address ends in /api: set PREFECT_API_URL to {shown.rstrip('/')}/api, {_OR_NONE}"
        return PrefectUnusable(f"{shown} is no Prefect server (HTTP {status}): {mend}.")
    return PrefectDown(
        f"the Prefect server at {shown} did not take the run ({type(err).__name__}): see its log, and "
        "whether it is of the same version."
    )


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=_ASK_SECONDS) as answer:
            # A page for people answers every path.
            is_page = "html" in answer.headers.get("Content-Type", "")
            return 404 if is_page else int(answer.status)
    except urllib.error.HTTPError as err:
        err.close()
        return err.code


def _without_password(url: str) -> str:
    """Return an address as it may be shown; "" for what is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"
