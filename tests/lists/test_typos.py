import pytest

from lists import free_mail, typos


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        *((name, "gmail.com") for name in ("gmial.com", "gmai.com", "gamil.com", "gnail.com", "gmaill.com")),
        *((name, "gmail.com") for name in ("gmail.con", "gmail.co", "gmail.cmo", "gmail.comm", "gmail.cm")),
        *((name, "yahoo.com") for name in ("yaho.com", "yahooo.com", "yhoo.com", "yahoo.con")),
        *((name, "hotmail.com") for name in ("hotmial.com", "hotmal.com", "hotmai.com", "hotmail.con")),
        *((name, "outlook.com") for name in ("outlok.com", "outloo.com", "putlook.com")),
        ("iclod.com", "icloud.com"),
        ("comcst.net", "comcast.net"),
        ("aol.con", "aol.com"),
        ("yahoo.co.ku", "yahoo.co.uk"),
        ("t-onlin.de", "t-online.de"),
    ],
)
def test_one_slip_of_the_finger_is_seen(domain, meant):
    assert typos.suggestions([domain]) == {domain: meant}


@pytest.mark.parametrize(
    "domain",
    [
        *(
            "mail.com",
            "email.com",
            "qmail.com",
            "gmx.at",
            "gmx.ch",
            "live.be",
            "hotmail.se",
            "yahoo.dk",
            "q.com",
        ),
        *("q.com", "aon.com", "web.dk", "me.com", "abl.com", "gol.com", "bob.com", "yahoo.gr", "uol.com.ar"),
        *("shop.example", "gmial.co", "gmailllo.com", "com", ""),
    ],
)
def test_honest_domains_and_two_slips_are_left_alone(domain):
    assert typos.suggestions([domain]) == {}


def test_no_known_provider_is_taken_for_a_slip():
    wrong = set(typos.suggestions(sorted(free_mail.PROVIDERS | {*typos.large_providers()})))
    assert wrong == typos.MISTAKEN_PROVIDERS


def test_domains_are_judged_alike_in_portions_of_any_size(monkeypatch):
    domains = [f"firm{number}.example" for number in range(20)] + ["gmal.com", "gmail.com", "gmial.com"]
    whole = typos.suggestions(domains)
    for size in (1, 3, 22):
        monkeypatch.setattr(typos, "DOMAINS_AT_A_TIME", size)
        assert typos.suggestions(domains) == whole
    assert typos.suggestions([]) == {}
