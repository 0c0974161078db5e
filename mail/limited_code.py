"""Templates compiled so that what could take the machine goes by mail.render_limits, and the rest by nothing.

A template that keeps nothing (`set`, `with`, macros) has texts of a row alone, and what stands outside of its
loops happens once: there most filters, `~` and comparisons cannot grow, and cost what they always did.
"""

from collections.abc import Callable
from typing import Any

from jinja2 import nodes, pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import markup_join, str_join
from jinja2.visitor import NodeTransformer

from mail import render_limits

# Filters that no template can name.
_COUNTED = "counted rounds"
_MEASURED = "measured value"
_TILDE = "joined by tilde"
_PLAIN = "plain {}"

# What makes no longer text than a few times the one that it is given.
_BOUNDED = frozenset(
    {"abs", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "forceescape", "int"}
    | {"last", "length", "lower", "safe", "striptags", "title", "trim", "upper"}
)
_KEEPS = (nodes.Assign, nodes.AssignBlock, nodes.With, nodes.Macro, nodes.CallBlock)
_GROWS = (nodes.For, nodes.Call, nodes.Add, nodes.Mod, nodes.Mul, nodes.FilterBlock)


def filters(all_: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return what templates call: the filters that are counted, and beside them those that need not be."""
    return {
        **render_limits.filters(all_),
        **{_PLAIN.format(name): all_[name] for name in _BOUNDED},
        _COUNTED: render_limits.counted,
        _MEASURED: render_limits.measure,
        _TILDE: _tilde,
    }


def is_limited(tree: nodes.Template) -> bool:
    """Return whether anything in a template, as it was written, could take more than the text is worth."""
    return next(tree.find_all((*_KEEPS, *_GROWS)), None) is not None or any(
        each.name not in _BOUNDED for each in tree.find_all(nodes.Filter)
    )


def limited(tree: nodes.Template) -> nodes.Template:
    """Return the tree in which no loop, and nothing that could grow, goes uncounted."""
    keeps = next(tree.find_all(_KEEPS), None) is not None
    return _Limited(keeps).visit(tree)  # type: ignore[no-any-return]


class _Limited(NodeTransformer):
    def __init__(self, keeps: bool) -> None:
        # How often what is looked at may happen: more than once where this is above 0.
        self._within = int(keeps)

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self._within += 1
        self.generic_visit(node)
        self._within -= 1
        node.iter = _through(_COUNTED, node.iter)
        return node

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:
        self.generic_visit(node)
        if not self._within and node.name in _BOUNDED:
            node.name = _PLAIN.format(node.name)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        # Joined again and again, a text doubles each time.
        return _through(_TILDE, nodes.Tuple(node.nodes, "load", lineno=node.lineno)) if self._within else node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        sides = (node.expr, *(each.expr for each in node.ops))
        # With a word or a number it takes no time, whatever the other side is.
        if self._within and not any(isinstance(side, nodes.Const) for side in sides):
            node.expr = _through(_MEASURED, node.expr)
            for each in node.ops:
                each.expr = _through(_MEASURED, each.expr)
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:
        self.generic_visit(node)
        if self._within and not isinstance(node.key, nodes.Const):
            node.key = _through(_MEASURED, node.key)
        return node


def _through(name: str, value: nodes.Node) -> nodes.Filter:
    return nodes.Filter(value, name, [], [], None, None, lineno=value.lineno)


@pass_eval_context
def _tilde(context: EvalContext, values: tuple[Any, ...]) -> str:
    """Join what stands around `~`."""
    for value in values:
        render_limits.measure(value)
    render_limits.make(sum(len(value) for value in values if isinstance(value, str)))
    return markup_join(values) if context.autoescape else str_join(values)
