"""The choices after a halt in words: what each would leave out, of whom, and who would be left."""

from collections.abc import Mapping

from mail.decisions import Choice
from mail.forecasts import Forecast
from mail.remedies import count
from reports.page import number

_DOMAINS = 10


def sentences(forecast: Forecast) -> Mapping[Choice, str]:
    """Return for each choice what it would do to those who still wait; plain text, no markup."""
    return {
        Choice.DROP_DOMAINS: dropping(forecast),
        Choice.CLEAN_AGAIN: cleaning(forecast),
        Choice.AS_IS: (
            f"Leaves out nobody: {_all(forecast)} will be written to. Needs a reason. "
            "A list that is still bad halts again within its canary."
        ),
        Choice.CANCEL: f"Ends the campaign: {_all(forecast)} will never be written to.",
    }


def dropping(forecast: Forecast) -> str:
    """Return whom the rule for bad domains would leave out."""
    if not forecast.worst:
        return "Leaves out nobody: no domain reached the limit by itself."
    named = ", ".join(f"{each.domain} ({number(each.waiting)})" for each in forecast.worst[:_DOMAINS])
    more = len(forecast.worst) - _DOMAINS
    others = f" and {number(more)} more" if more > 0 else ""
    return f"{_leaves_out(forecast.at_worst, forecast)} At {named}{others}, with every host below."


def cleaning(forecast: Forecast) -> str:
    """Return whom a second cleaning would leave out; the DNS may say something else by then."""
    suppressed, gone = number(forecast.suppressed), forecast.without_mail_server
    if gone is None:
        return (
            f"Leaves out {suppressed} who are suppressed by now, of {number(forecast.waiting)}, and those "
            "whose domain has no mail server: the DNS is asked when this is chosen."
        )
    return (
        f"{_leaves_out(forecast.cleaned_out, forecast)} Of these, {number(gone)} have no mail server by now "
        f"and {suppressed} are suppressed by now."
    )


def _leaves_out(left_out: int, forecast: Forecast) -> str:
    left = forecast.waiting - left_out
    goes = "nobody is left to go on with" if not left else f"{number(left)} go on"
    return f"Leaves out {number(left_out)} of the {number(forecast.waiting)} who wait; {goes}."


def _all(forecast: Forecast) -> str:
    return count(forecast.waiting)
