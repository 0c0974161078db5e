"""Every report page: what scrolls can be focused and has a name; paper gets what the screen has."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import reports
from reports import campaign_page, campaign_report

TEMPLATES = sorted((Path(reports.__file__).parent / "templates").glob("*.html.j2"))
STYLE = (Path(reports.__file__).parent / "templates" / "base.html.j2").read_text("utf-8")


class Scrolling(HTMLParser):
    """Collects the attributes of what may scroll sideways."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if "table-scroll" in (named.get("class") or "").split():
            self.found.append(named)


def scrolling(page: str) -> list[dict[str, str | None]]:
    parser = Scrolling()
    parser.feed(page)
    return parser.found


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_every_table_stands_in_a_region_that_can_be_focused(template: Path) -> None:
    text = template.read_text("utf-8")
    for each in scrolling(text):
        assert (each.get("tabindex"), each.get("role")) == ("0", "region")
        assert each.get("aria-label")
    # A table outside of one would stick out of a phone's screen.
    assert text.count("<table") == len(scrolling(text))


def test_the_regions_of_a_page_have_names_of_their_own(told) -> None:
    with told.ledger.reading() as connection:
        page = campaign_page.render(campaign_report.build(connection, "spring-offer"))
    names = [each["aria-label"] for each in scrolling(page)]
    assert len(names) >= 3
    assert len(set(names)) == len(names)


def test_what_is_for_a_screen_alone_is_not_for_paper() -> None:
    """Where nothing keeps them to the screen, browsers print the dark scheme and the phone's layout."""
    for template in TEMPLATES:
        queries = re.findall(r"@media ([^{]+)\{", template.read_text("utf-8"))
        for query in queries:
            if "prefers-color-scheme" in query or "max-width" in query:
                assert query.startswith("screen and"), (template.name, query)


def test_paper_gets_colours_whole_rows_and_closed_details() -> None:
    printed = STYLE.partition("@media print {")[2].partition("</style>")[0]
    for rule in (
        "print-color-adjust: exact",
        "overflow: visible",
        "display: table-header-group",
        "details::details-content",
    ):
        assert rule in printed
    assert re.search(r"\btr\b[^{]*\{ break-inside: avoid; \}", printed)
