"""The last rule: domains that certainly take no mail. It needs all domains at once, and so a second pass."""

from collections.abc import Callable, Iterable, Iterator, Mapping
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
        self._domains: dict[str, None] = {}
        self._rejected: dict[str, str] = {}
        self._flags: dict[str, int] = {}

    def judge(self, parts: Iterable[Part], folder: Path) -> Iterator[Part]:
        """Yield the parts again, under this rule too. Meanwhile they lie in `folder`."""
        spooled = 0
        with Spool(folder) as spool:
            for part in parts:
                self._domains.update(dict.fromkeys(pc.unique(part.kept.column("domain")).to_pylist()))
                spool.write(part)
                spooled += 1
        if spooled:
            self._ask()
            yield from map(self._judged, read(folder, spooled))

    def _ask(self) -> None:
        domains = list(self._domains)
        self._on_progress(0, len(domains))
        verdicts = self._resolver(domains)
        self._on_progress(len(domains), len(domains))
        # Where most of the DNS is silent, its few negative answers are not to be believed either.
        distrusted = mx.mostly_unknown(verdicts)
        for domain in domains:
            verdict = verdicts[domain]
            if verdict.status is Status.NO_MX and not distrusted:
                self._rejected[domain] = verdict.detail
            elif verdict.status is Status.NO_MX:
                self._flags[domain] = flag_bit(Flag.MX_UNKNOWN)
            elif verdict.flag:
                self._flags[domain] = flag_bit(verdict.flag)
        warning = mx.warning(verdicts)
        self.warnings = (warning,) if warning else ()

    def _judged(self, part: Part) -> Part:
        kept = part.kept
        encoded = pc.dictionary_encode(one_array(kept.column("domain")))
        domains = encoded.dictionary.to_pylist()
        if not any(domain in self._rejected or domain in self._flags for domain in domains):
            return part
        place = np.asarray(encoded.indices)
        bits = np.array([self._flags.get(domain, 0) for domain in domains], np.uint32)[place]
        flags = np.asarray(one_array_of_numbers(kept.column("flags"))) | bits
        kept = kept.set_column(kept.column_names.index("flags"), "flags", pa.array(flags))
        lost = np.array([domain in self._rejected for domain in domains], dtype=np.bool_)[place]
        if not lost.any():
            return Part(kept, part.dropped)
        gone = kept.filter(pa.array(lost))
        gone_domains = one_array(gone.column("domain"))
        dropped = dropped_table(
            one_array_of_numbers(gone.column(ROW)),
            stripped(one_array(gone.column(self._address_column))),
            [Reason.NO_MX.value] * gone.num_rows,
            [self._rejected[domain] for domain in gone_domains.to_pylist()],
            texts(self._suggestions(gone, gone_domains)),
            gone_domains,
        )
        return Part(kept.filter(pa.array(~lost)), in_order([part.dropped, dropped]))

    def _suggestions(self, gone: pa.Table, domains: pa.Array) -> list[str]:
        addresses = gone.column("address").to_pylist()
        pairs = zip(addresses, domains.to_pylist(), strict=True)
        return [meant(address, domain, self._mistyped) for address, domain in pairs]
