"""A person is erased while the API serves: gone from every file of the ledger, and from what is answered."""

from pathlib import Path

from fastapi.testclient import TestClient

from ledger.engine import Ledger
from ledger.file_traces import Traces
from lists import erasing
from settings import Settings

EMAIL = {"from": "news@shop.example", "subject": "Dear Ann", "text": "Your parcel, ann+books"}
OTHER = EMAIL | {"to": "ben@private.example", "subject": "Dear Ben", "text": "x"}
SPELLINGS = (
    "ann+books@bücher.example",
    "ANN+Books@BÜCHER.example",
    "Ann+Books@xn--bcher-kva.example",
    " ann+books@b\u00fccher.example ",
    "ann+books@bu\u0308cher.example",
)
WORDS = ("ann+books", "bücher", "xn--bcher-kva", "dear ann", "ann%2bbooks", "client of ann")


def remains(folder: Path) -> list[str]:
    files = {path.name: path.read_bytes().lower() for path in folder.glob("ledger.sqlite3*")}
    return [f"{name}: {word}" for name, data in files.items() for word in WORDS if word.encode() in data]


def test_no_spelling_of_the_person_is_left_and_nobody_is_mailed_twice(
    client: TestClient, ledger: Ledger, configured: Settings, tmp_path: Path
) -> None:
    for number, spelling in enumerate(SPELLINGS):
        hook = "https://hooks.shop.example/?to=ann%2Bbooks%40xn--bcher-kva.example"
        mine = EMAIL | {"to": spelling, "clientId": "client of Ann", "callbacks": [hook]}
        answer = client.post("/emails", json=mine, headers={"Idempotency-Key": f"one {number}"})
        assert answer.status_code == 202, answer.text
    both = {"json": [mine, OTHER], "headers": {"Idempotency-Key": "both"}}
    first = client.post("/emails", **both).json()["data"]
    sign_up = {"address": SPELLINGS[1], "from": EMAIL["from"], "text": "y"}
    assert client.post("/subscribers", json=sign_up).status_code == 202
    assert remains(tmp_path)

    removed = erasing.erase(ledger, SPELLINGS[0], tmp_path / "none", by="Ada", reason="by letter")

    assert (removed.traces, removed.kept, removed.copies) == (Traces.NONE, (), ())
    assert remains(tmp_path) == []
    # The mail to the other is known by its key, and is not taken in again.
    again = client.post("/emails", **both)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert [each["id"] for each in again.json()["data"]] == [each["id"] for each in first]
    assert again.json()["data"][1] == first[1]
    assert {again.json()["data"][0][name] for name in ("to", "text", "subject", "clientId")} == {"erased"}
    assert len(client.get("/emails").json()["data"]) == len(SPELLINGS) + 3
    refused = client.post("/emails", json=EMAIL | {"to": SPELLINGS[2]})
    assert refused.json()["error"]["code"] == "suppressed"
    assert [each for each in remains(tmp_path) if "ann+books" in each] == []
