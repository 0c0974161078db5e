"""The last rule: domains that certainly take no mail. It needs all domains at once, and so a second pass."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lists import mx
from lists.batch_rules import meant
from lists.dns_verdicts import Status
from lists.mx import MxLookup
from lists.reasons import Flag, Reason
from lists.rulings import ROW, Part, dropped_table, flag_bit, in_order, one_array_of_numbers
from lists.spool import Spool, read
from lists.text_columns import one_array, stripped, texts


@dataclass(frozen=True, slots=True)
class MailServers:
    """What the DNS says of all domains of a list.

    rejected: domains that take no mail, each with the detail of the rows it costs.
    flags:    the bits for domains that are doubtful; `warnings` speak of the answers as a whole.
    """

    rejected: Mapping[str, str]
    flags: Mapping[str, int]
    warnings: tuple[str, ...]

    def judged(self, part: Part, address_column: str, mistyped: Mapping[str, str]) -> Part:
        """Return a part under this rule too; `mistyped` is for the suggestions of its rows."""
        kept = part.kept
        encoded = pc.dictionary_encode(one_array(kept.column("domain")))
        domains = encoded.dictionary.to_pylist()
        if not any(domain in self.rejected or domain in self.flags for domain in domains):
            return part
        place = np.asarray(encoded.indices)
        bits = np.array([self.flags.get(domain, 0) for domain in domains], np.uint32)[place]
        flags = np.asarray(one_array_of_numbers(kept.column("flags"))) | bits
        kept = kept.set_column(kept.column_names.index("flags"), "flags", pa.array(flags))
        lost = np.array([domain in self.rejected for domain in domains], dtype=np.bool_)[place]
        if not lost.any():
            return Part(kept, part.dropped)
        gone = kept.filter(pa.array(lost))
        gone_domains = one_array(gone.column("domain"))
        pairs = zip(gone.column("address").to_pylist(), gone_domains.to_pylist(), strict=True)
        dropped = dropped_table(
            one_array_of_numbers(gone.column(ROW)),
            stripped(one_array(gone.column(address_column))),
            [Reason.NO_MX.value] * gone.num_rows,
            [self.rejected[domain] for domain in gone_domains.to_pylist()],
            texts([meant(address, domain, mistyped) for address, domain in pairs]),
            gone_domains,
        )
        return Part(kept.filter(pa.array(~lost)), in_order([part.dropped, dropped]))


def asked(domains: Sequence[str], resolver: MxLookup, on_progress: Callable[[int, int], None]) -> MailServers:
    """Ask the DNS once for each domain."""
    on_progress(0, len(domains))
    verdicts = resolver(domains)
    on_progress(len(domains), len(domains))
    # Where most of the DNS is silent, its few negative answers are not to be believed either.
    distrusted = mx.mostly_unknown(verdicts)
    rejected: dict[str, str] = {}
    flags: dict[str, int] = {}
    for domain in domains:
        verdict = verdicts[domain]
        if verdict.status is Status.NO_MX and not distrusted:
            rejected[domain] = verdict.detail
        elif verdict.status is Status.NO_MX:
            flags[domain] = flag_bit(Flag.MX_UNKNOWN)
        elif verdict.flag:
            flags[domain] = flag_bit(verdict.flag)
    warning = mx.warning(verdicts)
    return MailServers(rejected, flags, (warning,) if warning else ())


class MailServerRule:
    """Asks the DNS once for each domain that is left, and judges the rows by the answers.

    `warnings` speak of the answers as a whole, once they are there.
    """

    def __init__(
        self,
        resolver: MxLookup,
        address_column: str,
        mistyped: Mapping[str, str],
        on_progress: Callable[[int, int], None],
    ) -> None:
        self.warnings: tuple[str, ...] = ()
        self._resolver = resolver
        self._address_column = address_column
        self._mistyped = mistyped
        self._on_progress = on_progress

    def judge(self, parts: Iterable[Part], folder: Path) -> Iterator[Part]:
        """Yield the parts again, under this rule too. Meanwhile they lie in `folder`."""
        spooled, domains = spool(parts, folder)
        if spooled:
            servers = asked(domains, self._resolver, self._on_progress)
            self.warnings = servers.warnings
            for part in read(folder, spooled):
                yield servers.judged(part, self._address_column, self._mistyped)


def spool(parts: Iterable[Part], folder: Path) -> tuple[int, list[str]]:
    """Leave the parts in a folder; return how many they are, and the domains that are left in them."""
    spooled = 0
    domains: dict[str, None] = {}
    with Spool(folder) as waiting:
        for part in parts:
            domains.update(dict.fromkeys(pc.unique(part.kept.column("domain")).to_pylist()))
            waiting.write(part)
            spooled += 1
    return spooled, list(domains)
