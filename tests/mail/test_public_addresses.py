"""Which IP addresses are of the public internet: held against the registries, block by block."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.public_addresses import is_public

# The special-purpose registries of IANA and the blocks of multicast: (block, globally reachable). Of the
# blocks that hold an address the narrowest decides. "N/A" in the registry, a deprecated relay, is False.
IPV4 = {
    "0.0.0.0/0": True,
    "0.0.0.0/8": False,
    "0.0.0.0/32": False,
    "10.0.0.0/8": False,
    "100.64.0.0/10": False,
    "127.0.0.0/8": False,
    "169.254.0.0/16": False,
    "172.16.0.0/12": False,
    "192.0.0.0/24": False,
    "192.0.0.0/29": False,
    "192.0.0.8/32": False,
    "192.0.0.9/32": True,
    "192.0.0.10/32": True,
    "192.0.0.170/32": False,
    "192.0.0.171/32": False,
    "192.0.2.0/24": False,
    "192.31.196.0/24": True,
    "192.52.193.0/24": True,
    "192.88.99.0/24": False,
    "192.88.99.2/32": False,
    "192.168.0.0/16": False,
    "192.175.48.0/24": True,
    "198.18.0.0/15": False,
    "198.51.100.0/24": False,
    "203.0.113.0/24": False,
    "224.0.0.0/4": False,
    "240.0.0.0/4": False,
    "255.255.255.255/32": False,
}
# 64:ff9b::/96 stands for an IPv4 address and has its own test.
IPV6 = {
    "::/0": False,
    "2000::/3": True,
    "::1/128": False,
    "::/128": False,
    "::/96": False,
    "::ffff:0:0/96": False,
    "::ffff:0:0:0/96": False,
    "64:ff9b:1::/48": False,
    "100::/64": False,
    "100:0:0:1::/64": False,
    "2001::/23": False,
    "2001::/32": False,
    "2001:1::1/128": True,
    "2001:1::2/128": True,
    "2001:1::3/128": True,
    "2001:2::/48": False,
    "2001:3::/32": True,
    "2001:4:112::/48": True,
    "2001:10::/28": False,
    "2001:20::/28": True,
    "2001:30::/28": True,
    "2001:db8::/32": False,
    "2002::/16": False,
    "2620:4f:8000::/48": True,
    "3fff::/20": False,
    "5f00::/16": False,
    "fc00::/7": False,
    "fe80::/10": False,
    "fec0::/10": False,
    "ff00::/8": False,
}
V4 = [(IPv4Network(block), public) for block, public in IPV4.items()]
V6 = [(IPv6Network(block), public) for block, public in IPV6.items()]


def registered(address: IPv4Address | IPv6Address) -> bool:
    """Return what the registries say of an address."""
    table = V4 if isinstance(address, IPv4Address) else V6
    return max((block.prefixlen, public) for block, public in table if address in block)[1]


def near(blocks: list[str]) -> list[str]:
    """Return the first and last address of each block, and their neighbours outside."""
    found = []
    for text in blocks:
        block = ip_network(text)
        most = 2**block.max_prefixlen
        ends = (int(block.network_address), int(block.broadcast_address))
        around = {end + step for end in ends for step in (-1, 0, 1)}
        kind = IPv4Address if block.version == 4 else IPv6Address
        found += [str(kind(number)) for number in sorted(around) if 0 <= number < most]
    return found


def inside(blocks: list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(blocks).flatmap(lambda block: st.ip_addresses(network=block)).map(str)


@pytest.mark.parametrize("address", near([*IPV4, *IPV6]))
def test_the_ends_of_every_registered_block_are_as_the_registry_says(address: str) -> None:
    assert is_public(address) is registered(ip_address(address))


@given(inside([*IPV4, *IPV6]))
def test_every_address_is_as_the_registry_says(address: str) -> None:
    assert is_public(address) is registered(ip_address(address))


@given(inside([*IPV4]))
def test_behind_the_well_known_nat64_prefix_the_ipv4_address_decides(address: str) -> None:
    wrapped = IPv6Address(int(IPv6Address("64:ff9b::")) | int(IPv4Address(address)))
    assert is_public(str(wrapped)) is registered(IPv4Address(address))


# Where RFC 6052 puts an IPv4 address behind a prefix of so many bits; bits 64 to 71 stay empty.
NAT64_LENGTHS = (32, 40, 48, 56, 64, 96)


def embedded(prefix: str, length: int, address: IPv4Address) -> IPv6Address:
    bits = f"{int(IPv6Address(prefix)):0128b}"[:length] + f"{int(address):032b}"
    if length < 96:
        bits = bits[:64] + "0" * 8 + bits[64:]
    return IPv6Address(int(bits.ljust(128, "0"), 2))


@given(
    st.sampled_from(["64:ff9b::", "64:ff9b:1::", "64:ff9b:1:fffe::"]),
    st.sampled_from(NAT64_LENGTHS),
    inside([*IPV4]),
)
def test_no_form_of_nat64_leads_inside(prefix: str, length: int, inner: str) -> None:
    found = embedded(prefix, length, IPv4Address(inner))
    if is_public(str(found)):
        assert found in IPv6Network("64:ff9b::/96")
        assert registered(IPv4Address(int(found) & 0xFFFF_FFFF))


@given(
    inside(["2000::/3", "2606:4700::/32", "fe80::/64", "fec0::/10", "fd00::/8"]),
    st.sampled_from([0x0000_5EFE, 0x0100_5EFE, 0x0200_5EFE, 0x0300_5EFE]),
    inside([*IPV4]),
)
def test_no_form_of_isatap_is_public_under_any_prefix(prefix: str, mark: int, inner: str) -> None:
    address = int(IPv6Address(prefix)) >> 64 << 64 | mark << 32 | int(IPv4Address(inner))
    assert not is_public(str(IPv6Address(address)))


@given(inside([*IPV4]), st.sampled_from(["::", "::ffff:0:0", "::ffff:0:0:0"]))
def test_an_ipv4_address_in_ipv6_clothes_is_not_public(inner: str, prefix: str) -> None:
    assert not is_public(str(IPv6Address(int(IPv6Address(prefix)) | int(IPv4Address(inner)))))


@given(inside([*IPV4]), st.integers(0, 2**80 - 1))
def test_6to4_and_teredo_lead_nowhere_whatever_is_inside(inner: str, rest: int) -> None:
    number = int(IPv4Address(inner))
    assert not is_public(str(IPv6Address(0x2002 << 112 | number << 80 | rest)))
    teredo = 0x2001_0000 << 96 | rest >> 16 << 32 | number ^ 0xFFFF_FFFF
    assert not is_public(str(IPv6Address(teredo)))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        # What receivers have.
        ("8.8.8.8", True),
        ("93.184.216.34", True),
        ("203.0.112.255", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("2001:4860:4860::8888", True),
        ("2a00:1450:4001:80b::200e", True),
        ("2a02:1::5efe", True),
        ("64:ff9b::5db8:d822", True),
        # What they do not.
        ("169.254.169.254", False),
        ("fd00:ec2::254", False),
        ("2606:4700::1%eth0", False),
        ("fe80::1%eth0", False),
    ],
)
def test_receivers_are_public_and_metadata_services_are_not(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("text", ["", "hooks.shop.example", "127.1", "0177.0.0.1", "1.2.3.4/32", "[::1]"])
def test_what_is_no_address_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        is_public(text)
