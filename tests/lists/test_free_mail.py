from lists import free_mail


def test_free_mail_providers_are_told_from_other_domains():
    assert free_mail.among(["gmail.com", "shop.example", "gmx.de", "mail.gmail.com"]) == {
        "gmail.com",
        "gmx.de",
    }


def test_the_public_list_is_in_the_form_of_the_domains_that_are_asked_for():
    assert all(name == name.lower() and name.isascii() and "." in name for name in free_mail.PROVIDERS)
    assert len(free_mail.PROVIDERS) > 4_000
