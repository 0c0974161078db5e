"""Senders' mailboxes: what is understood, how it is written, what is refused."""

from email import message_from_string, policy

import pytest

from mail.addresses import Mailbox, parse_from
from mail.errors import MailError


@pytest.mark.parametrize(
    ("text", "name", "address", "header"),
    [
        (
            "Bright Books <news@brightbooks.example>",
            "Bright Books",
            "news@brightbooks.example",
            "Bright Books <news@brightbooks.example>",
        ),
        ("news@brightbooks.example", "", "news@brightbooks.example", "news@brightbooks.example"),
        ("<news@brightbooks.example>", "", "news@brightbooks.example", "news@brightbooks.example"),
        ("  Books  <n@b.example> ", "Books", "n@b.example", "Books <n@b.example>"),
        ("n@B.EXAMPLE", "", "n@b.example", "n@b.example"),
        ("Bright Books, Inc. <n@b.example>", "Bright Books, Inc.", "n@b.example", None),
        ('"Bright, Inc." <n@b.example>', "Bright, Inc.", "n@b.example", '"Bright, Inc." <n@b.example>'),
        (r'"Say \"hi\"" <n@b.example>', 'Say "hi"', "n@b.example", None),
        ("A@B <n@b.example>", "A@B", "n@b.example", '"A@B" <n@b.example>'),
        ("Bücher <n@bücher.example>", "Bücher", "n@xn--bcher-kva.example", None),
        ("本の店 <n@b.example>", "本の店", "n@b.example", None),
    ],
)
def test_a_mailbox_is_understood_and_written_so_that_mail_software_reads_it_back(
    text: str, name: str, address: str, header: str | None
) -> None:
    mailbox = parse_from(text)
    assert mailbox == Mailbox(name=name, address=address)
    assert mailbox.header.isascii()
    assert mailbox.header.isprintable()
    if header is not None:
        assert mailbox.header == header
    read_back = message_from_string(f"From: {mailbox.header}\n\n", policy=policy.default)["From"].addresses[0]
    assert (read_back.display_name, read_back.addr_spec) == (name, address)


def test_a_long_foreign_name_becomes_several_encoded_words_on_one_line() -> None:
    mailbox = parse_from(f"{'Bücher und Söhne ' * 8}<n@b.example>")
    words = mailbox.header.split(" ")[:-1]
    assert len(words) > 1
    assert all(len(word) <= 75 and word.startswith("=?utf-8?") for word in words)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bright Books",
        "news@",
        "a@b.example, c@d.example",
        "Books <a@b.example> more",
        "Books <a@b.example",
        "a@localhost",
        "ä@b.example",
        f"{'x' * 65}@b.example",
        "a@[192.0.2.1]",
    ],
)
def test_what_is_no_single_mailbox_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(MailError, match="it must be an address, or Name <address>: "):
        parse_from(text)


@pytest.mark.parametrize(
    "control", ["\r\n", "\n", "\r", "\0", "\t", "\x0b", "\x7f", "\x85", "\u2028", "\ud800"]
)
@pytest.mark.parametrize("place", ["{}Books <a@b.example>", "Bo{}oks <a@b.example>", "Books <a@b.example>{}"])
def test_a_control_character_anywhere_in_a_sender_is_refused(place: str, control: str) -> None:
    with pytest.raises(MailError, match="control character"):
        parse_from(place.format(control))


def test_a_name_too_long_for_a_header_is_refused() -> None:
    with pytest.raises(MailError, match="longer than 995 characters"):
        parse_from(f"{'x' * 1000} <a@b.example>")


def test_the_domain_is_the_part_after_the_at_sign() -> None:
    assert parse_from("Books <news@brightbooks.example>").domain == "brightbooks.example"
