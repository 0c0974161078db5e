"""Makes the two sample lists; run it again after a change and commit what it writes.

    python lists/samples/make_samples.py

Every person is invented, and every domain is reserved for examples (RFC 2606, RFC 6761). The names that do
not take mail are those of the sandbox's DNS zone.
"""

import csv
import io
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parent
SEED = 20261122
SUBSCRIBERS = 5_000
BOUGHT_ROWS = 2_000

# Words apart by blanks.
FIRST_NAMES = """
    Anna Ben Clara David Emma Felix Greta Hannah Ivan Julia Karim Lena Marco Nora Oscar Paula Quentin Rosa
    Samir Tessa Ugo Vera William Xenia Yusuf Zoë José François Jürgen Søren Łukasz Chloé Ağnes Björn Márta
    Siobhán Aiko Chinedu Priya Mateus Ingrid Tomáš Renée Olena Dmitri Fatima Hugo Isla Kofi Leila
"""
LAST_NAMES = """
    Adler Baker Castillo Dubois Evans Fischer García Hansen Ito Jensen Kowalski Larsen Müller Novak O'Neill
    Petrov Quinn Rossi Schmidt Tanaka Usman Vogel Weber Xu Yıldız Zimmermann Björklund Okafor Patel Silva
    Nguyen Brontë Lefèvre Sørensen Wójcik Keller Moreau Santos Haddad Lindqvist
"""
CITIES = (
    "Exampletown",
    "Springfield",
    "Newbridge",
    "Köln-Ost",
    "São Modelo",
    "Port Sample",
    "Oldham Cross",
    "Little Wick, North",
    "Værby",
    "Saint-Exemple",
    "Mittelstadt",
    "Lakeside",
)
PLANS = ("free", "free", "free", "reader", "reader", "collector")

# Large providers first: three in ten of a real list are at one of them.
PROVIDERS = {
    "postbox.example": 30,
    "brightmail.example": 14,
    "inbox-one.example": 9,
    "freepost.example": 7,
    "quickmail.example": 5,
    "tele-net.example": 4,
    "webmail.example.net": 3,
    "cloudpost.example": 3,
    "citycable.example": 2,
    "university.example.org": 2,
}
TAIL_SHARE = 21
FIRST_HALVES = "north oak river hill stone lake silver green bridge harbour mill sun west iron maple fern"
SECOND_HALVES = "works studio labs foods design garden books motors partners clinic school press cycles"
IDN_DOMAINS = ("bücherwurm.example", "kaffee-rösterei.example", "łódź-design.example", "smørrebrød.example")
WITHOUT_MAIL = ("closed-shop.example", "gone.example", "nomail.example", "parked.example")
DOUBTFUL = ("aonly.example", "small-office.example", "servfail.example", "slow.example", "alias.example")
THROW_AWAY = ("throwaway.example", "ten-minutes.example")
ROLES = (
    "info",
    "sales",
    "Support",
    "office",
    "no-reply",
    "postmaster",
    "books-request",
    "kontakt",
    "info+news",
)

# What goes wrong with an address on its way into an export, by what it makes of a good one.
MISHAPS: tuple[Callable[[str], str], ...] = (
    lambda a: "",
    lambda a: "   ",
    lambda a: "N/A",
    lambda a: a.replace("@", ""),
    lambda a: a.replace("@", " at "),
    lambda a: a.replace("@", "@@"),
    lambda a: a.replace("@", " @ "),
    lambda a: a + ".",
    lambda a: a.replace(".example", ",example"),
    lambda a: a.replace(".example", "..example"),
    lambda a: a.split("@")[0] + "@",
    lambda a: "@" + a.split("@")[1],
    lambda a: a.split("@")[0] + "@localhost",
    lambda a: "." + a,
    lambda a: a.replace("@", ".@"),
    lambda a: f"Reader <{a}>",
    lambda a: f"mailto:{a}",
    lambda a: a[:3] + "\u200b" + a[3:],
    lambda a: "\ufeff" + a,
    lambda a: f"{a}; second.{a}",
    lambda a: a.replace("@", "＠"),
    lambda a: f'"{a}"',
    lambda a: a.split("@")[0] + "@192.0.2.7",
    lambda a: a.split("@")[0] + "@-" + a.split("@")[1],
    lambda a: "x" * 65 + "@" + a.split("@")[1],
)


def main() -> None:
    """Write subscribers.csv and bad-list.csv beside this file."""
    (FOLDER / "subscribers.csv").write_bytes(b"\xef\xbb\xbf" + subscribers(Random(SEED)).encode())
    (FOLDER / "bad-list.csv").write_bytes(bought(Random(SEED + 1)).encode())


