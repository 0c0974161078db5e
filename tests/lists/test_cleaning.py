from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lists import free_mail, outputs, parquet_groups, typos
from lists.cleaning import SUPPRESSION_DETAILS, Cleaning
from lists.dns_verdicts import (
    DELIVERABLE,
    IMPLICIT_MX,
    MX_UNRESOLVABLE,
    NO_MAIL_HOST,
    NO_SUCH_DOMAIN,
    NULL_MX,
    unknown,
)
from lists.errors import BalanceError, ListError
from lists.outputs import Writer
from lists.policy import HygienePolicy, ListSource
from lists.reasons import Reason
from lists.row_files import ROW_FILES


def fates(result):
    """Each row's number with its reason, or its flags where it was accepted."""
    rejected = result.rejected["reason"].to_dict()
    return dict(sorted({**rejected, **result.accepted["flags"].to_dict()}.items()))


def dns(**verdicts):
    return lambda domains: {d: verdicts.get(d.partition(".")[0], DELIVERABLE) for d in domains}


RULES = [reason.value for reason in Reason]


@pytest.mark.parametrize("first", range(len(RULES)))
def test_a_row_gets_the_first_reason_that_holds(run, first, monkeypatch):
    """One row breaks every rule from `first` on, and is rejected for exactly that one."""
    broken = set(RULES[first:])
    local_part = "info" if "role_alias" in broken else "anna"
    domain = "throwaway.example" if "disposable" in broken else "shop.example"
    address = f"{local_part}@{domain}"
    monkeypatch.setattr(free_mail, "among", lambda domains: {domain} if "free_mail" in broken else set())
    meant = {domain: "gmail.com"} if "typo" in broken else {}
    monkeypatch.setattr(typos, "suggestions", lambda domains: {d: meant[d] for d in domains if d in meant})
    cell = f"Anna <{address}>" if "malformed" in broken else address
    earlier = address if "duplicate" in broken else "someone.else@other.example"
    suppression = [reason for reason in SUPPRESSION_DETAILS if reason in broken]
    result = run(
        f"email,ok,seen\n{earlier},yes,2026-11-01\n{cell},{'no' if 'unconfirmed' in broken else 'yes'},"
        f"{'2020-01-01' if 'inactive' in broken else '2026-11-01'}\n",
        disposable="drop",
        free_mail="drop",
        typo="drop",
        consent="confirmed",
        consent_column="ok",
        last_engaged_column="seen",
        inactive_after_days=365,
        suppressed=lambda keys: {address: suppression[0]} if suppression else {},
        resolver=lambda domains: dict.fromkeys(domains, NO_SUCH_DOMAIN),
    )
    assert fates(result)[2] == RULES[first]


def test_a_row_that_breaks_no_rule_is_accepted(run):
    result = run("email,name\n Anna@SHOP.example ,Zoë\n")
    assert result.accepted.to_dict("records") == [
        {
            "email": " Anna@SHOP.example ",
            "name": "Zoë",
            "address": "Anna@shop.example",
            "domain": "shop.example",
            "flags": "",
        }
    ]
    assert result.accepted.index.to_list() == [1]
    assert result.rejected.empty


def test_a_duplicate_names_the_first_row_with_its_key(run):
    result = run(
        "email\nanna@shop.example\nbroken\nANNA@shop.example\na@b\xfccher.example\n"
        "anna@Shop.EXAMPLE \na@xn--bcher-kva.example\nan.na@shop.example\nanna+x@shop.example\n"
    )
    assert result.rejected["detail"].to_dict() | {2: ""} == {
        2: "",
        3: "repeats row 1",
        5: "repeats row 1",
        6: "repeats row 4",
    }
    assert list(fates(result)) == list(range(1, 9))


def test_a_row_repeats_an_earlier_one_whatever_became_of_that(run):
    result = run(
        "email\ninfo@shop.example\ninfo@shop.example\nx@gone.example\nX@gone.example\n",
        resolver=dns(gone=NULL_MX),
    )
    assert fates(result) == {1: "role_alias", 2: "duplicate", 3: "no_mx", 4: "duplicate"}


def test_malformed_rows_repeat_nothing(run):
    assert fates(run('email\nx\nx\n" "\n" "\n')) == dict.fromkeys(range(1, 5), "malformed")


def test_a_ragged_row_is_malformed_in_its_place_and_shows_its_address(run):
    result = run("name,email\nAnna,anna@shop.example\nBerg, Ben,ben@shop.example\nCleo,cleo@shop.example\n")
    assert fates(result) == {1: "", 2: "malformed", 3: ""}
    assert result.rejected.loc[2].to_dict() == {
        "address": "ben@shop.example",
        "reason": "malformed",
        "detail": "has 3 cells where the header has 2",
        "suggestion": "",
    }


