import subprocess
import sys

import pandas as pd
import pytest

import lists
from lists.dns_verdicts import DELIVERABLE, NULL_MX
from lists.errors import ListError
from lists.policy import HygienePolicy, ListSource


def test_a_frame_is_cleaned_into_two_frames():
    frame = pd.DataFrame(
        {
            "Kontakt": ["Anna@Shop.example", "x", "ANNA@shop.example"],
            "age": [41, 7, 9],
            "note": [None, "N/A", ""],
        },
        index=[10, 20, 30],
    )
    result = lists.clean(frame, address_column="Kontakt")
    assert result.accepted.to_dict("index") == {
        1: {
            "Kontakt": "Anna@Shop.example",
            "age": "41",
            "note": "",
            "address": "Anna@shop.example",
            "domain": "shop.example",
            "flags": "",
        }
    }
    assert result.rejected["reason"].to_dict() == {2: "malformed", 3: "duplicate"}
    assert result.rejected.loc[3, "detail"] == "repeats row 1"
    assert result.summary.rows == 3


def test_the_rules_and_look_ups_of_a_campaign_can_be_given():
    frame = pd.DataFrame(
        {"email": ["info@a.example", "b@gone.example", "c@a.example", "d@a.example"], "ok": list("yyny")}
    )
    result = lists.clean(
        frame,
        policy=HygienePolicy(role_alias="flag"),
        source=ListSource(source="frame", consent="confirmed", consent_column="ok"),
        suppressed=lambda keys: {"d@a.example": "complaint"},
        resolver=lambda domains: dict.fromkeys(domains, NULL_MX) | {"a.example": DELIVERABLE},
    )
    assert result.rejected["reason"].to_dict() == {2: "no_mx", 3: "unconfirmed", 4: "complaint"}
    assert result.accepted["flags"].to_dict() == {1: "role_alias"}


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"email": []}), "has no rows"),
        (pd.DataFrame({"x": ["1"]}), "no column named like e-mail addresses"),
        (pd.DataFrame({"email": ["a@b.example"], "tags": [["x"]]}), "the column 'tags' holds list"),
    ],
)
def test_a_frame_that_is_no_list_is_one_sentence(frame, message):
    with pytest.raises(ListError, match=message):
        lists.clean(frame)


def test_importing_the_room_brings_in_no_library():
    program = "import sys, lists; lists.clean; print(sorted({'pandas', 'pyarrow'} & sys.modules.keys()))"
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert found.stdout.strip() == "[]"


def test_the_result_says_that_nobody_was_asked_and_says_nothing_where_somebody_was() -> None:
    frame = pd.DataFrame({"email": ["a@shop.example"]})
    alone = lists.clean(frame).summary
    assert alone.warnings == (
        "No ledger was asked: whoever bounced, complained or unsubscribed is not known here.",
        "No DNS was asked: which domains take mail is not known here.",
    )
    assert alone.as_json()["ledger"] is None
    asked = lists.clean(
        frame, suppressed=lambda keys: {}, resolver=lambda domains: dict.fromkeys(domains, DELIVERABLE)
    )
    assert asked.summary.warnings == ()
