"""Which column of an export holds the addresses, by the headers that real systems write."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

import lists
from lists import address_column, sources
from lists.errors import ListError
from lists.policy import ListSource

MakeList = Callable[..., str]
PEOPLE = ("anna", "ben", "chloe", "dan")
# What stands in a column by the first letter of what it is called below.
KINDS: dict[str, Callable[[int], str]] = {
    "@": lambda n: f"{PEOPLE[n % 4]}.{n}@mail.example",
    "2": lambda n: f"{PEOPLE[n % 4]}{n}@work.example" if n % 5 == 0 else "",
    "w": lambda n: f"{PEOPLE[n % 4]}{n}@work.example",
    "f": lambda n: f"{PEOPLE[n % 4].title()} <{PEOPLE[n % 4]}@mail.example>",
    "s": lambda n: f"{n} High Street",
    "n": lambda n: PEOPLE[n % 4].title(),
    "b": lambda n: "no" if n % 3 else "yes",
    "i": lambda n: f"00Q{n:05}",
    "d": lambda n: f"2026-0{n % 9 + 1}-11 10:00:00",
    "-": lambda n: "",
    "m": lambda n: f"{PEOPLE[n % 4]}{n}@work.example" if n % 10 == 1 else PEOPLE[n % 4].title(),
    "x": lambda n: f"{PEOPLE[n % 4]}@@mail.example",
    "t": lambda n: f"@{PEOPLE[n % 4]}",
}
# name of the column: what it holds; "*" in front of the one that is right.
EXPORTS = {
    "Mailchimp": "*Email Address:@,First Name:n,Last Name:n,Address:s,MEMBER_RATING:i,OPTIN_TIME:d,LEID:i",
    "Mailchimp, older": "*Email:@,Name:n,Address:s,EMAIL_TYPE:n",
    "Shopify": "First Name:n,Last Name:n,*Email:@,Accepts Email Marketing:b,Default Address Address1:s",
    "HubSpot": "Record ID:i,First Name:n,*Email:@,Work email:2,Email Domain:n,Lead Status:n",
    "Klaviyo": "*Email:@,Klaviyo ID:i,First Name:n,Email Marketing Consent:n,Address:s",
    "Salesforce": "Contact ID:i,Salutation:n,*Email:@,Email Opt Out:b,Mailing Street:s,Owner:n",
    "Salesforce, owner": "Contact ID:i,*Email:@,Owner Email:w,Mailing Street:s",
    "Outlook": "Title:n,First Name:n,Home Address:s,*E-mail Address:@,E-mail Type:n,E-mail Display Name:f",
    "Outlook, two": "First Name:n,*E-mail Address:@,E-mail 2 Address:2,E-mail 3 Address:-",
    "Google contacts": "Name:n,Given Name:n,E-mail 1 - Type:n,*E-mail 1 - Value:@,Address 1 - Street:s",
    "WooCommerce": "order_id:i,billing_first_name:n,billing_address_1:s,*billing_email:@,total:i",
    "Magento": "ID:i,Name:n,*Email:@,Group:n,Billing Address:s",
    "PrestaShop": "id:i,Lastname:n,*Email address:@,Sales:i",
    "Brevo": "CONTACT ID:i,*EMAIL:@,FIRSTNAME:n,SMS:i,BLOCKLISTED:b",
    "Stripe": "id:i,Description:n,*Email:@,Name:n,Card Address Line1:s",
    "WordPress": "user_login:n,*user_email:@,display_name:n,registered:d",
    "Eventbrite": "Order #:i,First Name:n,*Email:@,Ticket Type:n,Billing Address 1:s",
    "LinkedIn": "First Name:n,URL:n,*Email Address:@,Company:n,Connected On:d",
    "German": "Anrede:n,Vorname:n,Nachname:n,*E-Mail:@,Adresse:s,Ort:n",
    "German, whole word": "Kundennummer:i,*E-Mail-Adresse:@,Adresse:s",
    "German, mail": "Name:n,*Mail:@,Anschrift:s",
    "French": "Nom:n,Prénom:n,*Adresse e-mail:@,Adresse postale:s,Ville:n",
    "French, courriel": "Nom:n,*Courriel:@,Ville:n",
    "Spanish": "Nombre:n,Apellidos:n,*Correo electrónico:@,Dirección:s",
    "Spanish, plain": "Nombre:n,*Correo:@,Dirección:s",
    "Italian": "Nome:n,*Indirizzo e-mail:@,Indirizzo:s",
    "Portuguese": "Nome:n,*Endereço de e-mail:@,Endereço:s",
    "Dutch": "Voornaam:n,*E-mailadres:@,Adres:s",
    "Swedish": "Namn:n,*E-post:@,Adress:s",
    "Polish": "Imię:n,*Adres e-mail:@,Adres:s",
    "our own": "id:i,*Primary Email:@,name:n",
    "our own, cleaned": "id:i,name:n,*address:@,domain:n,flags:-",
    "contact": "Name:n,*Contact:@,City:n",
    "recipient": "*Recipient:@,First name:n",
    # Named right, whatever is wrong with the cells: the rows say so one by one.
    "broken": "*email:x,Referred by:w",
    "wrapped": "*email:f,name:n",
    "sparse": "*email:2,name:n,manager:w",
    # What beats a name that holds none.
    "street": "Address:s,*Primary Email:@,City:n",
    "street, by content": "Address:s,*Login:@,City:n",
    "recipient's name": "Recipient:n,*Recipient e-mail:@,Amount:i",
    "yes or no": "Name:n,Mail:b,*E-Mail-Kontakt:@",
    "ids": "email:i,*contact:@,name:n",
    "ids, two names": "email:i,*mail:@,name:n",
    "yes or no, two names": "*email:@,mail:b,name:n",
    "an address here and there": "Recipient:m,*Their e-mail:@",
    "handles": "mail:t,*kontakt:@",
    "logins too": "login:w,*Primary Email:@,name:n",
}


def text_of(columns: str, rows: int = 20, delimiter: str = ",") -> str:
    each = [column.lstrip("*").rsplit(":", 1) for column in columns.split(",")]
    lines = [delimiter.join(name for name, _ in each)]
    lines += [delimiter.join(KINDS[kind](n) for _, kind in each) for n in range(rows)]
    return "\n".join([*lines, ""])


def right(columns: str) -> str:
    return next(column[1:].rsplit(":", 1)[0] for column in columns.split(",") if column[0] == "*")


@pytest.mark.parametrize("columns", EXPORTS.values(), ids=EXPORTS.keys())
@pytest.mark.parametrize("rows", [1, 20])
def test_an_export_is_read_from_the_column_that_holds_the_addresses(
    make_list: MakeList, columns: str, rows: int
) -> None:
    found = sources.read(make_list(text_of(columns, rows)))
    assert (found.address_column, found.row_count) == (right(columns), rows)


@pytest.mark.parametrize("columns", EXPORTS.values(), ids=EXPORTS.keys())
def test_every_way_in_reads_the_same_column(make_list: MakeList, tmp_path: Path, columns: str) -> None:
    text = text_of(columns)
    with sources.opened(ListSource(source=make_list(text))) as listed:
        table = pa.concat_tables([part.table for part in listed.rows()])
    parquet.write_table(table, tmp_path / "list.parquet")
    with sources.opened(ListSource(source=str(tmp_path / "list.parquet"))) as again:
        assert again.address == listed.address
    frame: pd.DataFrame = table.to_pandas()
    assert lists.clean(frame).summary.address_column == right(columns)
    semicolons = sources.survey(ListSource(source=make_list(text_of(columns, delimiter=";"))))
    assert (semicolons.address, semicolons.notes) == (listed.address, listed.notes)


NAMES = ("Address", "email", "Mail", "Recipient", "E-Mail", "Adresse", "Primary Email", "Contact", "x", "")
TITLES = ("", "All contacts\n", "E-mail list\n\n", "Emails,,\n", "Address\n")


@settings(max_examples=int(os.environ.get("LIST_EXAMPLES", "80")), deadline=None)
@given(
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True),
    kinds=st.lists(st.sampled_from("snbid-t"), min_size=4, max_size=4),
    place=st.integers(0, 3),
    title=st.sampled_from(TITLES),
    extra=st.sampled_from(["", ",", ",,"]),
    delimiter=st.sampled_from(",;\t"),
    rows=st.integers(1, 30),
    header=st.booleans(),
)
def test_everybody_is_read_or_one_sentence_says_why_not(
    names: list[str],
    kinds: list[str],
    place: int,
    title: str,
    extra: str,
    delimiter: str,
    rows: int,
    header: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    place %= len(names)
    cells = [[KINDS["@" if at == place else kinds[at]](n) for at in range(len(names))] for n in range(rows)]
    lines = [*([",".join(names)] if header else []), *(",".join(row) + extra for row in cells)]
    path = tmp_path_factory.mktemp("any") / "list.csv"
    path.write_text((title + "\n".join([*lines, ""])).replace(",", delimiter))
    people = [row[place] for row in cells]
    try:
        source = sources.read(str(path))
    except ListError as err:
        refused = str(err)
    else:
        refused = ""
    if refused:
        assert "\n" not in refused
        # Nothing is wrong with a list in which one column of addresses is named right.
        assert not (header and names[place] in ("email", "E-Mail") and not title and not extra)
        return
    found = source.table.column(source.address_column).to_pylist()
    assert [cell for cell in found if cell in people] == people
    # A name below a title that is wider than the names may be lost, but nobody.
    assert not any("@" in cell for row in source.ragged for cell in row.cells)


def test_a_name_that_holds_no_addresses_is_told_with_the_column_that_is_taken(make_list: MakeList) -> None:
    with sources.opened(ListSource(source=make_list(text_of(EXPORTS["street"])))) as listed:
        assert listed.notes == (
            "The addresses are taken from the column 'Primary Email', by its content: "
            "100% of its first cells are e-mail addresses; 'Address' holds hardly any.",
        )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("Address:s,City:n", "the column 'Address' holds hardly any e-mail addresses: say which with"),
        ("Address:s,Private e-mail:@,Work e-mail:w", "'Address' .* but 'Private e-mail', 'Work e-mail' may"),
        ("email:i,Home:@,Office:w", "'email' holds hardly any .* but 'Home', 'Office' may: say which with"),
        ("email:i,referred by:2", "'email' holds hardly any e-mail addresses, but 'referred by' may"),
        ("email:@,mail:w", "several columns of addresses, 'email', 'mail'"),
        ("Private e-mail:@,Work e-mail:w", "several columns of addresses, 'Private e-mail', 'Work e-mail'"),
    ],
)
def test_what_is_not_certain_is_refused_with_the_columns_and_what_to_type(
    make_list: MakeList, columns: str, message: str
) -> None:
    path = make_list(text_of(columns))
    with pytest.raises(ListError, match=message) as raised:
        sources.read(path)
    assert '--address-column "' in str(raised.value)
    # The word of a person always wins.
    for column in columns.split(","):
        name = column.rsplit(":", 1)[0]
        assert sources.read(path, name).address_column == name


@pytest.mark.parametrize(
    ("addresses", "taken"), [(0, "other"), (1, "other"), (2, "email"), (10, "email"), (40, "email")]
)
def test_a_named_column_is_kept_from_one_cell_in_twenty(
    make_list: MakeList, addresses: int, taken: str
) -> None:
    cells = [f"a{n}@mail.example" if n < addresses else f"{n}" for n in range(40)]
    rows = "".join(f"{cell},b{n}@mail.example\n" for n, cell in enumerate(cells))
    assert sources.read(make_list("email,other\n" + rows)).address_column == taken


def test_a_named_column_that_holds_few_is_kept_and_said(make_list: MakeList) -> None:
    survey = sources.survey(ListSource(source=make_list(text_of("email:m,manager:w"))))
    assert survey.address.name == "email"
    assert survey.notes == (
        "Most of the first cells of the column 'email' are no e-mail addresses; in 'manager' most are: "
        "say --address-column (list.address_column) if that is meant.",
    )


def test_a_list_sorted_by_blank_addresses_gets_a_longer_look(make_list: MakeList) -> None:
    blank = "".join(f",o{n}@mail.example\n" for n in range(1_500))
    filled = "".join(f"a{n}@mail.example,o{n}@mail.example\n" for n in range(1_500))
    path = make_list("email,owner\n" + blank + filled)
    assert sources.read(path).address_column == "email"
    with sources.opened(ListSource(source=path), 500) as listed:
        assert listed.address.name == "email"


def test_a_mail_column_without_any_address_is_read_and_said(make_list: MakeList) -> None:
    with sources.opened(ListSource(source=make_list("email,name\nx,Anna\ny,Ben\n"))) as listed:
        assert sum(rows.count for rows in listed.rows()) == 2
    assert listed.warnings == ("Hardly any of the first cells of the column 'email' is an e-mail address.",)


def test_the_names_that_say_mail_are_those_of_many_languages() -> None:
    for name in ("E-Mail", "Primary email", "Courriel", "CORREO", "e-post", "Эл. почта", "メールアドレス"):
        assert address_column.says_mail(name)
    for name in ("Address", "Adresse", "Recipient", "Contact", "Login"):
        assert not address_column.says_mail(name)
