import re
from dataclasses import replace
from datetime import date

import pytest

from lists import risk
from lists.cleaning import clean
from lists.dns_verdicts import DELIVERABLE, NULL_MX, unknown
from lists.policy import HygienePolicy, ListSource
from lists.reasons import Flag, Reason
from lists.risk import RiskLookups
from lists.suppression import nobody_confirmed
from reports import list_report, list_words
from reports.errors import ReportError

ROWS = (
    "anna.secret@shop.example\nANNA.secret@shop.example\ninfo@shop.example\nbob.secret @ shop.example\n"
    "<script>alert(1)</script>\nz@nomail.example\nj\xfcrgen.secret@b\xfccher.example\nq@asleep.example\n"
    'gone.secret@shop.example\n" "\n'
)


@pytest.fixture
def result(tmp_path):
    path = tmp_path / "spring & <autumn>.csv"
    path.write_text("email\n" + ROWS, encoding="utf-8")
    verdicts = {"nomail.example": NULL_MX, "asleep.example": unknown("time-out")}
    return clean(
        ListSource(source=str(path)),
        HygienePolicy(),
        suppressed=lambda keys: {key: "hard_bounce" for key in keys if key.startswith("gone")},
        confirmed=nobody_confirmed,
        resolver=lambda domains: {domain: verdicts.get(domain, DELIVERABLE) for domain in domains},
        today=date(2026, 11, 22),
    )


def test_the_report_holds_the_figures_and_every_reason_in_order(result):
    html = list_report.render(result)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("</head>")[1]))
    assert "10 rows = 3 accepted + 7 rejected" in text
    places = [text.index(list_words.REASONS[reason][0]) for reason in Reason]
    assert places == sorted(places)
    assert "Malformed 3 30.0 %" in text


def test_no_address_is_shown_whole(result):
    html = list_report.render(result)
    assert "secret" not in html
    assert "A***@shop.example" in html
    assert "b***@shop.example" in html


def test_nothing_is_loaded_from_elsewhere_and_nothing_of_the_list_is_markup(result):
    html = list_report.render(result)
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//|@import|url\(|<script|<link|<img""", html)
    assert "spring &amp; &lt;autumn&gt;.csv" in html
    assert 'href="rejected.csv"' in html


def test_domains_are_shown_in_their_own_script(result):
    html = list_report.render(result)
    assert "b\xfccher.example" in html
    assert "xn--" not in html


def test_flags_and_warnings_are_explained(result):
    html = list_report.render(result)
    assert list_words.FLAGS[Flag.MX_UNKNOWN][1] in html
    warned = replace(result, summary=replace(result.summary, warnings=("The DNS was silent.",)))
    assert "The DNS was silent." in list_report.render(warned)


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("</head>")[1]))


def test_the_report_tells_the_risk_the_suggestions_the_unknown_and_the_providers(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "email\na@gmail.com\nb@googlemail.com\nc@gmial.com\nmailto:d@shop.example\ne@asleep.example\n,x\n"
        "g@hotmial.com\n"
    )
    found = clean(
        ListSource(source=str(path)),
        HygienePolicy(),
        suppressed=lambda keys: {},
        confirmed=nobody_confirmed,
        resolver=lambda domains: {
            domain: {"asleep.example": unknown("time-out"), "hotmial.com": NULL_MX}.get(domain, DELIVERABLE)
            for domain in domains
        },
        today=date(2026, 11, 22),
        risks=RiskLookups(mailed=lambda keys: {"a@gmail.com"}, confirmed=lambda keys: set()),
    )
    text = words(list_report.render(found))
    assert "Never mailed 3 75.0 %" in text
    assert "Never confirmed 4 100 %" in text
    assert "At free-mail providers 2 50.0 %" in text
    assert "gmial.com gmail.com 1" in text
    assert "hotmial.com hotmail.com 1" in text
    assert "2 rejected rows come with a suggestion" in text
    assert "Mail server unknown 1 25.0 %" in text
    assert "Google 2 2 0" in text
    assert text.index("What could not be known") < text.index("Accepted, but worth a look")


def test_a_list_of_which_nothing_is_accepted_has_a_report_too(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("email\nx\n")
    found = clean(
        ListSource(source=str(path)),
        HygienePolicy(),
        suppressed=lambda keys: {},
        confirmed=nobody_confirmed,
        resolver=None,
        today=date(2026, 11, 22),
        risks=RiskLookups(mailed=lambda keys: set(), confirmed=lambda keys: set()),
    )
    assert "1 rows = 0 accepted + 1 rejected" in words(list_report.render(found))


def test_every_reason_and_every_flag_has_words():
    assert list(list_words.REASONS) == list(Reason)
    assert list(list_words.FLAGS) == list(Flag)
    assert set(list_words.RISKS) == {risk.FREE_MAIL, *risk.MARKS}


def test_many_domains_are_summed_up_in_a_last_line(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("email\n" + "".join(f"a@d{number}.example\n" for number in range(25)))
    many = clean(
        ListSource(source=str(path)),
        HygienePolicy(mx=False),
        suppressed=lambda keys: {},
        confirmed=nobody_confirmed,
        resolver=None,
        today=date(2026, 11, 22),
    )
    assert "5 more" in list_report.render(many)
    assert "Why rows were rejected" in list_report.render(many)


def test_a_report_whose_rows_do_not_match_its_figures_is_not_written(result, tmp_path):
    for broken in (
        replace(result, accepted=result.accepted.iloc[1:]),
        replace(result, rejected=result.rejected.iloc[1:]),
        replace(result, rejected=result.rejected.assign(reason="no_mx")),
    ):
        with pytest.raises(ReportError, match="not those of the accepted and rejected rows"):
            list_report.write(broken, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_the_file_appears_whole_and_alone(result, tmp_path):
    folder = tmp_path / "out"
    list_report.write(result, folder / "report.html")
    assert [path.name for path in folder.iterdir()] == ["report.html"]


def test_a_report_that_cannot_be_written_is_one_sentence(result, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ReportError, match="cannot be written"):
        list_report.write(result, tmp_path / "file" / "report.html")
