"""Where callbacks may go."""

import pytest

from mail.callback_urls import BadCallbackUrl, is_public, parse


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://hooks.shop.example", "hooks.shop.example", 443, "/"),
        ("https://hooks.shop.example:8443/a/b?c=d&e=%20", "hooks.shop.example", 8443, "/a/b?c=d&e=%20"),
        ("https://HOOKS.shop.example/Ünï?ä=1#part", "hooks.shop.example", 443, "/%C3%9Cn%C3%AF?%C3%A4=1"),
        ("https://bücher.example/x", "xn--bcher-kva.example", 443, "/x"),
        ("https://93.184.216.34/x", "93.184.216.34", 443, "/x"),
    ],
)
def test_an_address_is_taken_apart(url: str, host: str, port: int, path: str) -> None:
    found = parse(url, allow_private=False)
    assert (found.secure, found.host, found.port, found.path) == (True, host, port, path)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("string", "must be an https:// address"),
        ("ftp://shop.example/", "must be an https:// address"),
        ("https:///path", "must be an https:// address"),
        ("https://shop.example:port/", "must be an https:// address"),
        ("https://shop.example/a b", "must be an https:// address"),
        ("https://shop.example/\r\nX-Evil: 1", "must be an https:// address"),
        ("https://shop.example/" + "a" * 2_000, "at most 2000 characters"),
        ("http://shop.example/", "for it is sent people's addresses"),
        ("https://user:word@shop.example/", "must not hold a user name"),
        ("https://localhost/", "private or loopback"),
        ("https://LOCALHOST./", "private or loopback"),
        ("https://api.localhost/", "private or loopback"),
        ("https://127.0.0.1/", "private or loopback"),
        ("https://10.1.2.3:8443/", "private or loopback"),
        ("https://[::1]/", "private or loopback"),
        ("https://[::ffff:192.168.0.1]/", "private or loopback"),
        ("https://169.254.169.254/latest/meta-data", "private or loopback"),
    ],
)
def test_what_is_no_public_https_address_is_refused(url: str, why: str) -> None:
    with pytest.raises(BadCallbackUrl, match=why):
        parse(url, allow_private=False)


def test_on_a_machine_of_ones_own_private_addresses_and_http_pass() -> None:
    found = parse("http://127.0.0.1:9000/hook", allow_private=True)
    assert (found.secure, found.host_header) == (False, "127.0.0.1:9000")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
        ("fc00::1", False),
        ("fe80::1%eth0", False),
        ("ff02::1", False),
    ],
)
def test_an_address_is_public_whatever_it_is_wrapped_in(address: str, public: bool) -> None:
    assert is_public(address) is public