def test_a_list_of_ragged_rows_only_is_all_rejected(run):
    result = run("name,email\nx\ny\n")
    assert (len(result.accepted), len(result.rejected)) == (0, 2)
    assert list(result.accepted.columns) == ["name", "email", "address", "domain", "flags"]


@pytest.mark.parametrize(("policy", "fate"), [("drop", "role_alias"), ("flag", "role_alias"), ("keep", "")])
def test_role_addresses_are_dropped_flagged_or_kept(run, policy, fate):
    result = run("email\nInfo+x@shop.example\n", role_alias=policy)
    assert fates(result) == {1: fate}
    assert len(result.accepted) == (policy != "drop")


@pytest.mark.parametrize(("policy", "fate"), [("drop", "disposable"), ("flag", "disposable"), ("keep", "")])
def test_disposable_addresses_are_dropped_flagged_or_kept(run, policy, fate):
    result = run("email\nanna@throwaway.example\n", disposable=policy)
    assert fates(result) == {1: fate}
    assert len(result.accepted) == (policy != "drop")


@pytest.mark.parametrize(("policy", "fate"), [("drop", "free_mail"), ("flag", "free_mail"), ("keep", "")])
def test_free_mail_addresses_are_dropped_flagged_or_kept(run, policy, fate):
    result = run("email\nanna@gmail.com\nben@shop.example\n", free_mail=policy)
    assert fates(result) == {1: fate, 2: ""}
    assert len(result.accepted) == 1 + (policy != "drop")


@pytest.mark.parametrize(("policy", "fate"), [("drop", "typo"), ("flag", "typo"), ("keep", "")])
def test_mistyped_providers_are_dropped_flagged_or_kept(run, policy, fate):
    result = run("email\nAnna@gmal.com\nben@shop.example\n", typo=policy)
    assert fates(result) == {1: fate, 2: ""}
    assert len(result.accepted) == 1 + (policy != "drop")
    assert result.summary.mistyped == ({} if policy == "keep" else {"gmal.com": "gmail.com"})
    assert "Anna@gmail.com" not in set(result.accepted["address"])


def test_a_mistyped_address_that_another_rule_drops_keeps_its_suggestion(run):
    result = run("email\nAnna@gmal.com\n", resolver=dns(gmal=NULL_MX))
    assert result.rejected.loc[1, ["reason", "suggestion"]].to_list() == ["no_mx", "Anna@gmail.com"]


def test_a_team_changes_the_names_that_rules_go_by(run, tmp_path):
    roles, domains = tmp_path / "roles.txt", tmp_path / "domains.txt"
    roles.write_text("!info\nhello\n")
    domains.write_text("!mailinator.com\nshop.example\n")
    result = run(
        "email\ninfo@mailinator.com\nhello@other.example\nanna@shop.example\n",
        role_names_file=str(roles),
        disposable_domains_file=str(domains),
    )
    assert fates(result) == {1: "", 2: "role_alias", 3: "disposable"}


def test_suppressed_addresses_are_found_by_their_key(run):
    keys = {"a@shop.example": "hard_bounce", "b@shop.example": "complaint", "c@shop.example": "unsubscribed"}
    keys["d@xn--bcher-kva.example"] = "suppressed"
    result = run(
        "email\nA@SHOP.example\nb@shop.example\nc@shop.example\nd@b\xfccher.example\ne@shop.example\n",
        suppressed=lambda asked: {key: keys[key] for key in asked if key in keys},
    )
    assert list(fates(result).values()) == ["hard_bounce", "complaint", "unsubscribed", "suppressed", ""]


def test_a_reason_that_no_rule_knows_is_not_passed_over(run):
    with pytest.raises(BalanceError, match="no rule knows"):
        run("email\na@shop.example\n", suppressed=lambda keys: dict.fromkeys(keys, "odd"))


def test_consent_is_asked_only_of_lists_that_require_it(run):
    text = "email\na@shop.example\nb@shop.example\n"
    assert fates(run(text)) == {1: "", 2: ""}
    asked = run(text, consent="confirmed", confirmed=lambda keys: {"b@shop.example"})
    assert fates(asked) == {1: "unconfirmed", 2: ""}


