"""The quota of 24 hours: a campaign that is larger is refused, or sends what is left and waits for more."""

import pytest

from ledger.statuses import Status
from mail import quota
from mail.policy import SendPolicy
from mail.readiness import Account, NotReady


def account(left: float | None) -> Account:
    return Account(rate_per_second=14.0, left_for_the_day=left)


def test_a_campaign_larger_than_what_is_left_is_refused_in_one_sentence() -> None:
    with pytest.raises(NotReady) as found:
        quota.check(account(200.0), 1_201, SendPolicy(), "spring-offer")
    assert str(found.value) == (
        "campaign spring-offer goes to 1,201 recipients, and SES takes only 200 more of this account in "
        "these 24 hours: set `send.over_quota: split`, or begin it later."
    )


@pytest.mark.parametrize(
    ("left", "policy"),
    [(1_201.0, SendPolicy()), (None, SendPolicy()), (0.0, SendPolicy(over_quota="split"))],
)
def test_a_campaign_that_fits_or_may_be_split_is_begun(left: float | None, policy: SendPolicy) -> None:
    quota.check(account(left), 1_201, policy, "spring-offer")


@pytest.mark.parametrize(
    ("left", "policy", "share"),
    [
        (100.0, SendPolicy(over_quota="split"), 100),
        (100.0, SendPolicy(over_quota="split", workers=4, runs=2), 12),
        (7.0, SendPolicy(over_quota="split", workers=8), 0),
        (None, SendPolicy(over_quota="split"), None),
        # Whoever refuses has compared before; a quota that others used up pauses with SES's text.
        (100.0, SendPolicy(), None),
    ],
)
def test_what_is_left_is_shared_by_all_workers(
    left: float | None, policy: SendPolicy, share: int | None
) -> None:
    assert quota.share(account(left), policy) == share


def test_a_split_campaign_sends_what_is_left_and_then_waits(stage) -> None:
    stage.enqueue(100)
    assert stage.send(stage.work(quota=30)).ended == "chunk"
    assert stage.count() == {Status.SENT: 30, Status.QUEUED: 70}
    assert stage.send(stage.work(quota=0)).ended == "waiting"
    assert stage.clock.slept[-1] == quota.LOOK_AGAIN_SECONDS
    assert stage.count() == {Status.SENT: 30, Status.QUEUED: 70}
