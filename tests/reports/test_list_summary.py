"""What the operators' screen shows of a cleaning."""

from lists.reasons import Reason
from lists.summary import DomainCounts, Summary
from reports import list_summary


def summary(accepted: int, rejected: int, **more: object) -> Summary:
    return Summary(
        source="list.csv",
        fingerprint="0" * 64,
        rows=accepted + rejected,
        accepted=accepted,
        rejected=rejected,
        by_reason={reason.value: rejected * (reason is Reason.NO_MX) for reason in Reason},
        by_domain={"shop.example": DomainCounts(accepted, rejected)},
        seconds=1.0,
        **more,
    )


def test_the_one_figure_comes_first_and_then_what_is_doubtful() -> None:
    shown = list_summary.markdown(
        summary(
            1_500,
            500,
            flags={"typo": 3, "mx_unknown": 30},
            risk={"free_mail": 750, "never_mailed": 1, "unconfirmed": 0},
            mistyped={"gmial.com": "gmail.com"},
            warnings=("The DNS was silent.",),
        ),
        "var/out",
    )
    lines = shown.splitlines()
    assert lines[0] == "# 1,500 of 2,000 rows accepted (75.0%)"
    assert "| no_mx | 500 |" in lines
    assert "| At free-mail providers | 750 | 50.0 % |" in lines
    assert "| Never mailed | 1 | < 0.1 % |" in lines
    assert "| Mail server unknown | 30 | 2.0 % |" in lines
    assert "Mistyped" not in shown
    assert "1 domain looks mistyped: `campaign accept-suggestions var/out --out FILE`" in shown
    assert "> The DNS was silent." in lines


def test_where_nobody_is_accepted_nothing_is_said_of_them() -> None:
    assert "of the accepted" not in list_summary.markdown(summary(0, 1, risk={"free_mail": 0}), "x")