def test_a_consent_column_stands_in_for_the_ledger(run):
    rows = "a,yes\nb,No\nc,\nd,2026-01-31\ne,TRUE\nf,maybe\n".replace(",", "@shop.example,")
    result = run("email,Opt In\n" + rows, consent="confirmed", consent_column="opt in")
    assert list(result.accepted.index) == [1, 4, 5]
    assert set(result.rejected["reason"]) == {"unconfirmed"}


def test_inactive_rows_are_older_than_the_limit_and_unknown_ones_stay(run):
    rows = ["2026-11-21", "2025-11-22", "2025-11-21", "2026-11-21T10:00:00Z", "", "soon"]
    text = "email,seen\n" + "".join(f"r{n}@shop.example,{day}\n" for n, day in enumerate(rows))
    result = run(text, last_engaged_column="seen", inactive_after_days=365, today=date(2026, 11, 22))
    assert list(fates(result).values()) == [
        "",
        "",
        "inactive",
        "",
        "engagement_unknown",
        "engagement_unknown",
    ]
    assert result.rejected.loc[3, "detail"] == "last engaged 2025-11-21"


def test_without_a_column_the_ledger_says_who_has_been_silent(run):
    midnight = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
    silent_since = {"a@shop.example": midnight - 10 * 86_400 - 1, "b@shop.example": midnight - 10 * 86_400}
    result = run(
        "email\na@shop.example\nB@shop.example\nc@shop.example\n",
        inactive_after_days=10,
        today=date(2026, 11, 22),
        last_engaged=lambda keys: {key: silent_since[key] for key in keys if key in silent_since},
    )
    assert fates(result) == {1: "inactive", 2: "", 3: "engagement_unknown"}
    assert result.rejected.loc[1, "detail"] == "no open or click since 2026-11-11"


def test_the_ledger_drops_nobody_for_silence_that_it_knows_nothing_of(run):
    result = run("email\na@shop.example\nb@shop.example\n", inactive_after_days=1)
    assert fates(result) == dict.fromkeys((1, 2), "engagement_unknown")


@pytest.mark.parametrize(
    ("verdict", "fate", "detail"),
    [
        (DELIVERABLE, "", None),
        (IMPLICIT_MX, "implicit_mx", None),
        (MX_UNRESOLVABLE, "mx_unresolvable", None),
        (unknown("SERVFAIL"), "mx_unknown", None),
        (NULL_MX, "no_mx", "null_mx"),
        (NO_SUCH_DOMAIN, "no_mx", "no_such_domain"),
        (NO_MAIL_HOST, "no_mx", "no_mail_host"),
    ],
)
def test_only_definite_answers_of_the_dns_drop_a_row(run, verdict, fate, detail):
    result = run("email\na@odd.example\nb@shop.example\nc@other.example\n", resolver=dns(odd=verdict))
    assert fates(result) == {1: fate, 2: "", 3: ""}
    if detail:
        assert result.rejected.loc[1, "detail"] == detail


def test_a_mostly_silent_dns_drops_nobody_and_says_so(run):
    result = run(
        "email\na@gone.example\nb@one.example\nc@two.example\n",
        resolver=dns(gone=NO_SUCH_DOMAIN, one=unknown("time-out"), two=unknown("time-out")),
    )
    assert fates(result) == dict.fromkeys((1, 2, 3), "mx_unknown")
    assert "nobody was dropped" in result.summary.warnings[0]


def test_the_dns_is_asked_once_a_domain_and_only_for_rows_that_are_left(run):
    asked = []

    def resolver(domains):
        asked.extend(domains)
        return dict.fromkeys(domains, DELIVERABLE)

    text = "email\na@one.example\nb@one.example\ninfo@role.example\nx\nc@b\xfccher.example\n"
    run(text, resolver=resolver)
    assert asked == ["one.example", "xn--bcher-kva.example"]
    run(text, resolver=resolver, mx=False)
    assert len(asked) == 2


def test_repair_takes_wrapped_addresses_apart_with_a_flag_and_nothing_else(run):
    cells = ["Berg <Anna@Shop.example>", "mailto:b@shop.example", "c\u200bd@shop.example", "e@shop..example"]
    text = "\n".join(["email", *cells])
    assert fates(run(text)) == dict.fromkeys((1, 2, 3, 4), "malformed")
    result = run(text, repair=True)
    assert fates(result) == {1: "repaired", 2: "repaired", 3: "repaired", 4: "malformed"}
    assert result.accepted["address"].to_list() == ["Anna@shop.example", "b@shop.example", "cd@shop.example"]


