"""The hard-bounce rate of a campaign over time as a picture that a page without our styles can show."""

from base64 import b64encode

from reports import page
from reports.campaign_figures import CampaignReport
from reports.campaign_page import rate_chart

_CAPTION = "Hard-bounce rate over the messages that SES took"


def svg(report: CampaignReport) -> str:
    """Return the picture as SVG, colours and background in it; "" where nothing was sent."""
    chart = rate_chart(report.timeline, report.bounce_limit)
    return "" if chart is None else page.render("rate.svg.j2", chart=chart, caption=_CAPTION)


def data_uri(report: CampaignReport) -> str:
    """Return the picture as an address that holds it whole; "" where nothing was sent."""
    found = svg(report)
    return f"data:image/svg+xml;base64,{b64encode(found.encode()).decode()}" if found else ""
