"""A person is found under every spelling of their address, and nobody else is."""

import json
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from ledger import erasing, idempotency, owners, spellings
from ledger.schema import idempotency as kept_answers
from lists.addresses import address_key

PEOPLE = (
    "ann@bücher.example",
    "jürgen@xn--bcher-kva.example",
    "o'neil+shop@mail.example",
    "zoë@straße.example",
)
FORMS = ("NFC", "NFD", "NFKC", "NFKD")
CASES: tuple[Callable[[str], str], ...] = (str, str.upper, str.title, str.swapcase)
ROUND_ABOUT = ("{}", "Ann <{}>", "mailto:{}", "it was <{}>, said the server.", "{}.", "to={}; ")


def spelled(address: str, form: str, case: Callable[[str], str], labels: str) -> str:
    local_part, _, domain = address.rpartition("@")
    if labels == "A":
        domain = address_key(address).rpartition("@")[2]
    elif labels == "U":
        domain = domain.encode().decode("idna") if domain.isascii() else domain
    if labels == "other dots":
        domain = domain.replace(".", "。")
    return unicodedata.normalize(form, f"{case(local_part)}@{case(domain)}")


SPELLINGS = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from(FORMS),
    # A capital ß is another letter to some, so that case is turned where it comes back the same.
    st.sampled_from(CASES),
    st.sampled_from(("A", "U", "as given", "other dots")),
    st.sampled_from(ROUND_ABOUT),
    st.booleans(),
)


@given(SPELLINGS)
def test_every_spelling_is_found_in_every_answer(
    spelling: tuple[str, str, Callable[[str], str], str, str, bool],
) -> None:
    address, form, case, labels, around, escaped = spelling
    if case("ß") != "ß" and "ß" in address:
        return
    text = around.format(spelled(address, form, case, labels))
    answer = json.dumps({"data": [{"to": text}]}, ensure_ascii=escaped)
    assert spellings.json_names(answer, address_key(address))


@pytest.mark.parametrize("address", PEOPLE)
@pytest.mark.parametrize("other", ["{}.uk", "x{}", "an other@bücher.example", "@", "ann@", "ann@-.example"])
def test_nobody_else_is_found(address: str, other: str) -> None:
    text = json.dumps({"to": other.format("zac@bücher.example"), "@": 1})
    assert not spellings.json_names(text, address_key(address))


def test_what_is_no_json_is_searched_as_text() -> None:
    assert spellings.json_names("it was Ann@XN--BCHER-KVA.example", address_key(PEOPLE[0]))


def test_an_erased_person_is_gone_from_answers_in_every_spelling(scene) -> None:
    key = address_key(PEOPLE[0])
    texts = [
        json.dumps({"to": spelled(PEOPLE[0], form, str.upper, labels)}, ensure_ascii=escaped)
        for form in ("NFC", "NFD")
        for labels in ("A", "U")
        for escaped in (True, False)
    ]
    with scene.ledger.writing() as connection:
        owner_id = owners.ensure(connection, "EliPackage")
        places = {(owner_id, f"key-{number}"): text for number, text in enumerate(texts)}
        places[owner_id, "another"] = json.dumps({"to": "ben@bücher.example"})
        idempotency.reserve(connection, dict.fromkeys(places, "digest"))
        for place, text in places.items():
            idempotency.fill(connection, place, 202, text)
        erasing.erase(connection, key, by="Ada", reason="asked by letter")
        assert connection.execute(select(func.count()).select_from(kept_answers)).scalar_one() == 1


def test_an_erased_person_is_gone_from_events_of_strangers_in_every_spelling(scene, an_event) -> None:
    key = address_key(PEOPLE[0])
    scene.apply(
        *(
            an_event(None, kind="Bounce", recipient=spelled(PEOPLE[0], form, str.title, labels))
            for form in ("NFC", "NFD")
            for labels in ("A", "U")
        ),
        an_event(None, kind="Bounce", recipient="ben@bücher.example"),
    )
    with scene.ledger.writing() as connection:
        assert erasing.erase(connection, key, by="Ada", reason="asked by letter").events == 4


@pytest.mark.parametrize("person", PEOPLE)
def test_an_address_is_the_persons_in_every_spelling_of_a_mail_server(person: str) -> None:
    key = address_key(person)
    for form in ("NFC", "NFD"):
        for case in (str.lower, str.upper, str.title):
            for labels in ("A", "U"):
                text = spelled(person, form, case, labels)
                if address_key(text) == key:
                    assert all(
                        spellings.is_of(each, key)
                        for each in (text, f" <{text}> ", f"rfc822;{text}", f"{text}.")
                    )


@pytest.mark.parametrize(
    "text", ["xann@mail.example", "ann@mail.example.org", "ann", "@mail.example", "", "nn@mail.example"]
)
def test_a_part_of_an_address_or_a_longer_one_is_another(text: str) -> None:
    assert not spellings.is_of(text, "ann@mail.example")
