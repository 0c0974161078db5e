"""What rendering one text may take: steps, seconds of a processor, and letters that it makes.

A template is code of whoever wrote the campaign, and a slip in it must not take the machine that sends for
others. Nothing stops Python within one call such as `'x'.ljust(2000000000)`, so what could make a long text
out of a short one is measured before it is called, and everything else is counted.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any

from jinja2.exceptions import TemplateRuntimeError

STEPS = 100_000
PROCESSOR_SECONDS = 2.0
# More than SES takes of a whole message (mail.ses_limits).
LETTERS = 50_000_000
# The widest that a column, an indent and the like may be, and the deepest indent of JSON.
WIDEST = 100_000
_WIDEST_OF = {"tojson": 100}
_LONGEST_NUMBER_BITS = 4_096
# Of lists within lists, which a few steps nest so that writing them out would never end.
_MOST_VALUES = 100_000

_STEPS_A_LOOK = 16
_WIDE = re.compile(r"%(?:\([^)]*\))?[-#0 +]*(?:\d{6,}|\*|\d*\.(?:\d{6,}|\*))|\{[^{}]*:[^{}]*(?:\d{6,}|\{)")
_MEASURED = frozenset(
    {"center", "indent", "wordwrap", "batch", "slice", "round", "tojson", "truncate", "urlize", "replace"}
)
_COMPARING = frozenset(
    {"eq", "equalto", "==", "ne", "!=", "in", "lt", "lessthan", "<", "le", "<=", "gt", "greaterthan", ">"}
    | {"ge", ">="}
)
_PLAIN = frozenset({str, int, float, bool, type(None)})


class TooMuch(TemplateRuntimeError):
    """A text takes more than one message is worth."""


class _Spent(threading.local):
    """What the text that is rendered on this thread has taken so far."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.steps = self.letters = 0
        self.until = 0.0


_SPENT = _Spent()
begin = _SPENT.begin


def step() -> None:
    """Count one round of a loop, one call or one filter."""
    spent = _SPENT
    spent.steps += 1
    if spent.steps % _STEPS_A_LOOK:
        return
    if spent.steps > STEPS:
        raise TooMuch(f"rendering takes more than {STEPS:,} rounds of loops and calls")
    # The first look begins the time: most texts are done before it.
    now = time.thread_time()
    spent.until = spent.until or now + PROCESSOR_SECONDS
    if now > spent.until:
        raise TooMuch(f"rendering takes more than {PROCESSOR_SECONDS:g} seconds")


def make(letters: int) -> None:
    """Count letters, or members of a list, that are made, if possible before they are."""
    _SPENT.letters += letters
    if _SPENT.letters > LETTERS:
        raise TooMuch(f"rendering makes more than {LETTERS:,} letters")


def made(value: Any) -> Any:
    """Count a value that a call or filter gave, and return it."""
    if isinstance(value, str | bytes | list | tuple):
        make(len(value))
    return value


def counted(values: Iterable[Any]) -> Iterator[Any]:
    """Yield what a loop goes through, and count its rounds."""
    for value in values:
        step()
        yield value


def joined(pieces: Iterable[str]) -> str:
    """Join what was written."""
    written = list(pieces)
    make(sum(map(len, written)))
    return "".join(written)


def measure(value: Any) -> Any:
    """Refuse a list that holds more than anybody writes out, counted with all that stands in it."""
    if type(value) not in _PLAIN and isinstance(value, list | tuple | set | frozenset | Mapping):
        _measure(value, 0)
    return value


def _measure(value: Any, seen: int) -> int:
    members = [*value.keys(), *value.values()] if isinstance(value, Mapping) else value
    seen += len(members)
    if seen > _MOST_VALUES:
        raise TooMuch(f"a list holds more than {_MOST_VALUES:,} values")
    for member in members:
        if isinstance(member, list | tuple | set | frozenset | Mapping):
            seen = _measure(member, seen + 1)
    return seen


def operation(operator: str, left: Any, right: Any) -> None:
    """Refuse an operation whose outcome would be too large; count what it makes."""
    match operator:
        case "+" if hasattr(left, "__len__") and hasattr(right, "__len__"):
            make(len(left) + len(right))
        case "*" if isinstance(left, int) and isinstance(right, int):
            if left.bit_length() + right.bit_length() > _LONGEST_NUMBER_BITS:
                raise TooMuch("a number has more than 1,000 digits")
        case "%" if isinstance(left, str | bytes):
            _format(left, right if isinstance(right, tuple) else (right,))
        case _:
            pass


