"""Whom to ask: the named servers, or those of a resolv.conf as people write them."""

from pathlib import Path

import dns.asyncresolver
import dns.resolver
import pytest

from lists import nameservers
from lists.errors import ListError


@pytest.fixture
def resolv_conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the system's resolver be what a file of the test says."""
    file = tmp_path / "resolv.conf"
    monkeypatch.setattr(nameservers, "RESOLV_CONF", file)
    resolver = dns.asyncresolver.Resolver
    monkeypatch.setattr(dns.asyncresolver, "Resolver", lambda: resolver(str(file)))
    return file


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        (b"nameserver 192.0.2.1\n", ["192.0.2.1"]),
        (b"nameserver 192.0.2.1\nnameserver dns.example\nnameserver 192.0.2.2\n", ["192.0.2.1", "192.0.2.2"]),
        (b"nameserver\nnameserver 192.0.2.1 # ours\n", ["192.0.2.1"]),
        (b"# B\xfcro\nnameserver dns.example\nnameserver 2001:db8::1\n", ["2001:db8::1"]),
        (b"# B\xfcro\nnameserver 192.0.2.1\n", ["192.0.2.1"]),
        (b"search " + b"a" * 64 + b".example\nnameserver 192.0.2.1\n", ["192.0.2.1"]),
        (b"nameserver 192.0.2.1:53\nnameserver 192.0.2.1\n", ["192.0.2.1"]),
    ],
)
def test_a_line_that_cannot_be_read_takes_no_other_with_it(
    text: bytes, servers: list[str], resolv_conf: Path
) -> None:
    resolv_conf.write_bytes(text)
    assert nameservers.servers_of("") == [(server, 53) for server in servers]


def test_no_line_that_can_be_read_is_one_sentence(resolv_conf: Path) -> None:
    resolv_conf.write_text("nameserver dns.example\n")
    with pytest.raises(ListError, match=r"resolv\.conf names no nameserver .*'dns\.example'.*CAMPAIGN_NAMES"):
        nameservers.servers_of("")


@pytest.mark.parametrize("text", ["", "search shop.example\n", "# B\udcfcro\n"])
def test_a_machine_without_nameservers_has_none(text: str, resolv_conf: Path) -> None:
    resolv_conf.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(dns.resolver.NoResolverConfiguration):
        nameservers.servers_of("")


def test_what_is_named_counts_alone(resolv_conf: Path) -> None:
    resolv_conf.write_text("nameserver dns.example\n")
    assert nameservers.servers_of("192.0.2.9:5353") == [("192.0.2.9", 5353)]
