"""Makes a list as people export it, of any length and always the same for a seed.

    python benchmarks/realistic_list.py ROWS PATH [--seed N]

About 88 bytes a row: provider-skewed domains with a long tail, one address in eight in mixed case, blanks
around some, IDN and quoted cells, 3 % malformed in the ways people mistype, 3 % repeated, 1 % role addresses.
Every person is invented and every domain is reserved for examples (RFC 2606).
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SEED = 20261123
ROWS_AT_A_TIME = 100_000
MALFORMED_SHARE = 0.03
REPEATED_SHARE = 0.03

# Words apart by blanks.
FIRST_NAMES = """
    anna ben clara david emma felix greta hannah ivan julia karim lena marco nora oscar paula quentin rosa
    samir tessa ugo vera william xenia yusuf zoe jose francois jurgen soren lukasz chloe agnes bjorn marta
    aiko chinedu priya mateus ingrid tomas renee olena dmitri fatima hugo isla kofi leila
"""
LAST_NAMES = """
    adler baker castillo dubois evans fischer garcia hansen ito jensen kowalski larsen muller novak oneill
    petrov quinn rossi schmidt tanaka usman vogel weber xu yildiz zimmermann bjorklund okafor patel silva
    nguyen bronte lefevre sorensen wojcik keller moreau santos haddad lindqvist
"""
WRITTEN_NAMES = """
    Anna Ben Clara Zoë José François Jürgen Søren Łukasz Chloé Greta Hannah Ivan Julia Karim Lena Marco Nora
    Oscar Paula Müller Wójcik Lefèvre Adler Baker Castillo Evans Fischer Hansen Tanaka
