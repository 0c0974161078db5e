"""Jinja2 as campaigns write it: sandboxed, strict about names, columns before Python's own.

A cell is text and a row is a mapping of texts, so that an attribute of either is hardly ever meant: where a
list has a column `items`, `row.items` is that column, and where an expression gives anything but text or a
number, such as a method or a whole row, the message is refused and not sent with Python's words in it.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from numbers import Number
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError, TemplateRuntimeError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mail import limited_code, render_limits

_METHODS = (BuiltinMethodType, MethodType, FunctionType)


class _Method:
    """A method that a template reached: it can be called, and never becomes text."""

    __slots__ = ("_call", "_name", "_of")

    def __init__(self, call: Callable[..., Any], name: str, of: Any) -> None:
        self._call, self._name, self._of = call, name, of

    def __call__(self, *args: Any, **named: Any) -> Any:
        if named:
            # In the order of the method's own, which is the one that is measured.
            render_limits.method(self._of, self._name, (*args, *named.values()))
        else:
            args = render_limits.method(self._of, self._name, args)
        return self._call(*args, **named)

    def __str__(self) -> str:
        raise TemplateRuntimeError(f"'{self._name}' is a method: write it with brackets, or name a column")


class _Buffers(threading.local):
    """What macros and blocks wrote while one text was rendered, in the pieces they wrote it in."""

    def __init__(self) -> None:
        self.pieces: dict[str, list[str]] = {}


BUFFERS = _Buffers()


def _joined(pieces: Iterable[str]) -> str:
    """Join what a macro or block wrote, and keep the pieces."""
    written = list(pieces)
    whole = render_limits.joined(written)
    # A block that wrote nothing but a macro's text would hide the pieces of that.
    BUFFERS.pieces.setdefault(whole, written)
    return whole


class Environment(ImmutableSandboxedEnvironment):
    """The sandbox, in which a template cannot make a text of a gigabyte either (mail.render_limits)."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    concat = staticmethod(_joined)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator in ("+", "%"):
            render_limits.operation(operator, left, right)
            return render_limits.made(super().call_binop(context, operator, left, right))
        if operator == "**" or not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError(
                f"{operator} is for numbers alone" if operator == "*" else "** is not allowed"
            )
        render_limits.operation(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Any, __obj: Any, *args: Any, **named: Any) -> Any:
        # Named as Jinja names them, so that no argument of a template's can be in their way.
        render_limits.step()
        if args and isinstance(__obj, LoopContext):
            args = (render_limits.counted(args[0]), *args[1:])
        return render_limits.made(super().call(__context, __obj, *args, **named))

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping):
            try:
                return obj[attribute]
            except LookupError:
                pass
            if (column := lower_case(obj, attribute)) is not None:
                return obj[column]
        value = super().getattr(obj, attribute)
        return _Method(value, attribute, obj) if isinstance(value, _METHODS) else value

    def getitem(self, obj: Any, argument: Any) -> Any:
        """What stands in `row["name"]` is a column or nothing: a mapping's methods have no such names."""
        if type(argument) is not str:
            render_limits.measure(argument)
        if isinstance(obj, Mapping):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                column = lower_case(obj, argument)
                return self.undefined(obj=obj, name=argument) if column is None else obj[column]
        value = super().getitem(obj, argument)
        return _Method(value, str(argument), obj) if isinstance(value, _METHODS) else value


def environment(*, autoescape: bool) -> Environment:
    """Return the environment of a campaign's HTML (escaped) or of its subject and text (as they are)."""
    made = Environment(autoescape=autoescape, undefined=jinja2.StrictUndefined, finalize=_text_alone)
    for name in ("lipsum", "cycler", "joiner"):
        del made.globals[name]
    made.filters["attr"] = _attr
    made.filters["default"] = made.filters["d"] = _default
    made.filters = limited_code.filters(made.filters)
    made.tests = render_limits.tests(made.tests)
    return made


