import pytest

from lists.dns_verdicts import (
    DELIVERABLE,
    IMPLICIT_MX,
    MX_UNRESOLVABLE,
    NO_MAIL_HOST,
    NO_SUCH_DOMAIN,
    NULL_MX,
    Answer,
    AnswerKind,
    mail_hosts,
    reachable,
    unknown,
    with_mx,
    without_mx,
)

NO_DATA, NXDOMAIN = Answer(AnswerKind.NO_DATA), Answer(AnswerKind.NXDOMAIN)
SILENT = Answer(AnswerKind.UNKNOWN, trouble="time-out")


def records(*texts):
    return Answer(AnswerKind.RECORDS, texts)


PUBLIC, PRIVATE = records("203.0.113.9"), records("10.0.0.1")


@pytest.mark.parametrize(
    ("mx", "addresses", "verdict"),
    [
        (records("."), [], NULL_MX),
        (NO_DATA, [PUBLIC], IMPLICIT_MX),
        (NO_DATA, [NO_DATA, records("2001:db8::1")], IMPLICIT_MX),
        (NXDOMAIN, [PUBLIC], IMPLICIT_MX),
        (NO_DATA, [NO_DATA, NO_DATA], NO_MAIL_HOST),
        (NO_DATA, [PRIVATE, NO_DATA], NO_MAIL_HOST),
        (NXDOMAIN, [NXDOMAIN, NXDOMAIN], NO_SUCH_DOMAIN),
        (NXDOMAIN, [NXDOMAIN, SILENT], unknown("time-out")),
        (NXDOMAIN, [NO_DATA, NO_DATA], unknown("contradictory answers")),
        (NO_DATA, [NXDOMAIN, NXDOMAIN], unknown("contradictory answers")),
        (NO_DATA, [SILENT, NO_DATA], unknown("time-out")),
        (NO_DATA, [SILENT, records("2001:db8::1")], IMPLICIT_MX),
        (SILENT, [], unknown("time-out")),
    ],
)
def test_a_domain_without_a_mail_host_is_judged_by_its_addresses(mx, addresses, verdict):
    assert without_mx(mx, addresses) == verdict


@pytest.mark.parametrize(
    ("targets", "verdict"),
    [
        ([[PUBLIC]], DELIVERABLE),
        ([[NXDOMAIN, NXDOMAIN], [PUBLIC]], DELIVERABLE),
        ([[NXDOMAIN, NXDOMAIN], [NO_DATA, NO_DATA]], MX_UNRESOLVABLE),
        ([[PRIVATE, NO_DATA]], MX_UNRESOLVABLE),
        ([[PRIVATE, NO_DATA], [SILENT, NO_DATA]], DELIVERABLE),
    ],
)
def test_mail_hosts_are_unresolvable_only_if_all_are_for_certain(targets, verdict):
    assert with_mx(targets) == verdict


def test_a_null_mx_beside_a_real_one_is_no_null_mx():
    assert mail_hosts(records(".", "mail.shop.example.")) == ("mail.shop.example.",)
    assert mail_hosts(records(".")) == ()


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.31.0.1", "192.168.1.1"),
        *("224.0.0.1", "255.255.255.255", "::", "::1", "fd00::1", "fe80::1", "ff02::1"),
    ],
)
def test_mail_cannot_reach_addresses_of_private_or_no_use(address):
    assert not reachable(records(address))