"""
CITIES = (
    "Exampletown",
    "Springfield",
    "Newbridge",
    "Köln-Ost",
    "São Modelo",
    "Port Sample",
    "Little Wick, North",
)
PLANS = ("free", "free", "free", "reader", "reader", "collector")
ROLES = ("info", "sales", "support", "postmaster", "webmaster", "noreply", "news-request")
PROVIDERS = (
    "postbox",
    "brightmail",
    "inbox-one",
    "freepost",
    "quickmail",
    "tele-net",
    "cloudpost",
    "citycable",
)
PROVIDER_WEIGHTS = (30, 14, 9, 7, 5, 4, 3, 3)
# The rest of the list: small domains, most of them with a handful of people.
TAIL_DOMAINS = 60_000
IDN_DOMAINS = ("bücher.example", "küche-und-bad.example", "xn--bcher-kva.example", "例え.example")

# What people type instead of an address.
FAULTS: tuple[Callable[[str, str], str], ...] = (
    lambda local, domain: "",
    lambda local, domain: "n/a",
    lambda local, domain: local,
    lambda local, domain: f"{local}@",
    lambda local, domain: f"{local}.{domain}",
    lambda local, domain: f"{local}@{domain.partition('.')[0]}",
    lambda local, domain: f"{local}@{domain.replace('.', '..')}",
    lambda local, domain: f"{local}@{domain}.",
    lambda local, domain: f"{local}@{domain.replace('.', ',')}",
    lambda local, domain: f"{local.replace('.', ' ')} x@{domain}",
    lambda local, domain: f"{local} @{domain}",
    lambda local, domain: f"{local}@@{domain}",
    lambda local, domain: f".{local}@{domain}",
    lambda local, domain: f"{local}.@{domain}",
    lambda local, domain: f"{local}@192.0.2.7",
    lambda local, domain: f"{local}@-{domain}",
    lambda local, domain: f"{local}@{domain};",
    lambda local, domain: f"{local}(at){domain}",
    lambda local, domain: f"{local}@host.local",
    lambda local, domain: f"{local}@{domain}, {local}@{domain}",
    lambda local, domain: f"{local.title()} <{local}@{domain}>",
    lambda local, domain: f"mailto:{local}@{domain}",
    lambda local, domain: f"\u200b{local}@{domain}",
    lambda local, domain: f'"{local} x"@{domain}',
)


def batches(rows: int, seed: int = SEED) -> Iterator[pa.Table]:
    """Yield the list in parts of ROWS_AT_A_TIME; a shorter list is the beginning of a longer one."""
    for start in range(0, rows, ROWS_AT_A_TIME):
        part = _part(start, np.random.default_rng((seed, start)))
        yield part.slice(0, rows - start)


def write(rows: int, path: Path, seed: int = SEED) -> None:
    """Write the list as CSV with a header, cells in quotes where they must be."""
    with path.open("wb") as file:
        for number, part in enumerate(batches(rows, seed)):
            if not number:
                file.write((",".join(part.column_names) + "\n").encode())
            lines = pc.binary_join_element_wise(*map(_quoted, part.columns), ",")
            file.write("".join(f"{line}\n" for line in lines.to_pylist()).encode())


def _quoted(column: pa.ChunkedArray) -> pa.ChunkedArray:
    doubled = pc.replace_substring(column, '"', '""')
    return pc.if_else(
        pc.match_substring_regex(column, '[",\r\n]'),
        pc.binary_join_element_wise('"', doubled, '"', ""),
        column,
    )


def _part(start: int, random: np.random.Generator) -> pa.Table:
    size = ROWS_AT_A_TIME
    person = np.arange(start, start + size, dtype=np.int64)
    again = random.random(size) < REPEATED_SHARE
    person[again] = random.integers(0, start + size, again.sum())
    first, last = _words(FIRST_NAMES), _words(LAST_NAMES)
    # What belongs to a person is the same in every row of that person.
    of_person = np.random.SeedSequence(7).generate_state(4)
    draw = [((person * int(key | 1)) % 1_000_003 * 48_271) % 2_147_483_647 for key in of_person]
    local = pc.binary_join_element_wise(
        _pick(first, draw[0]),
        _pick(last, draw[1] // 64),
        pa.array(person).cast(pa.string()),
        _pick(pa.array([".", "_", ""]), draw[2] // 8),
    )
    domain = _domains(draw[3])
    cell = pc.binary_join_element_wise(local, domain, "@")
    cell = pc.if_else(pa.array(random.random(size) < 0.12), pc.utf8_title(cell), cell)
    cell = pc.if_else(
        pa.array(random.random(size) < 0.01), pc.binary_join_element_wise(" ", cell, " ", ""), cell
    )
    role = pa.array(random.random(size) < 0.01)
    cell = pc.if_else(role, pc.binary_join_element_wise(_pick(pa.array(ROLES), draw[0]), domain, "@"), cell)
    idn = pa.array(random.random(size) < 0.004)
    cell = pc.if_else(
        idn, pc.binary_join_element_wise(local, _pick(pa.array(IDN_DOMAINS), draw[1]), "@"), cell
    )
    cell = _with_faults(cell, local, domain, random)
    days = pa.array(random.integers(18_000, 20_700, size), pa.int32()).cast(pa.date32()).cast(pa.string())
    written = _words(WRITTEN_NAMES)
    return pa.table(
        {
            "id": pc.utf8_lpad(pa.array(person).cast(pa.string()), 8, "0"),
            "email": cell,
            "first_name": _pick(written, random.integers(0, len(written), size)),
            "last_name": _pick(written, random.integers(0, len(written), size)),
            "city": _pick(pa.array(CITIES), random.integers(0, len(CITIES), size)),
            "plan": _pick(pa.array(PLANS), random.integers(0, len(PLANS), size)),
            "last_engaged": days,
            "orders": pa.array(random.geometric(0.3, size) - 1).cast(pa.string()),
        }
    )


def _with_faults(cell: pa.Array, local: pa.Array, domain: pa.Array, random: np.random.Generator) -> pa.Array:
    hit = random.random(len(cell)) < MALFORMED_SHARE
    places = np.flatnonzero(hit)
    kinds = random.integers(0, len(FAULTS), len(places))
    pairs = zip(
        kinds,
        local.take(pa.array(places)).to_pylist(),
        domain.take(pa.array(places)).to_pylist(),
        strict=True,
    )
    wrong = pa.array([FAULTS[kind](one, other) for kind, one, other in pairs], pa.string())
    return pc.replace_with_mask(cell, pa.array(hit), wrong)


def _domains(draw: np.ndarray) -> pa.Array:
    weights = np.array(PROVIDER_WEIGHTS, dtype=float) / 100
    share = (draw % 10_007) / 10_007
    provider = np.searchsorted(np.cumsum(weights), share)
    names = [f"{name}.example" for name in PROVIDERS]
    # Squared, so that small domains differ in size as real ones do.
    tail = ((draw // 10_007 % 9_973 / 9_973) ** 2 * TAIL_DOMAINS).astype(np.int64)
    tail_names = pa.array(
        [
            f"shop{number}.example.{end}"
            for number, end in zip(
                range(TAIL_DOMAINS), ("com", "net", "org") * (TAIL_DOMAINS // 3), strict=True
            )
        ]
    )
    large = pa.array([*names, ""]).take(pa.array(provider))
    return pc.if_else(pa.array(provider < len(names)), large, tail_names.take(pa.array(tail)))


def _words(text: str) -> pa.Array:
    return pa.array(text.split())


def _pick(pool: pa.Array, draw: np.ndarray) -> pa.Array:
    return pool.take(pa.array(draw % len(pool)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=int)
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    write(options.rows, options.path, options.seed)


if __name__ == "__main__":
    main()