def columns_first(tree: nodes.Template) -> nodes.Template:
    """Return the tree in which `row.items` can be a column alone, and `self` is a column as any other name.

    Only what is called, as in `row.items()`, may be a method. Raises PythonsOwn where a template reaches for
    an attribute of Python's.
    """
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    for item in tree.find_all(nodes.Getattr):
        _refuse_pythons_own(item.lineno, item.node, item.attr)
    for part in tree.find_all(nodes.Getitem):
        _refuse_pythons_own(
            part.lineno, part.node, part.arg.value if isinstance(part.arg, nodes.Const) else None
        )
    return limited_code.limited(_ColumnsFirst(called).visit(tree))


class _ColumnsFirst(jinja2.visitor.NodeTransformer):
    def __init__(self, called: set[int]) -> None:
        self._called = called

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        # `self.title()` is a block's, written a second time.
        if not (isinstance(node.node, nodes.Name) and node.node.name == "self"):
            self.generic_visit(node)
        if id(node) in self._called or not _is_row(node.node):
            return node
        return nodes.Getitem(
            node.node, nodes.Const(node.attr, lineno=node.lineno), node.ctx, lineno=node.lineno
        )

    def visit_Name(self, node: nodes.Name) -> nodes.Node:
        if node.name != "self" or node.ctx != "load":
            return node
        row = nodes.Name("row", "load", lineno=node.lineno)
        return nodes.Getitem(row, nodes.Const("self", lineno=node.lineno), "load", lineno=node.lineno)


def asks_for_self(tree: nodes.Template) -> bool:
    """Return whether a template writes `self` as it would a column; `self.title()` is a block's."""
    of_blocks = {id(item.node) for item in tree.find_all(nodes.Getattr)}
    return any(
        name.name == "self" and name.ctx == "load" and id(name) not in of_blocks
        for name in tree.find_all(nodes.Name)
    )


def _is_row(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "row"


def _refuse_pythons_own(line: int, of: nodes.Node, name: object) -> None:
    if not isinstance(name, str) or _is_row(of):
        return
    if name == "mro" or (name.startswith("__") and name.endswith("__")):
        raise PythonsOwn(line, name)


class PythonsOwn(Exception):
    """A template reaches for an attribute of Python's own."""

    def __init__(self, line: int, name: str) -> None:
        self.line, self.name = line, name
        super().__init__(f"line {line}: `{name}` is Python's own")


def _text_alone(value: object) -> object:
    """Let text and numbers through, and nothing that would go out as Python writes it."""
    kind = type(value)
    if kind is str or value is None or isinstance(value, str | Number | jinja2.Undefined):
        return value
    if isinstance(value, _Method):
        return str(value)
    if hasattr(kind, "__html__"):
        return value
    raise TemplateRuntimeError(
        f"an expression gives {_named(value)} where text is wanted: write one of its values"
    )


def _named(value: object) -> str:
    match value:
        case Mapping():
            return "a whole row"
        case list() | tuple() | set():
            return "a list"
        case _:
            return "something of Python's own"


def lower_case(columns: Iterable[object], name: object) -> str | None:
    """Return the one column whose name in lower case this is, or None where there is none or are several."""
    if not isinstance(name, str) or name != name.lower():
        return None
    found = [column for column in columns if isinstance(column, str) and column.lower() == name]
    return found[0] if len(found) == 1 else None


def _default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """`{{ first_name | default("there") }}`: an empty cell gets the default, as people expect of it.

    To Jinja only a name that does not exist has none, and that is an error before anything is sent here.
    """
    empty = value is None or isinstance(value, jinja2.Undefined) or (boolean and not value)
    return default_value if empty or (isinstance(value, str) and not value.strip()) else value


@jinja2.pass_environment
def _attr(environment: Environment, obj: Any, name: Any) -> Any:
    """`row | attr("items")`, which is the column as well."""
    if isinstance(obj, Mapping) and str(name) in obj:
        return obj[str(name)]
    return jinja2.filters.do_attr(environment, obj, name)
