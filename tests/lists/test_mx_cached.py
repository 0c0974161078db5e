import pytest
from sqlalchemy import select

from ledger import clock
from ledger.engine import open_ledger
from ledger.schema import mx_answer
from lists import mx, mx_cached
from lists.dns_verdicts import DELIVERABLE, IMPLICIT_MX, NO_SUCH_DOMAIN, NULL_MX, Status, unknown
from lists.errors import ListError
from lists.mx_trust import BREAKER, Canaries

HOUR, DAY = 3_600, 86_400


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite3") as opened:
        yield opened


class Clock:
    now = 1_800_000_000.0


@pytest.fixture
def frozen(monkeypatch):
    frozen = Clock()
    monkeypatch.setattr(clock, "now", lambda connection: frozen.now)
    return frozen


@pytest.fixture
def server(name_server):
    name_server.records |= {
        ("shop.example", "MX"): ["10 mx.example."],
        ("mx.example", "A"): ["203.0.113.1"],
        ("null.example", "MX"): ["0 ."],
    }
    name_server.names |= {"gone.example": "NXDOMAIN", "broken.example": "SERVFAIL"}
    return name_server


def resolving(server, **options):
    quick = {"try_seconds": 0.15, "question_seconds": 0.3, "retry_after_seconds": 0.05}
    return mx.Resolving(server.address, **(quick | options))


def stored(ledger):
    with ledger.reading() as connection:
        rows = connection.execute(select(mx_answer.c.domain, mx_answer.c.expires_at)).all()
    return {domain: expires_at - Clock.now for domain, expires_at in rows}


@pytest.mark.parametrize(
    ("domain", "ttl_seconds", "kept_seconds"),
    [
        ("shop.example", HOUR, HOUR),
        ("shop.example", 30, 5 * 60),
        ("shop.example", 30 * DAY, 7 * DAY),
        ("null.example", 30, 5 * 60),
        ("null.example", HOUR, HOUR),
        ("null.example", 30 * DAY, 3 * HOUR),
        ("gone.example", 20, 5 * 60),
        ("gone.example", 1_000, 1_000),
        ("gone.example", DAY, 3 * HOUR),
    ],
)
def test_an_answer_is_kept_for_its_time_to_live_within_bounds(
    server, ledger, frozen, domain, ttl_seconds, kept_seconds
):
    server.ttl_seconds = server.negative_ttl_seconds = ttl_seconds
    mx_cached.lookup(ledger, resolving(server))([domain])
    assert stored(ledger) == {domain: kept_seconds}


def test_the_dns_is_asked_again_only_when_an_answer_holds_no_longer(server, ledger, frozen):
    look = mx_cached.lookup(ledger, resolving(server))
    domains = ["shop.example", "null.example", "gone.example"]
    expected = dict(zip(domains, (DELIVERABLE, NULL_MX, NO_SUCH_DOMAIN), strict=True))
    assert look(domains) == expected
    assert look([*domains, "shop.example"]) == expected
    assert server.questions["shop.example", "MX"] == 1
    frozen.now += 5 * 60 + 1
    look(domains)
    assert server.questions["shop.example", "MX"] == 2


def test_an_unknown_domain_is_never_kept(server, ledger, frozen):
    assert mx_cached.lookup(ledger, resolving(server))(["broken.example"]) == {
        "broken.example": unknown("SERVFAIL")
    }
    assert stored(ledger) == {}
    server.names.clear()
    server.records["broken.example", "MX"] = ["0 ."]
    assert mx_cached.lookup(ledger, resolving(server))(["broken.example"]) == {"broken.example": NULL_MX}


def test_only_answers_that_are_believed_save_a_question(server, ledger, frozen):
    mx_cached.lookup(ledger, resolving(server))(["shop.example", "null.example"])
    server.names["shop.example"] = "NXDOMAIN"
    later = mx_cached.lookup(ledger, resolving(server), believe=[Status.NO_MX])
    assert later(["shop.example", "null.example"]) == {
        "shop.example": NO_SUCH_DOMAIN,
        "null.example": NULL_MX,
    }
    assert server.questions["null.example", "MX"] == 1


def test_nothing_that_a_captive_resolver_says_is_kept(server, ledger, frozen):
    server.everything = "203.0.113.9"
    canaries = Canaries(("shop.example",), named=True)
    verdicts = mx_cached.lookup(ledger, resolving(server, canaries=canaries))(["null.example", "x.example"])
    assert {verdict.status for verdict in verdicts.values()} == {Status.UNKNOWN}
    assert stored(ledger) == {}
    honest = mx_cached.lookup(ledger, resolving(server))(["x.example"])
    assert honest == {"x.example": IMPLICIT_MX}


def test_after_the_breaker_nobody_is_dropped_and_nothing_more_is_asked(server, ledger, frozen, monkeypatch):
    monkeypatch.setattr(mx_cached, "DOMAINS_A_SURVEY", 300)
    mx_cached.lookup(ledger, resolving(server))(["null.example"])
    silent = [f"n{number}.example" for number in range(600)]
    server.names |= dict.fromkeys(silent, server.SILENT)
    verdicts = mx_cached.lookup(ledger, resolving(server))(["null.example", *silent])
    assert {verdict.status for verdict in verdicts.values()} == {Status.UNKNOWN}
    assert verdicts["null.example"] == unknown(BREAKER)
    assert verdicts["n599.example"] == unknown(BREAKER)
    assert ("n599.example", "MX") not in server.questions
    assert set(stored(ledger)) == {"null.example"}


def test_progress_counts_what_was_known_as_done(server, ledger, frozen, monkeypatch):
    monkeypatch.setattr(mx_cached, "DOMAINS_A_SURVEY", 2)
    domains = ["shop.example", "null.example", "gone.example"]
    told = []
    look = mx_cached.lookup(ledger, resolving(server), on_progress=lambda *done: told.append(done))
    look(["shop.example"])
    look(domains)
    assert told == [(1, 1), (2, 3), (3, 3)]


def test_servers_written_another_way_are_the_same_resolver(server, ledger, frozen):
    mx_cached.lookup(ledger, resolving(server))(["shop.example"])
    again = mx.Resolving(f" {server.address} ,", try_seconds=0.15, question_seconds=0.3)
    mx_cached.lookup(ledger, again)(["shop.example"])
    assert server.questions["shop.example", "MX"] == 1


def test_what_is_no_nameserver_is_an_error_at_once(ledger):
    with pytest.raises(ListError, match="is no nameserver"):
        mx_cached.lookup(ledger, mx.Resolving("dns.example"))


def test_whoever_keeps_the_answers_elsewhere_waits_for_no_write_lock(server, ledger, frozen):
    kept = []
    look = mx_cached.lookup(ledger, resolving(server), store=lambda _, answers: kept.extend(answers))
    with ledger.writing():
        assert look(["shop.example"]) == {"shop.example": DELIVERABLE}
    assert [answer.domain for answer in kept] == ["shop.example"]
    assert stored(ledger) == {}
    mx_cached.store_in(ledger, "127.0.0.1:53", kept)
    assert stored(ledger) == {"shop.example": pytest.approx(server.ttl_seconds, abs=HOUR)}
