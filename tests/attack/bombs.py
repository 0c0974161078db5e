"""Small requests that would grow: JSON that is deep or has too many members, HTML, templates of campaigns."""

import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import processes
from front import SENDER, Front, Stage, environment_of, live
from outcome import Fell, require
from processes import Memory

_TEXT = 119_000
# What composing a text may take, with what else a request waits for.
_ANSWER_SECONDS = 12.0
_COMMAND_SECONDS = 45.0
_BESIDE = "beside-the-bombs@mail.example"

HTML = {
    "bold in bold": "<b>" * (_TEXT // 3),
    "divisions in divisions": "<div>" * (_TEXT // 5),
    "tables in tables": "<table><tr><td>" * (_TEXT // 15),
    "links in links": "<a href=x>" * (_TEXT // 10),
    "formatting left open": "<p><b><i><u><font size=7>" * (_TEXT // 25),
    "formatting closed elsewhere": "<p><b></p><i><b></i>" * (_TEXT // 20),
    "lists in lists": "<ul><li>" * (_TEXT // 8),
    "a selector of 50,000": "<style>p" + ",a" * 50_000 + "{color:red}</style><p>x",
    "20,000 rules": "<style>" + "a{a:b}" * 19_000 + "</style><p>x",
    "brackets in brackets": "<style>@media " + "(" * 100_000 + "{a{color:red}}</style><p>x",
    "a style of 10,000": f"<p style='{'color:red;' * 11_000}'>x",
    "20,000 attributes": "<p " + " ".join(f"a{n}=b" for n in range(14_000)) + ">x",
    "entities": "<p>" + "&amp;#38;" * (_TEXT // 9),
    "comments that never end": "<p>" + "<!--" * (_TEXT // 4),
    "signs that open nothing": "<p>" + "<" * (_TEXT - 3),
    "foreign content": "<p>" + "<svg><math><mtext>" * (_TEXT // 18),
    "selects": "<p>" + "<select><option>" * (_TEXT // 16),
    "templates": "<p>" + "<template>" * (_TEXT // 10),
}

TEMPLATES = {
    "padding": "{{ 'x'.ljust(2000000000) }}",
    "ranges in ranges": "{% for a in range(99999) %}{% for b in range(99999) %}.{% endfor %}{% endfor %}",
    "a macro in itself": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
}
# A campaign's own HTML is not refused for its size: it is looked at, in bounded time.
PAGES = {
    "50,000 divisions": "<div>" * 50_000,
}


def bombs(stage: Stage) -> str:
    """Post them while others ask, and have the command refuse those of campaigns."""
    with live(stage) as front:
        with front.others() as others:
            _json(front)
            statuses, slowest = _html(front)
            # Others' mail does not wait for all that is to be composed of the attacker's.
            front.takes(_BESIDE)
            waited = processes.until(lambda: _is_sent(front), "others' mail goes out beside the bombs", 30)
        out = front.settled()
        api = front.said(
            f"{sum(statuses.values())} texts answered {dict(statuses)}, the slowest in {slowest:.1f} s",
            f"others' mail beside them sent after {waited:.1f} s",
            out,
            others.said(),
        )
    return f"{api}; {_campaigns(stage)}"


def _is_sent(front: Front) -> bool:
    return any(_BESIDE in each["recipients"] for each in front.stage.world.messages())


def _json(front: Front) -> None:
    many = b"{" + b",".join(b'"k%d":0' % n for n in range(800_000)) + b"}"
    for what, body, wanted in (
        ("a list of 9.9 million brackets", b"[" * 9_900_000, {400, 422}),
        ("objects in objects", b'{"a":' * 1_900_000, {400, 422}),
        ("800,000 keys", many[:9_999_999], {400, 422}),
        ("a number of a million digits", b'{"to":' + b"9" * 1_000_000 + b"}", {400, 422}),
        ("a number without bounds", b'{"to":1e999999999}', {400, 422}),
        ("a text that never ends", b'"' + b'\\"' * 2_000_000, {400, 422}),
        ("half of a surrogate", b'{"to":"\\ud800"}', {400, 422}),
        ("one key 100,000 times", b"{" + b'"to":0,' * 100_000 + b'"to":0}', {400, 422}),
        ("1,001 mails", json.dumps([front.mail("a@mail.example")] * 1_001).encode(), {422}),
        ("not a letter of UTF-8", b"\xff\xfe" * 1_000, {400}),
    ):
        answer = front.post(body)
        require(answer.status in wanted, f"{what}: {answer.status}")
        require(len(answer.body) < 5_000, f"{what}: an answer of {len(answer.body):,} bytes")
        require(answer.seconds < _ANSWER_SECONDS, f"{what}: {answer.seconds:.1f} s")
        for path in ("/senders", "/subscribers", "/callbacks/replay"):
            status = front.post(body[:90_000], path=path).status
            require(400 <= status < 500, f"{what} to {path}: {status}")


def _html(front: Front) -> tuple[Counter[int], float]:
    """Post all of them at once, and those in lists; return the statuses and the slowest answer."""
    answers: list[tuple[str, Any]] = []

    def post(what: str, content: Any) -> None:
        answers.append((what, front.post(content)))

    threads = [
        threading.Thread(target=post, args=(what, front.mail(f"bomb{n}@mail.example", text=text)))
        for n, (what, text) in enumerate(HTML.items())
    ]
    lists = [
        [front.mail(f"bomb{n}.{m}@mail.example", text=text) for m, text in enumerate(HTML.values())]
        for n in range(2)
    ]
    threads += [threading.Thread(target=post, args=("a list of all", each)) for each in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for what, answer in answers:
        require(answer.status in (202, 207, 422, 503), f"{what}: {answer.status} {answer.body[:200]!r}")
        require(answer.seconds < _ANSWER_SECONDS, f"{what}: answered after {answer.seconds:.1f} s")
    return Counter(answer.status for _, answer in answers), max(answer.seconds for _, answer in answers)


def _campaigns(stage: Stage) -> str:
    folder = stage.folder / f"bombs{time.monotonic_ns()}"
    folder.mkdir()
    environment = environment_of(stage, folder, f"sqlite:///{folder}/ledger.sqlite3")
    slowest = most = 0.0
    for what, html in {**TEMPLATES, **PAGES}.items():
        began = time.monotonic()
        file = campaign(
            folder, "bomb", html=f"<p>Hello</p>{html}<a href='{{{{ unsubscribe_url }}}}'>leave</a>"
        )
        with processes.started(["send", str(file), "--dry-run"], environment, folder / "log") as command:
            with Memory([command]) as memory:
                try:
                    code = command.wait(_COMMAND_SECONDS)
                except Fell:
                    raise Fell(
                        f"a campaign with {what} is not refused within {_COMMAND_SECONDS:g} s"
                    ) from None
            said = command.said()
        require(what in PAGES or code not in (0, -9), f"a campaign with {what} ended with {code}")
        require("Traceback" not in said, f"a campaign with {what} ends in a traceback")
        slowest, most = max(slowest, time.monotonic() - began), max(most, memory.together)
        (folder / "log").unlink()
    require(most < 600, f"a campaign's bomb took {most:.0f} MB")
    return f"{len(TEMPLATES)} templates refused, {slowest:.1f} s and {most:.0f} MB at most"


def campaign(folder: Path, name: str, *, html: str = "", readers: int = 3, **more: Any) -> Path:
    """Write a campaign to so many readers, and return its file."""
    rows = "".join(f"{name}.{number}@reader.example,Reader {number}\n" for number in range(readers))
    (folder / f"{name}.csv").write_text("email,first_name\n" + rows, encoding="utf-8")
    (folder / f"{name}.html.j2").write_text(html or "<p>Hello {{ first_name }}</p>", encoding="utf-8")
    content = {
        "name": name,
        "list": {"source": f"{name}.csv"},
        "from": f"Bright Books <{SENDER}>",
        "subject": "{{ first_name }}, spring is here",
        "html": f"{name}.html.j2",
        "postal_address": "Bright Books & Co, 1 High Street, Exampletown",
        **more,
    }
    file = folder / f"{name}.yaml"
    # JSON is YAML.
    file.write_text(json.dumps(content), encoding="utf-8")
    return file
