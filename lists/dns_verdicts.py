"""What DNS answers say about a domain's mail: one classifier for every pass, a pure function of the answers.

Only a definite answer is `no_mx`. A time-out, SERVFAIL, REFUSED or any exception is unknown, and unknown
never drops anybody.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import assert_never


class Status(StrEnum):
    """Whether a domain takes mail."""

    DELIVERABLE = "deliverable"
    NO_MX = "no_mx"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MxVerdict:
    """What is known of a domain.

    detail: of NO_MX `null_mx`, `no_such_domain` or `no_mail_host`; of UNKNOWN what went wrong; else "".
    flag:   `implicit_mx`, `mx_unresolvable`, `mx_unknown` or "", for the accepted rows of the domain.
    """

    status: Status
    detail: str = ""
    flag: str = ""


class AnswerKind(StrEnum):
    """What came back for one name and record type."""

    RECORDS = "records"
    NO_DATA = "no_data"
    NXDOMAIN = "nxdomain"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: MX targets or addresses as text, or what went wrong where it is unknown."""

    kind: AnswerKind
    records: tuple[str, ...] = ()
    trouble: str = ""
    ttl_seconds: int = 0


DELIVERABLE = MxVerdict(Status.DELIVERABLE)
IMPLICIT_MX = MxVerdict(Status.DELIVERABLE, flag="implicit_mx")
MX_UNRESOLVABLE = MxVerdict(Status.DELIVERABLE, flag="mx_unresolvable")
NULL_MX = MxVerdict(Status.NO_MX, detail="null_mx")
NO_SUCH_DOMAIN = MxVerdict(Status.NO_MX, detail="no_such_domain")
NO_MAIL_HOST = MxVerdict(Status.NO_MX, detail="no_mail_host")

# Where no mail from the internet can go: "this" host, private use, shared, loopback, link-local, multicast
# and reserved (RFC 6890), and their like in IPv6. The documentation ranges are not among them: they stand
# for public addresses wherever examples resolve.
UNREACHABLE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4"),
        *("::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8"),
    )
)


def unknown(trouble: str) -> MxVerdict:
    """Return the verdict for a domain of which nothing definite was heard."""
    return MxVerdict(Status.UNKNOWN, detail=trouble, flag="mx_unknown")


def mail_hosts(mx: Answer) -> tuple[str, ...]:
    """Return the targets of an MX answer; a null MX (RFC 7505) has the root as target and is left out."""
    return tuple(target for target in mx.records if target.rstrip("."))


def without_mx(mx: Answer, addresses: Sequence[Answer]) -> MxVerdict:
    """Judge a domain whose MX answer names no mail host.

    `addresses` are the A and AAAA answers for the domain itself; they are also the second opinion on an
    NXDOMAIN, for it is said of a name, whatever the type asked for.
    """
    match mx.kind:
        case AnswerKind.UNKNOWN:
            return unknown(mx.trouble)
        case AnswerKind.RECORDS:
            return NULL_MX
        case AnswerKind.NO_DATA | AnswerKind.NXDOMAIN:
            pass
        case _ as never:
            assert_never(never)
    if any(reachable(answer) for answer in addresses):
        return IMPLICIT_MX
    for answer in addresses:
        if answer.kind is AnswerKind.UNKNOWN:
            return unknown(answer.trouble)
    kinds = {mx.kind, *(answer.kind for answer in addresses)}
    if kinds == {AnswerKind.NXDOMAIN}:
        return NO_SUCH_DOMAIN
    if AnswerKind.NXDOMAIN in kinds:
        return unknown("contradictory answers")
    return NO_MAIL_HOST


def with_mx(targets: Sequence[Sequence[Answer]]) -> MxVerdict:
    """Judge a domain with mail hosts by the A and AAAA answers for each of them."""
    return DELIVERABLE if any(serves(answers) for answers in targets) else MX_UNRESOLVABLE


def serves(answers: Sequence[Answer]) -> bool:
    """Tell whether a mail host with these A and AAAA answers can be reached, or might be."""
    return any(reachable(answer) or answer.kind is AnswerKind.UNKNOWN for answer in answers)


def reachable(answer: Answer) -> bool:
    """Tell whether an A or AAAA answer holds an address to which mail from the internet can go."""
    return answer.kind is AnswerKind.RECORDS and any(_public(text) for text in answer.records)


# The mail hosts of a few providers come again and again.
@lru_cache(maxsize=4096)
def _public(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return not any(address in network for network in UNREACHABLE)