def method(of: Any, name: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Count a call of a method, refuse it where its outcome would be too large; return its arguments."""
    if name in ("format", "format_map"):
        _format(of, arguments)
    elif isinstance(of, str | bytes | int):
        _widths(name, arguments)
        arguments = _measured(of, name, arguments)
    else:
        # Looking for one in a list or a mapping compares and hashes.
        for argument in arguments:
            measure(argument)
    return arguments


def _measured(of: Any, name: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    match name, arguments:
        case "replace", (old, new, *_):
            make(_replaced(of, old, new))
        case "expandtabs", (size, *_) if isinstance(size, int):
            make(len(of) + of.count("\t" if isinstance(of, str) else b"\t") * max(size, 0))
        case "translate", (table, *_) if isinstance(table, Mapping):
            longest = max((len(each) for each in table.values() if isinstance(each, str)), default=1)
            make(len(of) * longest)
        case "join", (values, *_):
            values = list(values)
            make(sum(len(each) for each in values if isinstance(each, str)) + len(of) * len(values))
            return (values,)
    return arguments


def _replaced(text: Any, old: Any, new: Any) -> int:
    if not (isinstance(text, str) and isinstance(old, str) and isinstance(new, str)):
        return 0
    return len(text) + text.count(old) * len(new)


def _format(form: Any, arguments: Iterable[Any]) -> None:
    if isinstance(form, bytes) or _WIDE.search(form):
        raise TooMuch(f"a format wants more than {WIDEST:,} places, or as many as a value says")
    for argument in arguments:
        measure(argument)


def _widths(name: str, arguments: Iterable[Any]) -> None:
    widest = _WIDEST_OF.get(name, WIDEST)
    for argument in arguments:
        if isinstance(argument, int) and abs(argument) > widest:
            raise TooMuch(f"`{name}` is given a number above {widest:,}")


def filters(all_: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return filters that are counted, and measured where they make a long text out of a short one."""
    return {name: _filter(name, given) for name, given in all_.items()}


def tests(all_: Mapping[str, Any]) -> dict[str, Any]:
    """Return tests of which those that compare are measured."""
    return {name: _test(given) if name in _COMPARING else given for name, given in all_.items()}


def _test(given: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(given)
    def limited(*arguments: Any) -> Any:
        for argument in arguments:
            measure(argument)
        return given(*arguments)

    return limited


def _filter(name: str, given: Callable[..., Any]) -> Callable[..., Any]:
    # What Jinja passes to some filters before the value.
    first = 1 if hasattr(given, "jinja_pass_arg") else 0
    is_measured = name in _MEASURED

    @wraps(given)
    def limited(*arguments: Any, **named: Any) -> Any:
        step()
        for value in arguments[first:]:
            if type(value) not in _PLAIN:
                measure(value)
        if is_measured:
            _before(name, arguments[first:], named)
        elif name == "format":
            _format(str(arguments[first]), (*arguments[first + 1 :], *named.values()))
        elif name == "join":
            arguments = _before_join(arguments, first, named)
        return made(given(*arguments, **named))

    return limited


def _before(name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    value, *options = *arguments, *named.values()
    _widths(name, options)
    texts = [each for each in options if isinstance(each, str)]
    longest = max([0, *(len(each) for each in texts), *(each for each in options if isinstance(each, int))])
    match name:
        case "indent":
            make(str(value).count("\n") * longest)
        case "wordwrap" | "urlize":
            # A line or a link for every few letters at most.
            make(len(str(value)) // 4 * sum(map(len, texts)))
        case "replace" if len(texts) >= 2:
            make(_replaced(str(value), texts[0], texts[1]))
        case _:
            pass


def _before_join(arguments: tuple[Any, ...], first: int, named: Mapping[str, Any]) -> tuple[Any, ...]:
    if len(arguments) <= first:
        return arguments
    values = list(counted(arguments[first]))
    between = arguments[first + 1] if len(arguments) > first + 1 else named.get("d", "")
    make(sum(len(each) for each in values if isinstance(each, str)) + len(str(between)) * len(values))
    return (*arguments[:first], values, *arguments[first + 1 :])
