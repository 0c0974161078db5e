"""Where callbacks may go."""

import pytest

from mail.callback_urls import BadCallbackUrl, parse


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://hooks.shop.example", "hooks.shop.example", 443, "/"),
        ("https://hooks.shop.example:8443/a/b?c=d&e=%20", "hooks.shop.example", 8443, "/a/b?c=d&e=%20"),
        ("https://HOOKS.shop.example/Ünï?ä=1#part", "hooks.shop.example", 443, "/%C3%9Cn%C3%AF?%C3%A4=1"),
        ("https://bücher.example/x", "xn--bcher-kva.example", 443, "/x"),
        ("https://93.184.216.34/x", "93.184.216.34", 443, "/x"),
        ("https://1.2.3.4.example/x", "1.2.3.4.example", 443, "/x"),
        ("https://0x7f.x0x7f/x", "0x7f.x0x7f", 443, "/x"),
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
        # Other spellings of 127.0.0.1 that a resolver takes, and of no address at all.
        ("https://127.1/", "private or loopback"),
        ("https://2130706433/", "private or loopback"),
        ("https://0x7f000001/", "private or loopback"),
        ("https://0X7F.1/", "private or loopback"),
        ("https://0177.0.0.1/", "private or loopback"),
        ("https://127.0.0.1./", "private or loopback"),
        ("https://１２７.0.0.1/", "private or loopback"),
        ("https://127。0。0。1/", "private or loopback"),
        ("https://[2606:4700::1%25eth0]/", "private or loopback"),
        ("https://shop.256/", "private or loopback"),
    ],
)
def test_what_is_no_public_https_address_is_refused(url: str, why: str) -> None:
    with pytest.raises(BadCallbackUrl, match=why):
        parse(url, allow_private=False)


def test_on_a_machine_of_ones_own_private_addresses_and_http_pass() -> None:
    found = parse("http://127.0.0.1:9000/hook", allow_private=True)
    assert (found.secure, found.host_header) == (False, "127.0.0.1:9000")