def test_a_repaired_row_can_be_a_duplicate(run):
    result = run("email\nanna@shop.example\n<ANNA@shop.example>\n", repair=True)
    assert result.rejected["detail"].to_dict() == {2: "repeats row 1"}


def test_flags_add_up_in_a_fixed_order(run):
    result = run("email\n<j\xfcrgen@throwaway.example>\n", repair=True, resolver=dns(throwaway=IMPLICIT_MX))
    assert fates(result) == {1: "repaired;smtputf8;disposable;implicit_mx"}
    assert result.summary.flags == {"repaired": 1, "smtputf8": 1, "disposable": 1, "implicit_mx": 1}


def test_source_columns_named_like_ours_make_way(run):
    result = run("address,flags,flags_source\nAnna@shop.example,x,y\n")
    assert result.summary.renamed == {"address": "address_source", "flags": "flags_source_2"}
    assert result.accepted.iloc[0].to_dict() == {
        "address_source": "Anna@shop.example",
        "flags_source_2": "x",
        "flags_source": "y",
        "address": "Anna@shop.example",
        "domain": "shop.example",
        "flags": "",
    }


@pytest.mark.parametrize("name", ["Address", "ADDRESS", "Domain", "FLAGS", "flags"])
def test_no_column_of_the_source_differs_from_ours_in_capitals_alone(run, name):
    result = run(f"email,{name},{name}_Source,x\na@shop.example,High Street 1,y,z\n")
    names = [column.casefold() for column in result.accepted.columns]
    assert len(set(names)) == len(names) == 7
    assert result.summary.renamed == {name: f"{name}_source_2"}
    assert result.accepted.loc[1, f"{name}_source_2"] == "High Street 1"


def test_the_summary_counts_every_row_once(run):
    result = run("email\na@one.example\na@one.example\nb@two.example\nx\ny\n")
    summary = result.summary
    assert (summary.rows, summary.accepted, summary.rejected) == (5, 2, 3)
    assert summary.by_reason == dict.fromkeys(RULES, 0) | {"malformed": 2, "duplicate": 1}
    assert {name: (c.accepted, c.rejected) for name, c in summary.by_domain.items()} == {
        "(no domain)": (0, 2),
        "one.example": (1, 1),
        "two.example": (1, 0),
    }


def test_progress_is_told_by_stage(run):
    told = []
    run("email\na@shop.example\nb@shop.example\n", on_progress=lambda *step: told.append(step))
    assert told == [("syntax", 2, 2), ("mx", 0, 1), ("mx", 1, 1)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"address_column": "mail"}, r"no column 'mail' \(address_column\)"),
        ({"consent": "confirmed", "consent_column": "ok"}, r"no column 'ok' \(list.consent_column\)"),
        (
            {"inactive_after_days": 9, "last_engaged_column": "seen"},
            r"no column 'seen' \(list.last_engaged_column\)",
        ),
        ({"inactive_after_days": 9, "last_engaged_column": "name"}, "'Anna', which is no date"),
    ],
)
def test_a_column_that_is_not_there_or_not_right_is_named(run, options, message):
    with pytest.raises(ListError, match=message):
        run("email,name\na@shop.example,Anna\n", **options)


KINDS = (
    "anna.{n}@shop.example",
    "Anna.{n}@Shop.example",
    "anna.{m}@shop.example",
    "INFO@dept{m}.example",
    "b{n}@gone.example",
    "c{m}@asleep.example",
    "x{n}",
    "",
    "J\xfcrgen{m}@b\xfccher.example",
    "Anna <anna{n}@shop.example>",
    "d{n}@throwaway.example",
    "g{n}@shop.example",
    "e{n}@shop..example",
)


def long_list(rows):
    lines = ["email,name,seen,note"]
    for n in range(rows):
        email = KINDS[n * 7 % len(KINDS)].format(n=n, m=n * n % 97)
        note = '"two\nlines, =1+1"' if n % 11 == 0 else f"=note {n}"
        lines.append(f"{email},N{n:04},2026-{n % 12 + 1:02}-01,{note}" + (",ragged" if n % 53 == 0 else ""))
        if n % 400 == 399:
            lines += [lines[0], ""]
    return "\n".join(lines) + "\nlast,ragged\n"


