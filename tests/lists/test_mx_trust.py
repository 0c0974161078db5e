import pytest

from lists import mx_trust
from lists.dns_verdicts import DELIVERABLE, IMPLICIT_MX, NO_SUCH_DOMAIN, NULL_MX, unknown
from lists.mx_trust import BREAKER, CAPTIVE, NOT_PUBLIC, PUBLIC_CANARIES, Canaries, Sighting

SILENT, DENIED = unknown("REFUSED"), NO_SUCH_DOMAIN
PUBLIC, NAMED = Canaries(), Canaries(("shop.example",), named=True)
MOSTLY_GOOD = {"a.example": DELIVERABLE, "b.example": NO_SUCH_DOMAIN, "c.example": DELIVERABLE}
ALL_DENIED = {"a.example": NO_SUCH_DOMAIN, "b.example": unknown("time-out")}


@pytest.mark.parametrize(
    ("canaries", "known", "random", "verdicts", "trouble"),
    [
        (PUBLIC, [DELIVERABLE, DENIED], [DENIED], ALL_DENIED, ""),
        (PUBLIC, [DENIED, DENIED], [DENIED], ALL_DENIED, NOT_PUBLIC),
        (PUBLIC, [DENIED, DENIED], [DENIED], MOSTLY_GOOD, ""),
        (PUBLIC, [DENIED, SILENT], [SILENT], ALL_DENIED, ""),
        (PUBLIC, [DELIVERABLE], [SILENT, DELIVERABLE], MOSTLY_GOOD, CAPTIVE),
        (PUBLIC, [IMPLICIT_MX], [IMPLICIT_MX], {}, CAPTIVE),
        (NAMED, [DELIVERABLE], [DENIED], ALL_DENIED, ""),
        (NAMED, [DENIED], [DENIED], MOSTLY_GOOD, NOT_PUBLIC),
        (NAMED, [SILENT], [DENIED], MOSTLY_GOOD, NOT_PUBLIC),
        (NAMED, [DENIED], [DELIVERABLE], MOSTLY_GOOD, CAPTIVE),
    ],
)
def test_canaries_tell_whether_a_resolver_is_believed(canaries, known, random, verdicts, trouble):
    sighting = Sighting(tuple(known), tuple(random))
    assert mx_trust.trouble(canaries, sighting, verdicts) == trouble


@pytest.mark.parametrize(
    ("why", "left"),
    [
        (CAPTIVE, [unknown(CAPTIVE)] * 4),
        (BREAKER, [DELIVERABLE, IMPLICIT_MX, unknown(BREAKER), SILENT]),
        (NOT_PUBLIC, [DELIVERABLE, IMPLICIT_MX, unknown(NOT_PUBLIC), SILENT]),
    ],
)
def test_what_is_distrusted_becomes_unknown(why, left):
    verdicts = dict(zip("abcd", [DELIVERABLE, IMPLICIT_MX, NULL_MX, SILENT], strict=True))
    assert list(mx_trust.distrusted(verdicts, why).values()) == left


def test_canaries_can_be_set():
    assert Canaries.parse(" Shop.example, b.example,") == Canaries(("shop.example", "b.example"), named=True)
    assert Canaries.parse("") == Canaries(PUBLIC_CANARIES)
