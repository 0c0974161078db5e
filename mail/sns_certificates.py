"""SNS's signing certificates: fetched over https from SNS's own hosts alone, with a deadline, and kept.

Where there is no way to a certificate (no route to the internet, a host that is not SNS's), nothing is known
of the signature: that is no proof against it.
"""

import logging
import os
import queue
import re
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

log = logging.getLogger(__name__)

_DEADLINE_SECONDS = 3.0
_LONGEST_BYTES = 64_000
# What cannot be fetched now is asked for again after this long.
_FAILED_SECONDS = 600.0
# AWS changes its certificate about once a year; whoever makes up URLs makes up many.
_MOST_KEYS = 32
_FETCHES_A_WINDOW = 8

# The endings of AWS's hosts by the partition in an ARN, as botocore's `partitions.json` has them.
_SUFFIXES: Mapping[str, str] = {
    "aws": "amazonaws.com",
    "aws-us-gov": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}
_PATH = re.compile(r"/SimpleNotificationService-[0-9A-Za-z-]{1,80}\.pem")
_TOPIC = re.compile(r"arn:(aws[a-z-]*):sns:([a-z0-9-]{1,40}):[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?")

Fetch = Callable[[str], bytes]


def trusts(url: str, topic_arn: str, stand_in: str = "") -> bool:
    """Tell whether a certificate at this URL would be SNS's, of the topic's own region.

    `stand_in` is the endpoint that stands in for AWS on this machine, such as the sandbox: then it alone is.
    """
    topic = _TOPIC.fullmatch(topic_arn)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if topic is None or _PATH.fullmatch(parts.path) is None or url != parts.geturl() or "?" in url:
        return False
    if stand_in:
        own = urlsplit(stand_in)
        return (parts.scheme, parts.netloc) == (own.scheme, own.netloc) and not parts.fragment
    suffix = _SUFFIXES.get(topic[1])
    host = f"sns.{topic[2]}.{suffix}"
    return url == f"https://{host}{parts.path}" and suffix is not None and port is None


def stand_in_of(endpoint: str) -> str:
    """Return the endpoint of AWS calls where it is none of AWS's own, else nothing."""
    host = urlsplit(endpoint).hostname or ""
    return "" if any(host.endswith(f".{suffix}") for suffix in _SUFFIXES.values()) else endpoint


@dataclass
class Certificates:
    """The keys of SNS's certificates. Safe to share between threads."""

    stand_in: str = ""
    fetch: Fetch | None = None
    clock: Callable[[], float] = time.monotonic
    deadline_seconds: float = _DEADLINE_SECONDS
    _keys: dict[str, RSAPublicKey] = field(default_factory=dict)
    _failed_at: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def key_of(self, url: str, topic_arn: str) -> RSAPublicKey | None:
        """Return the key of the certificate at a URL; None where it is not SNS's or cannot be had now."""
        if not trusts(url, topic_arn, self.stand_in):
            return None
        with self._lock:
            known = self._keys.get(url)
            if known is not None or not self._may_fetch(url):
                return known
            # Until it is there: nobody else waits for the same one.
            self._failed_at[url] = self.clock()
        key = self._fetched(url)
        if key is None:
            log.warning("the certificate of SNS cannot be had: its events stay unverified for now")
            return None
        with self._lock:
            if len(self._keys) >= _MOST_KEYS:
                self._keys.pop(next(iter(self._keys)))
            self._keys[url] = key
            self._failed_at.pop(url, None)
        return key

    def _may_fetch(self, url: str) -> bool:
        now = self.clock()
        self._failed_at = {each: at for each, at in self._failed_at.items() if now - at < _FAILED_SECONDS}
        return url not in self._failed_at and len(self._failed_at) < _FETCHES_A_WINDOW

    def _fetched(self, url: str) -> RSAPublicKey | None:
        """Return the key, or None after the deadline whatever hangs: the name service, a proxy, the host."""
        answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

        def run() -> None:
            try:
                answers.put((self.fetch or self._get)(url))
            except (OSError, ValueError, urllib.error.URLError):
                answers.put(None)

        threading.Thread(target=run, name="sns-certificate", daemon=True).start()
        try:
            return _key(answers.get(timeout=self.deadline_seconds) or b"")
        except queue.Empty:
            return None

    def _get(self, url: str) -> bytes:
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if self.stand_in:
            # It never leaves this machine or network: no proxy knows it.
            handlers.append(urllib.request.ProxyHandler({}))
        else:
            bundle = os.environ.get("AWS_CA_BUNDLE") or None
            handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=bundle)))
        with urllib.request.build_opener(*handlers).open(url, timeout=self.deadline_seconds) as answer:
            found: bytes = answer.read(_LONGEST_BYTES)
        return found


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a redirect could lead to a host that is not SNS's."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _key(pem: bytes) -> RSAPublicKey | None:
    try:
        key = x509.load_pem_x509_certificate(pem).public_key()
    except ValueError:
        return None
    return key if isinstance(key, RSAPublicKey) else None