def files_of(path, folder, threads, block_bytes, mx):
    cleaning = Cleaning(
        ListSource(source=path, last_engaged_column="seen", inactive_after_days=200),
        HygienePolicy(mx=mx),
        suppressed=lambda keys: {key: "complaint" for key in keys if "8@" in key},
        confirmed=lambda keys: set(),
        resolver=dns(gone=NULL_MX, asleep=unknown("time-out")),
        today=date(2026, 11, 22),
        threads=threads,
        block_bytes=block_bytes,
    )
    with Writer(folder) as writer:
        for part in cleaning.parts(writer.work):
            writer.write(part)
        writer.finish(replace(cleaning.summary(), seconds=0.0))
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("mx", [True, False])
def test_the_files_are_the_same_for_every_size_of_block_and_number_of_threads(
    make_list, tmp_path, monkeypatch, mx
):
    monkeypatch.setattr(parquet_groups, "ROWS_A_GROUP", 256)
    path = make_list(long_list(1_500))
    expected = files_of(path, tmp_path / "whole", 1, 0, mx)
    assert sorted(expected) == [*sorted(ROW_FILES), "summary.json"]
    for threads, block_bytes in ((1, 300), (3, 300), (2, 1_000), (4, 7_777), (2, 40_000)):
        found = files_of(path, tmp_path / f"{threads}-{block_bytes}", threads, block_bytes, mx)
        assert found == expected


def test_a_result_in_memory_is_that_of_the_files(run, make_list, tmp_path):
    text = long_list(300)
    files_of(make_list(text, "other.csv"), tmp_path / "files", 2, 500, mx=True)
    result = run(
        text,
        last_engaged_column="seen",
        inactive_after_days=200,
        suppressed=lambda keys: {key: "complaint" for key in keys if "8@" in key},
        resolver=dns(gone=NULL_MX, asleep=unknown("time-out")),
    )
    accepted = outputs.read_accepted(tmp_path / "files" / "accepted.parquet")
    assert accepted.equals(result.accepted)
    assert {"malformed", "duplicate", "role_alias", "complaint", "inactive", "no_mx"} == set(
        result.rejected["reason"]
    )


def test_a_header_in_the_middle_of_a_list_is_called_so(run):
    result = run("Email , name\na@shop.example,x\nEmail,name\nemail,name\nEmail,Anna\n")
    assert result.rejected["detail"].to_dict() == {
        2: "repeats the header row",
        3: "An email address must have an @-sign.",
        4: "An email address must have an @-sign.",
    }


def test_a_column_found_by_its_content_is_told_before_and_after(make_list):
    shown = []
    cleaning = Cleaning(
        ListSource(source=make_list("who,where\nanna,a@shop.example\nben,\ncleo,c@shop.example\ndan,x\n")),
        HygienePolicy(mx=False),
        suppressed=lambda keys: shown.append("judged") or {},
        confirmed=lambda keys: set(),
        resolver=None,
        today=date(2026, 11, 22),
        on_open=lambda listed: shown.append(listed.address.sentence()),
    )
    parts = list(cleaning.parts(Path(".")))
    sentence = (
        "The addresses are taken from the column 'where', by its content: "
        "67% of its first cells are e-mail addresses."
    )
    assert shown == [sentence, "judged"]
    assert cleaning.summary().warnings == (sentence,)
    assert cleaning.summary().address_column == "where"
    assert sum(part.kept.num_rows for part in parts) == 2


def test_dates_that_are_none_are_counted_over_the_whole_column(make_list, tmp_path):
    good = "".join(f"a{n}@shop.example,2026-11-01\n" for n in range(60))
    bad = "".join(f"b{n}@shop.example,soon\n" for n in range(50))
    for block_bytes in (200, 0):
        assert count_rows(make_list("email,seen\n" + bad + good), tmp_path, block_bytes) == 110
        with pytest.raises(ListError, match="'soon', which is no date"):
            count_rows(make_list("email,seen\n" + good[:100] + bad), tmp_path, block_bytes)


def count_rows(path, folder, block_bytes):
    cleaning = Cleaning(
        ListSource(source=path, last_engaged_column="seen", inactive_after_days=200),
        HygienePolicy(mx=False),
        suppressed=lambda keys: {},
        confirmed=lambda keys: set(),
        resolver=None,
        today=date(2026, 11, 22),
        block_bytes=block_bytes,
    )
    return sum(part.kept.num_rows + part.dropped.num_rows for part in cleaning.parts(folder))


def test_figures_are_not_given_out_before_the_end(make_list, tmp_path):
    cleaning = Cleaning(
        ListSource(source=make_list("email\na@b.example\n")),
        HygienePolicy(),
        suppressed=lambda keys: {},
        confirmed=lambda keys: set(),
        resolver=None,
        today=date(2026, 11, 22),
    )
    next(cleaning.parts(tmp_path))
    with pytest.raises(RuntimeError, match="not judged to its end"):
        cleaning.summary()
