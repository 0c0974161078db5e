from sqlalchemy import func, select

from ledger import mx_answers
from ledger.engine import Ledger
from ledger.mx_answers import MxAnswer
from ledger.schema import mx_answer


def answer(domain: str, holds_seconds: float = 300, status: str = "deliverable") -> MxAnswer:
    return MxAnswer(domain, status, "", "", holds_seconds)


def put(ledger: Ledger, *answers: MxAnswer, resolver: str = "192.0.2.1:53") -> None:
    with ledger.writing() as connection:
        mx_answers.store(connection, resolver, answers)


def known(ledger: Ledger, *domains: str, resolver: str = "192.0.2.1:53") -> dict[str, MxAnswer]:
    with ledger.reading() as connection:
        return mx_answers.fresh(connection, resolver, domains)


def test_an_answer_is_found_as_long_as_it_holds(ledger, frozen):
    put(ledger, answer("a.example", 300), answer("b.example", 600))
    assert known(ledger, "a.example", "c.example") == {"a.example": answer("a.example", 300)}
    frozen.tick(299)
    assert known(ledger, "a.example") == {"a.example": answer("a.example", 1)}
    frozen.tick(1)
    assert set(known(ledger, "a.example", "b.example")) == {"b.example"}


def test_a_newer_answer_takes_the_place_of_the_older(ledger, frozen):
    put(ledger, answer("a.example", 300))
    frozen.tick(100)
    put(ledger, answer("a.example", 900, status="no_mx"))
    assert known(ledger, "a.example") == {"a.example": answer("a.example", 900, status="no_mx")}


def test_another_resolver_has_answers_of_its_own(ledger, frozen):
    put(ledger, answer("a.example"))
    put(ledger, answer("a.example", status="no_mx"), resolver="")
    assert known(ledger, "a.example")["a.example"].status == "deliverable"
    assert known(ledger, "a.example", resolver="")["a.example"].status == "no_mx"
    assert known(ledger, "a.example", resolver="198.51.100.1:53") == {}


def test_what_holds_no_longer_is_forgotten_with_the_next_answer(ledger, frozen):
    put(ledger, *(answer(f"d{number}.example", 300) for number in range(5)))
    frozen.tick(300)
    put(ledger, answer("new.example"))
    with ledger.reading() as connection:
        assert connection.execute(select(func.count()).select_from(mx_answer)).scalar_one() == 1


def test_more_domains_than_a_query_holds_are_all_found(ledger, frozen):
    domains = [f"d{number}.example" for number in range(25_000)]
    put(ledger, *map(answer, domains))
    assert len(known(ledger, *domains)) == 25_000


def test_no_answers_are_no_trouble(ledger):
    put(ledger)
    assert known(ledger) == {}
