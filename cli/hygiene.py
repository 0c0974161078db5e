"""The choices of list hygiene as options of a command."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

# As in lists.policy, which is not imported before a command needs it.
Quote: TypeAlias = Literal["", '"', "none"]
QUOTE = click.option(
    "--quote",
    type=click.Choice(['"', "none"]),
    help="What stands around cells; none: quotes mean nothing in this list.",
)


def _kept(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    from lists.policy import a_row_to_keep

    try:
        return None if value is None else a_row_to_keep(value)
    except ValueError as err:
        raise click.BadParameter(f"{value!r} {err}.") from err


_FATE = click.Choice(["drop", "flag", "keep"])
_OPTIONS = (
    click.option("--role-alias", type=_FATE, help="What becomes of info@ and the like.  [default: drop]"),
    click.option(
        "--role-names",
        "role_names_file",
        type=click.Path(exists=True, dir_okay=False),
        help="File that adds a role name a line, or with ! before it takes one out.",
    ),
    click.option("--disposable", type=_FATE, help="What becomes of throw-away mailboxes.  [default: flag]"),
    click.option(
        "--disposable-domains",
        "disposable_domains_file",
        type=click.Path(exists=True, dir_okay=False),
        help="File that adds a disposable domain a line, or with ! before it takes one out.",
    ),
    click.option("--free-mail", type=_FATE, help="What becomes of free-mail addresses.  [default: keep]"),
    click.option(
        "--keep",
        metavar="WHICH",
        callback=_kept,
        help="Of several rows with one address: first, last, or newest:COLUMN.  [default: first]",
    ),
    click.option("--typo", type=_FATE, help="What becomes of mistyped providers.  [default: flag]"),
)


def options(command: Command) -> Command:
    """Give a command the options; they come as keywords, None where they were not given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of HygienePolicy that were given."""
    return {name: value for name, value in choices.items() if value is not None}
