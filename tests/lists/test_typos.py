from itertools import chain

import pytest

from lists import free_mail, slips, typos


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
        *((name, "gmail.com") for name in ("gmail.com.com", "www.gmail.com", "gmail.comcom", "gmail.om")),
        *(
            (name, "gmail.com")
            for name in ("gamil.con", "gmaill.comm", "gmail.cpn", "ggmail.com", "gmqil.com")
        ),
        *((name, "hotmail.com") for name in ("hotmail.co", "hotmail.cm", "hotmial.con", "hormail.com")),
        *((name, "yahoo.com") for name in ("yahoo.co", "yahoo.cm", "yhaoo.com", "tahoo.com")),
        *((name, "outlook.de") for name in ("outlok.de", "outlook.dee", "oulook.de")),
        ("hotmail.couk", "hotmail.co.uk"),
        ("yahoo.con.br", "yahoo.com.br"),
        ("uol.con.br", "uol.com.br"),
        ("t.online.de", "t-online.de"),
        ("tonline.de", "t-online.de"),
        ("gmx.con", "gmx.com"),
        ("gmx.d", "gmx.de"),
        ("zoho.con", "zoho.com"),
        ("aoll.com", "aol.com"),
        ("laposte.nt", "laposte.net"),
        ("orang.fr", "orange.fr"),
        ("libero.ti", "libero.it"),
        ("btinternet.co", "btinternet.com"),
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
        *("cloud.com", "libera.it", "terna.com.br", "never.com", "range.fr", "tetra.com.br", "grail.com"),
        *("hmail.com", "fmail.com", "tmail.com", "zmail.com", "gail.com", "contract.com", "webb.de"),
        *("yahoo.com.bt", "yahoo.com.my", "hotmail.com.tr", "outlook.ie", "gmail.com.br", "roger.com"),
        *("shop.company", "firma.koeln", "xn--bcher-kva.example", "xn--80ak6aa92e.xn--p1ai", "brief.test"),
    ],
)
def test_honest_domains_and_two_slips_are_left_alone(domain):
    assert typos.suggestions([domain]) == {}


def test_no_known_provider_is_taken_for_a_slip():
    assert typos.suggestions(sorted(free_mail.providers())) == {}


GIANTS = ("gmail.com", "hotmail.com", "yahoo.com", "outlook.com", "icloud.com", "hotmail.co.uk", "outlook.de")


@pytest.mark.parametrize("provider", GIANTS)
def test_nearly_every_slip_of_the_hand_in_a_great_name_is_seen(provider):
    """What is not suggested is another word, another provider, or any letter before "mail"."""
    name, _, ending = provider.partition(".")
    made = sorted(f"{slip}.{ending}" for slip in slips.hand_slips(name))
    meant = typos.suggestions(made)
    assert sum(meant.get(domain) == provider for domain in made) >= 0.85 * len(made)


def test_every_slip_in_an_ending_that_does_not_exist_is_seen():
    made = [
        "con",
        "cmo",
        "ocm",
        "comm",
        "conm",
        "coom",
        "ccom",
        "vom",
        "xom",
        "cpm",
        "cim",
        "c0m",
        "coim",
        "comn",
    ]
    for name in ("gmail", "gmx", "yahoo", "shop", "bright-books"):
        assert typos.suggestions([f"{name}.{ending}" for ending in made]) == {
            f"{name}.{ending}": f"{name}.com" for ending in made
        }
    assert typos.suggestions(["shop.ner", "shop.ogr", "shop.nett"]) == {
        "shop.ner": "shop.net",
        "shop.ogr": "shop.org",
        "shop.nett": "shop.net",
    }


@pytest.mark.parametrize("ending", ["example", "test", "invalid", "localhost", "zz", "qwertz", "xn--zzz"])
def test_an_invented_ending_that_is_near_to_none_is_left_alone(ending):
    assert typos.suggestions([f"shop.{ending}"]) == {}


def test_domains_are_judged_alike_whatever_stands_beside_them():
    domains = [f"firm{number}.example" for number in range(20)] + ["gmal.com", "gmail.com", "gmial.com"]
    apart = [typos.suggestions([domain]) for domain in domains]
    assert dict(chain.from_iterable(found.items() for found in apart)) == typos.suggestions(domains)
    assert typos.suggestions([]) == {}
