"""Domains that are one slip away from a large mail provider, or end in no domain of the internet: suggested,
never corrected.

A domain is read as a name and an ending (yahoo, co.uk). A slip in the name needs the right ending; a slip in
the ending needs the right name, unless no such ending exists, since then nobody can have meant it.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from publicsuffixlist import PublicSuffixList
from rapidfuzz.distance import OSA

from lists import changes, free_mail, slips

PROVIDERS_FILE = Path(__file__).with_name("large_providers.txt")
HONEST_NAMES_FILE = Path(__file__).with_name("honest_names.txt")
_PLAIN = "plain"

# A shorter name is one slip away from too many honest ones (aol.com and aon.com): of slips in it only a
# letter typed twice is seen, and only from three letters on.
LEAST_LETTERS = 5
LEAST_LETTERS_DOUBLED = 3
# Endings that an invented one is read as, where the name is no provider's; the more frequent first.
COMMON_ENDINGS = ("com", "net", "org", "info", "edu", "gov")
# Ends of names that no public list has, and that are no slips: RFC 2606, RFC 6761, RFC 6762, RFC 7686.
RESERVED_ENDINGS = frozenset(
    {"example", "test", "invalid", "localhost", "local", "onion", "arpa", "alt", "internal"}
)


def suggestions(domains: Sequence[str]) -> dict[str, str]:
    """Return the domain that was probably meant, for those of the domains (A-labels) that look mistyped."""
    looked = ((domain, _meant(domain)) for domain in dict.fromkeys(domains))
    return {domain: meant for domain, meant in looked if meant}


@cache
def large_providers() -> tuple[str, ...]:
    """Return the domains of `large_providers.txt`, the larger first."""
    return tuple(name for name in _provider_lines() if name != _PLAIN)


def plain_names() -> frozenset[str]:
    """Return the names that are words, family names or short: fewer slips count for them."""
    lines = _provider_lines()
    return frozenset(domain.partition(".")[0] for domain in lines[lines.index(_PLAIN) + 1 :])


def _meant(domain: str) -> str:
    name, _, ending = domain.partition(".")
    if not ending or domain in _real_providers():
        return ""
    return _provider_meant(domain, name, ending) or _common_ending_meant(domain)


def _provider_meant(domain: str, name: str, ending: str) -> str:
    endings_of = _endings_by_name()
    bare = domain.removeprefix("www.")
    if bare != domain and bare in _real_providers():
        return bare
    for meant_name in (name, *_names_by_slip().get(name, ())):
        endings = endings_of.get(meant_name, ())
        if ending in endings:
            return f"{meant_name}.{ending}"
        # Twice wrong is still not meant by anybody else where the name is right and no such ending exists.
        most = 2 if name == meant_name and len(name) >= LEAST_LETTERS else 1
        for distance in range(1, most + 1):
            for meant_ending in endings:
                if _is_slip_of_ending(ending, meant_ending, name, meant_name, distance):
                    return f"{meant_name}.{meant_ending}"
    return _provider_in_pieces(domain)


def _is_slip_of_ending(ending: str, meant: str, name: str, meant_name: str, distance: int) -> bool:
    if not _exists(ending):
        near = len(meant) > 2 or distance == 1
        return near and (ending == 2 * meant or OSA.distance(ending, meant, score_cutoff=2) == distance)
    if name != meant_name or OSA.distance(ending, meant, score_cutoff=1) != 1:
        return False
    if "." in meant and "." in ending:
        last, meant_last = ending.rpartition(".")[2], meant.rpartition(".")[2]
        # yahoo.con.br: con.br is some firm's domain, but hardly one with a yahoo in it.
        return last == meant_last and not _is_suffix(ending)
    # The same name under another country's ending may be a branch of the provider, or somebody else.
    two_countries = len(ending) == len(meant) == 2
    return len(name) >= LEAST_LETTERS and not two_countries


def _provider_in_pieces(domain: str) -> str:
    """See a provider whose ending stands twice (gmail.com.com) or whose hyphen became a dot (t.online.de)."""
    head, _, last = domain.rpartition(".")
    ending = head.rpartition(".")[2]
    doubled = last == ending or OSA.distance(last, ending, score_cutoff=1) == 1
    if doubled and head in _providers() and not _is_suffix(f"{ending}.{last}"):
        return head
    hyphened = domain.replace(".", "-", 1)
    return hyphened if hyphened in _providers() else ""


def _common_ending_meant(domain: str) -> str:
    head, _, last = domain.rpartition(".")
    if _exists(last) or last in RESERVED_ENDINGS or last.startswith("xn--") or len(last) < 3:
        return ""
    near = [ending for ending in COMMON_ENDINGS if OSA.distance(last, ending, score_cutoff=1) == 1]
    # con is near to com alone; of what is near to two nobody knows which was meant, unless one is com.
    sure = len(near) == 1 or near[:1] == ["com"]
    return f"{head}.{near[0]}" if sure else ""


def _exists(ending: str) -> bool:
    return _last_labels(ending.rpartition(".")[2])


@cache
def _last_labels(label: str) -> bool:
    return _suffixes().publicsuffix(label) is not None


@cache
def _is_suffix(ending: str) -> bool:
    return bool(_suffixes().publicsuffix(ending) == ending)


@cache
def _suffixes() -> PublicSuffixList:
    # The part of the list that the registries fill: its other part names firms' own domains.
    return PublicSuffixList(accept_unknown=False, only_icann=True)


@cache
def _provider_lines() -> tuple[str, ...]:
    lines = PROVIDERS_FILE.read_text(encoding="utf-8").splitlines()
    return tuple(name for line in lines if (name := line.partition("#")[0].strip()))


@cache
def _providers() -> frozenset[str]:
    return frozenset(large_providers())


@cache
def _real_providers() -> frozenset[str]:
    # Not the disposable ones: people who set a trap for typing errors (gmial.com) are listed there.
    return free_mail.providers() | _providers()


@cache
def _endings_by_name() -> dict[str, tuple[str, ...]]:
    made: dict[str, tuple[str, ...]] = {}
    for domain in large_providers():
        name, _, ending = domain.partition(".")
        made[name] = (*made.get(name, ()), ending)
    return made


@cache
def _names_by_slip() -> dict[str, tuple[str, ...]]:
    """Return for each mistyped name those that may have been meant, the larger provider's first."""
    plain = plain_names()
    honest = changes.read(HONEST_NAMES_FILE).added | frozenset(_endings_by_name())
    made: dict[str, tuple[str, ...]] = {}
    for name in _endings_by_name():
        for slip in slips_of(name, plain=name in plain):
            if slip not in honest:
                made[slip] = (*made.get(slip, ()), name)
    return made


def slips_of(name: str, *, plain: bool) -> frozenset[str]:
    """Return the texts that count as slips for a provider's name, other words among them."""
    if len(name) < LEAST_LETTERS:
        return slips.doubled_letters(name) if len(name) >= LEAST_LETTERS_DOUBLED else frozenset()
    made = slips.hand_slips(name) if plain else slips.all_slips(name)
    if len(name.removesuffix("mail")) == 1:
        # Every letter before "mail" is some other provider.
        others = {letter + "mail" for letter in slips.LETTERS} | {letter + name for letter in slips.LETTERS}
        made -= others - {name[0] + name}
    return made
