"""GET /reports/{campaign} and GET /metrics: how it went, for programs."""

from collections.abc import Iterator

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from api import answers, checkups
from api.asking import Who
from api.context import Here
from api.describing import REFUSALS, REPORTED
from api.errors import Code, Refusal, Refused
from api.pages import HEADERS
from api.pools import runs_in
from ledger import campaigns
from ledger.statuses import Status
from reports import api_figures, status
from reports.api_figures import Figures

router = APIRouter(tags=["reports"])


@router.get("/reports/{campaign}", summary="How a campaign went", **REPORTED)
@runs_in(lambda pools: pools.reads)
def report(campaign: str, here: Here, who: Who) -> Response:
    """Answer what `campaign status NAME --json` prints, of a campaign whose file names you as `owner`."""
    with here.ledger.reading() as connection:
        found = campaigns.find(connection, campaign) if "\0" not in campaign else None
        if found is None or (found.definition.get("owner") or "") != who.owner:
            raise Refused(Refusal(404, Code.NOT_FOUND, "You have no campaign of this name.", "campaign"))
        return answers.done(status.of(connection, campaign).as_json())


@router.get(
    "/metrics",
    summary="Figures in Prometheus' format",
    response_class=PlainTextResponse,
    responses={503: REFUSALS[503]},
)
@runs_in(lambda pools: pools.metrics)
def metrics(here: Here) -> Response:
    """Answer counts over all owners and what `campaign doctor` finds, without anything about a person."""
    with here.ledger.reading() as connection:
        found = api_figures.read(connection)
    text = "\n".join([*_lines(found), *checkups.lines(here.checkups.results()), ""])
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4", headers=dict(HEADERS))


def _lines(found: Figures) -> Iterator[str]:
    def total(which: Status) -> int:
        return sum(count for (_, each), count in found.by_status.items() if each is which)

    gauges = (
        ("campaign_queued", "Messages that wait to be sent.", total(Status.QUEUED)),
        (
            "campaign_in_doubt",
            "Messages that SES may have taken or not.",
            total(Status.IN_DOUBT),
        ),
        ("campaign_sent_per_second", "Messages SES took, a mean of the last minute.", found.sent_per_second),
        ("campaign_bounce_rate", "Hard bounces over accepted messages.", found.bounce_rate),
    )
    for name, help_, value in gauges:
        yield f"# HELP {name} {help_}"
        yield f"# TYPE {name} gauge"
        yield f"{name} {value:.10g}"
    yield "# HELP campaign_messages Messages by status; kind is single (POST /emails) or campaign."
    yield "# TYPE campaign_messages gauge"
    for (kind, each), count in found.by_status.items():
        yield f'campaign_messages{{kind="{kind}",status="{each.value}"}} {count}'
    for name, help_, value in (
        ("campaign_accepted_total", "Messages SES took.", found.accepted),
        ("campaign_hard_bounces_total", "Messages that bounced hard.", found.hard_bounced),
    ):
        yield f"# HELP {name} {help_}"
        yield f"# TYPE {name} counter"
        yield f"{name} {value}"
