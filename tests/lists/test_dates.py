from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lists import dates

TODAY = date(2026, 11, 28)
MOMENT = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("form", dates.FORMS)
def test_every_form_of_the_table_is_read_as_its_own_example(form: str) -> None:
    for text in (form, f" {form} "):
        written = dates.read(text)
        assert written is not None
        assert written.moments == (MOMENT,)
    for time in (
        "10:20",
        "10:20:30",
        "10:20:30.5",
        "10:20 AM",
        "10:20:30 +0200",
        "10:20:30 UTC",
        "10:20 CET",
    ):
        written = dates.read(f"{form} {time}")
        assert written is not None
        assert abs(written.moments[0] - MOMENT).total_seconds() < 86_400


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        ("2026-01-31T10:20:30Z", ["2026-01-31T10:20:30"]),
        ("2026-01-31T10:20:30+02:00", ["2026-01-31T08:20:30"]),
        ("2026-01-31 10:20:30 -0600", ["2026-01-31T16:20:30"]),
        ("2026-01-31 10:20:30.123456789", ["2026-01-31T10:20:30.123456"]),
        ("2026-01-31T10:20:30Z[Europe/Berlin]", ["2026-01-31T10:20:30"]),
        ("20260131T102030Z", ["2026-01-31T10:20:30"]),
        ("Jan 31, 2026, 1:05 pm", ["2026-01-31T13:05:00"]),
        ("31 Jan 2026 12:00 am", ["2026-01-31T00:00:00"]),
        (
            "Sat Jan 31 2026 10:00:00 GMT+0100 (Central European Standard Time)",
            ["2026-01-31T09:00:00"],
        ),
        ("31. Jänner 2026", None),
        ("31. März 2026", ["2026-03-31T00:00:00"]),
        ("1er août 2026", ["2026-08-01T00:00:00"]),
        ("31 de enero de 2026", ["2026-01-31T00:00:00"]),
        ("03/04/2026", ["2026-04-03T00:00:00", "2026-03-04T00:00:00"]),
        ("05/05/2026", ["2026-05-05T00:00:00"]),
        ("13/31/2026", []),
        *((text, []) for text in ("0000-00-00", "0000-00-00 00:00:00", "2026-02-30", "1900-01-00")),
        ("9999-12-31T23:59:59-05:00", []),
        *((text, None) for text in ("", " ", "0", "46000", "1709287200", "2026", "2026-01", "soon")),
        *(
            (text, None)
            for text in ("2026-01-31 revoked", "revoked 31 Jan 2026", "2026-01-31x", "no 31.01.2026")
        ),
        *((text, None) for text in ("2026-01-31 2026-02-01", "31.01.2026 25:00", "31 Foo 2026", "1/2/26")),
        *(
            (text, None)
            for text in ("2026-01-31 10:20 STOP", "2026-01-31 10:20 UTC (revoked)", "out Jan 31, 2026")
        ),
    ],
)
def test_a_whole_cell_is_a_date_or_it_is_none(text: str, moments: list[str] | None) -> None:
    written = dates.read(text)
    found = None if written is None else [at.replace(tzinfo=None).isoformat() for at in written.moments]
    assert found == moments


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        *((text, True) for text in ("1990-01-01", "2026-11-28", "2026-11-29", "29.11.2026", "11/29/2026")),
        # Day and month may be either: one of the readings can have been.
        *((text, True) for text in ("01/12/2026", "12/01/2026")),
        *((text, False) for text in ("1989-12-31", "1970-01-01", "0001-01-01T00:00:00", "1899-12-30")),
        *((text, False) for text in ("0000-00-00", "2026-11-30", "30/11/2026", "9999-12-31", "12/31/9999")),
    ],
)
def test_what_can_have_been_is_neither_a_zero_date_nor_the_day_after_tomorrow(
    text: str, possible: bool
) -> None:
    written = dates.read(text)
    assert written is not None
    assert written.possible(TODAY) is possible


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_python_and_parquet_write_is_read_back(moment: datetime) -> None:
    plain = moment.replace(tzinfo=None)
    with_nanoseconds = f"{plain.isoformat(' ', 'microseconds')}000"
    for text in (moment.isoformat(), plain.isoformat(), str(plain), f"{plain}Z", with_nanoseconds):
        written = dates.read(text)
        assert written is not None
        assert written.moment == moment