def subscribers(random: Random) -> str:
    """Return an export as a shop's system writes it, sorted by sign-up, with what goes wrong in years."""
    people = _people(random, SUBSCRIBERS)
    rows = []
    for number, (address, first, last) in enumerate(people):
        signed_up = date(2019, 1, 7) + timedelta(days=number * 2870 // SUBSCRIBERS)
        opened = signed_up + timedelta(days=random.randrange(2870 - number * 2870 // SUBSCRIBERS + 1))
        last_opened = opened.isoformat() if random.random() < 0.85 else ""
        city = random.choice(CITIES)
        shown_first = random.choices((first, "", first.upper()), (90, 8, 2))[0]
        rows.append(
            [address, shown_first, last, city, random.choice(PLANS), signed_up.isoformat(), last_opened]
        )
    _spoil(random, rows)
    lines = [_line(("email", "first_name", "last_name", "city", "plan", "signed_up", "last_opened"), ",")]
    lines += [_line(row, ",") for row in rows]
    # Three rows that a careless script wrote: one comma too many, and two that end early.
    for place, shape in ((701, lambda line: line.replace(",", ",,", 1)), (2203, _cut), (4410, _cut)):
        lines[place] = shape(lines[place].strip()) + "\r\n"
    return "".join(lines)


def bought(random: Random) -> str:
    """Return a list as it is sold: company mailboxes nobody asked, a good part of them long gone."""
    lines = [_line(("E-Mail", "first_name", "company", "city"), ";")]
    seen: set[str] = set()
    while len(lines) <= BOUGHT_ROWS:
        first, last = random.choice(FIRST_NAMES.split()), random.choice(LAST_NAMES.split())
        company = f"{random.choice(FIRST_HALVES.split())}{random.choice(SECOND_HALVES.split())}"
        address = f"{_local_part(random, first, last)}@{company}.{random.choice(('trade', 'firms'))}.example"
        if address not in seen:
            seen.add(address)
            lines.append(_line((address, first, company.title(), random.choice(CITIES)), ";"))
    return "".join(lines)


def _people(random: Random, count: int) -> list[tuple[str, str, str]]:
    tail = [f"{one}-{two}.example" for one in FIRST_HALVES.split() for two in SECOND_HALVES.split()]
    # The tail is skewed too: its first names have most of the rows.
    tail_weights = [TAIL_SHARE / (rank + 3) for rank in range(len(tail))]
    scale = TAIL_SHARE / sum(tail_weights)
    domains = [*PROVIDERS, *tail]
    weights = [*PROVIDERS.values(), *(weight * scale for weight in tail_weights)]
    people: dict[str, tuple[str, str, str]] = {}
    while len(people) < count:
        first, last = random.choice(FIRST_NAMES.split()), random.choice(LAST_NAMES.split())
        address = f"{_local_part(random, first, last)}@{random.choices(domains, weights)[0]}"
        people.setdefault(address, (address, first, last))
    return list(people.values())


def _local_part(random: Random, first: str, last: str) -> str:
    one, two = _ascii(first), _ascii(last)
    shapes = (
        f"{one}.{two}",
        f"{one[0]}.{two}",
        f"{one}{two}",
        f"{one}_{two}",
        f"{one}.{two}{random.randrange(1950, 2010)}",
        f"{one}{random.randrange(10, 99)}",
        f"{two}.{one}+books",
    )
    return random.choices(shapes, (34, 14, 12, 6, 22, 8, 4))[0]


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("ø", "oe").replace("Ł", "L").replace("ı", "i"))
    return "".join(letter for letter in plain.lower() if letter.isascii() and letter.isalpha())


def _spoil(random: Random, rows: list[list[str]]) -> None:
    """Change some rows in place, each at most once."""
    places = iter(random.sample(range(10, len(rows)), 900))

    def take(count: int) -> Sequence[list[str]]:
        return [rows[next(places)] for _ in range(count)]

    for number, row in enumerate(take(110)):
        row[0] = MISHAPS[number % len(MISHAPS)](row[0])
    for row in take(95):
        twin = rows[random.randrange(10)] if random.random() < 0.1 else row
        earlier = rows[max(0, rows.index(twin) - random.randrange(1, 400))][0]
        row[0] = random.choice((earlier, earlier.upper(), f" {earlier}", earlier.title()))
    for row in take(70):
        row[0] = f"{random.choice(ROLES)}@{row[0].split('@')[1]}"
    for domains, count in ((WITHOUT_MAIL, 44), (DOUBTFUL, 15), (THROW_AWAY, 26), (IDN_DOMAINS, 40)):
        for number, row in enumerate(take(count)):
            row[0] = f"{row[0].split('@')[0]}@{domains[number % len(domains)]}"
    for row in take(6):
        row[0] = f"{random.choice(('zoë', 'jürgen', 'łukasz'))}.{row[0]}"
    for row in take(250):
        row[0] = random.choice((row[0].upper(), row[0].title(), f"  {row[0]}", f"{row[0]} ", f"\t{row[0]}"))
    for row in take(4):
        row[3] = "Upper Hamlet\nby the Lake"
    for row, name in zip(take(3), ("null", "N/A", "=1+2"), strict=True):
        row[1] = name


def _line(cells: Sequence[str], delimiter: str) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _cut(line: str) -> str:
    return ",".join(line.split(",")[:3])


if __name__ == "__main__":
    main()
