"""Addresses of the public internet: an allow-list of global unicast, from IANA's registries.

Python's own `is_global` follows the registries of its release, and asks nothing about addresses that a
translator or a tunnel turns into others. Here what is not known to be public is not.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# https://www.iana.org/assignments/iana-ipv4-special-registry: what is not "globally reachable" there, and
# multicast (RFC 5771). All else of IPv4 is unicast.
_NOT_PUBLIC_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        # 6to4 relays, given up (RFC 7526): whoever announces it next gets the post.
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Parts of the above that are globally reachable all the same (RFC 7723, RFC 8155).
_PUBLIC_AGAIN_V4 = (IPv4Network("192.0.0.9/32"), IPv4Network("192.0.0.10/32"))

# All that IANA gives out as global unicast (RFC 4291, 2.4). Left out with the rest are unique and site-local,
# link-local and mapped addresses, ::a.b.c.d, ::ffff:0:a.b.c.d (RFC 2765) and 64:ff9b:1::/48 (RFC 8215).
_UNICAST_V6 = IPv6Network("2000::/3")
# https://www.iana.org/assignments/iana-ipv6-special-registry
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(block)
    for block in (
        # Protocols of the IETF; Teredo is 2001::/32.
        "2001::/23",
        "2001:db8::/32",
        # 6to4: the router at hand sends it on to the IPv4 address inside.
        "2002::/16",
        "3fff::/20",
    )
)
_PUBLIC_AGAIN_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001:1::1/128",
        "2001:1::2/128",
        "2001:1::3/128",
        "2001:3::/32",
        "2001:4:112::/48",
        "2001:20::/28",
        "2001:30::/28",
    )
)

# Behind DNS64 a receiver that has IPv4 alone is reached under this prefix (RFC 6052, 3.1).
_NAT64 = IPv6Network("64:ff9b::/96")

# ISATAP (RFC 5214, 6.1): below any prefix, ::0:5efe:a.b.c.d is the host a.b.c.d of the site. The two bits
# that say whether it is universal, and a group's, may be either.
_ISATAP, _ISATAP_MASK = 0x0000_5EFE, 0xFCFF_FFFF


def is_public(address: str) -> bool:
    """Tell whether an IP address is a public host's. Raises ValueError for what is no address."""
    found = ip_address(address)
    return _is_public_v4(found) if isinstance(found, IPv4Address) else _is_public_v6(found)


def _is_public_v4(address: IPv4Address) -> bool:
    if any(address in block for block in _PUBLIC_AGAIN_V4):
        return True
    return not any(address in block for block in _NOT_PUBLIC_V4)


def _is_public_v6(address: IPv6Address) -> bool:
    # A zone names a link of this machine.
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return _is_public_v4(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address not in _UNICAST_V6 or int(address) >> 32 & _ISATAP_MASK == _ISATAP:
        return False
    if any(address in block for block in _PUBLIC_AGAIN_V6):
        return True
    return not any(address in block for block in _NOT_PUBLIC_V6)
