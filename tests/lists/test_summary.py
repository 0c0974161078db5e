from dataclasses import replace

import pytest

from lists.errors import BalanceError
from lists.reasons import Reason
from lists.summary import DomainCounts, Summary

GOOD = Summary(
    source="list.csv",
    fingerprint="0",
    rows=3,
    accepted=2,
    rejected=1,
    by_reason={reason.value: int(reason is Reason.NO_MX) for reason in Reason},
    by_domain={"shop.example": DomainCounts(2, 1)},
    seconds=0.1,
)


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 4},
        {"accepted": 3},
        {"rejected": 0},
        {"by_reason": dict.fromkeys(GOOD.by_reason, 0)},
        {"by_reason": {"no_mx": 1}},
        {"by_reason": dict(reversed(GOOD.by_reason.items()))},
        {"by_domain": {"shop.example": DomainCounts(1, 1)}},
        {"by_domain": {"shop.example": DomainCounts(2, 0)}},
    ],
)
def test_figures_that_do_not_balance_are_not_given_out(change):
    with pytest.raises(BalanceError):
        replace(GOOD, **change)
