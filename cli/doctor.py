"""Whether everything is well that mail takes on its way: each thing looked at, the worst first."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

import click

from cli import output

if TYPE_CHECKING:
    from reports.checkup.finding import Result

# All is well, a person should look before something stops, something is broken.
_OK, _LOOK, _BROKEN = 0, 4, 1
ROOT = Path(__file__).resolve().parents[1]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Look at everything that mail takes on its way, and say what to do; changes nothing.

    Exit code 0: all is well, 4: warnings, 1: something is broken.
    """
    from reports.checkup import rounds
    from reports.checkup.finding import Level

    results = _results()
    worst = rounds.worst(results)
    if as_json:
        output.as_json({"worst": worst.value, "findings": [each.as_json() for each in results]})
    else:
        width = max(len(each.check) for each in results)
        for each in results:
            click.echo(f"{each.finding.level.value:7}  {each.check:{width}}  {each.finding.sentence}")
    if worst is not Level.OK:
        bad, odd = (
            [each.check for each in results if each.finding.level is level]
            for level in (Level.ERROR, Level.WARNING)
        )
        parts = [f"{', '.join(bad)} broken" if bad else "", f"warnings about {', '.join(odd)}" if odd else ""]
        first = results[0].finding.sentence.rstrip(".")
        click.echo(f"campaign: {'; '.join(filter(None, parts))}: {first}.", err=True)
    match worst:
        case Level.OK:
            context.exit(_OK)
        case Level.WARNING:
            context.exit(_LOOK)
        case Level.ERROR:
            context.exit(_BROKEN)
        case other:
            assert_never(other)


def _results() -> "list[Result]":
    """Look at everything, or at what needs no setting where one of them cannot be used."""
    from reports.checkup import finding
    from reports.checkup.checks import CHECKS, WITHOUT_SETTINGS
    from reports.checkup.rounds import Rounds
    from settings import Settings, SettingsError, settings

    try:
        around = finding.Surroundings(settings(), os.environ, ROOT, time.time)
    except SettingsError as err:
        checks = [each for each in CHECKS if each.name in WITHOUT_SETTINGS]
        around = finding.Surroundings(Settings.model_construct(), os.environ, ROOT, time.time)
        first = finding.Result(
            "settings", finding.error(f"{err} Nothing that needs a setting was looked at.")
        )
        return [first, *Rounds(checks).run(around)]
    return Rounds(CHECKS).run(around)
