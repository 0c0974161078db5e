"""One template rendered with one recipient's values, and what goes wrong said without quoting the row."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType

import jinja2

from mail import render_limits
from mail.errors import TemplateError
from mail.template_environment import BUFFERS
from mail.templating import Template

# What an expression of a template may raise on what stands in a row.
_OF_EXPRESSIONS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)

_QUOTED = re.compile(r"'([^']*)'")


def render(template: Template, values: dict[str, object], row: int) -> str:
    """Return the rendered text. Raises TemplateError with the template, its line, the field and the row.

    `values` hold the environment's globals too. `row` is the 1-based data row of the list, 0 where there is
    none.
    """
    return "".join(pieces(template, values, row))


def pieces(template: Template, values: dict[str, object], row: int) -> list[str]:
    """Return the rendered text in the pieces that the template writes, its own and those of the row."""
    # None of these errors is chained: its own text may quote what stands in the recipient's row.
    try:
        return _rendered(template, values)
    except jinja2.UndefinedError as err:
        raise TemplateError(f"{_place(template, row, err)}: {_told(template, err)}; mend the name.") from None
    except jinja2.TemplateRuntimeError as err:
        raise TemplateError(f"{_place(template, row, err)}: {_told(template, err)}; take it out.") from None
    except _OF_EXPRESSIONS as err:
        mend = "give it a fallback"
        if isinstance(err, TypeError) and "'str'" in str(err):
            # Python's own text names types alone, and no value.
            mend = "a cell is text: write `points | int` or `price | float` where a number is wanted"
        raise TemplateError(
            f"{_place(template, row, err)}: an expression fails with {type(err).__name__} "
            f"on what stands in the row; {mend}."
        ) from None


def _rendered(template: Template, values: dict[str, object]) -> list[str]:
    """What `code.render` does, without its two copies of the values: a message takes three of them."""
    code = template.code
    try:
        written = BUFFERS.pieces
        written.clear()
        if template.is_limited:
            render_limits.begin()
        whole = list(code.root_render_func(code.new_context(values, shared=True)))
        if template.is_limited:
            render_limits.make(sum(map(len, whole)))
        return list(_taken_apart(whole, written)) if written else whole
    except (jinja2.TemplateRuntimeError, *_OF_EXPRESSIONS):
        # It goes on from here, with the template's own lines in its traceback.
        code.environment.handle_exception()


def _taken_apart(pieces: Iterable[str], written: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the pieces, and in place of what a macro or a block wrote the pieces of that."""
    todo = [(iter(pieces), sys.maxsize)]
    while todo:
        around, length = todo[-1]
        for piece in around:
            # Shorter each time, or a block that wrote nothing but another would be taken apart for ever.
            if piece in written and len(piece) < length:
                todo.append((iter(written[piece]), len(piece)))
                break
            yield piece
        else:
            todo.pop()


def at(row: int) -> str:
    """The row as a part of an error's sentence."""
    return f", row {row}" if row else ""


def _place(template: Template, row: int, error: BaseException) -> str:
    line = _line(error.__traceback__, template.place)
    return f"{template.place}{f', line {line}' if line else ''}{at(row)}"


def _line(trace: TracebackType | None, place: str) -> int:
    """The line of the template that the error came from, which Jinja writes into the traceback."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == place:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _told(template: Template, error: jinja2.TemplateRuntimeError) -> str:
    """The error's text, without any name that the row, and not the template, brought in."""

    def kept(quoted: re.Match[str]) -> str:
        name = quoted.group(1)
        return f"`{name}`" if name in template.source or name.endswith(" object") else "a name from the row"

    return _QUOTED.sub(kept, str(error.message)).rstrip(".")
