"""What a policy does to a list, before it is used: a simulated campaign as a picture, and false halts."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, get_args

import click

from cli import output, paths
from mail.policy import PRESETS, Preset

if TYPE_CHECKING:
    from mail.policy import HaltRules
    from mail.simulation import Simulated

_TRUE_RATES = (0.01, 0.02, 0.03, 0.04)
_SHARE = click.FloatRange(0, 1)
_SECONDS = click.FloatRange(0, 86_400)


@click.command()
@click.option("--bounce-rate", type=_SHARE, default=0.08, show_default=True, help="Share that bounces hard.")
@click.option(
    "--latency", type=_SECONDS, default=120.0, show_default=True, help="Seconds until a bounce is heard of."
)
@click.option(
    "--delivery-latency", type=_SECONDS, default=5.0, show_default=True, help="The same of a delivery."
)
@click.option(
    "--spread", type=_SHARE, default=0.0, show_default=True, help="Give or take this share of them."
)
@click.option(
    "--silent", type=_SHARE, default=0.0, show_default=True, help="Share of which nothing is ever heard."
)
@click.option("--rejected", type=_SHARE, default=0.0, show_default=True, help="Share that SES refuses.")
@click.option(
    "--withheld", type=_SHARE, default=0.0, show_default=True, help="Share that SES takes and does not send."
)
@click.option("--recipients", type=click.IntRange(1, 500_000), default=50_000, show_default=True)
@click.option(
    "--rate", type=click.FloatRange(0.1, 10_000), default=200.0, show_default=True, help="A second."
)
@click.option("--preset", type=click.Choice(get_args(Preset)), default="normal", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Of what becomes of each recipient.")
@click.option("--false-halts", is_flag=True, help="Print how often chance alone halts a good list, instead.")
@click.option("--out", "path", type=paths.file(), help="Page (HTML) to draw it on.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def simulate(
    bounce_rate: float,
    latency: float,
    delivery_latency: float,
    spread: float,
    silent: float,
    withheld: float,
    rejected: float,
    recipients: int,
    rate: float,
    preset: Preset,
    seed: int,
    false_halts: bool,
    path: str | None,
    as_json: bool,
) -> None:
    """Simulate a campaign by the gate's own rules; nothing is sent, and no ledger or account is touched."""
    from pathlib import Path

    from mail.simulation import Scenario, simulate
    from reports import simulation_page

    rules = PRESETS[preset]
    if false_halts:
        _false_halts(recipients, rules, as_json)
        return
    scenario = Scenario(
        recipients,
        rate,
        bounce_rate,
        latency,
        delivery_latency,
        spread,
        silent,
        rejected=rejected,
        seed=seed,
        withheld=withheld,
    )
    found = simulate(scenario, rules)
    plain = simulate(scenario, replace(rules, ladder=(), unknown_at_most=recipients))
    if path is not None:
        simulation_page.write(Path(path), scenario, preset, rules, found, plain)
    if as_json:
        output.as_json(
            {"scenario": asdict(scenario), "preset": preset, **_figures(found), "plain": _figures(plain)}
        )
        return
    _tell(found, plain, recipients)
    if path is not None:
        click.echo(f"Picture: {path}")


def _figures(found: "Simulated") -> dict[str, object]:
    figures = asdict(found)
    del figures["points"]
    return figures


def _tell(found: "Simulated", plain: "Simulated", recipients: int) -> None:
    if found.stopped is None:
        click.echo(f"It goes out whole: {found.sent:,} sent in {found.seconds:,.0f} seconds.")
    else:
        click.echo(
            f"It stops after {found.stopped_at:,.0f} seconds ({found.stopped.rule}): {found.stopped.reason}"
        )
        click.echo(f"  {found.sent:,} of {recipients:,} sent")
    click.echo(
        f"  {found.final_bounces:,} bounced in the end; {found.most_unknown:,} without an outcome at most"
    )
    if found.withheld:
        click.echo(f"  {found.withheld:,} withheld by SES, which is in no rate")
    click.echo(f"Past a plain counter: {plain.sent:,} sent, {plain.final_bounces:,} bounced.")


def _false_halts(recipients: int, rules: "HaltRules", as_json: bool) -> None:
    from mail.false_halts import boundary, chance_of_halt

    halting = boundary(recipients, rules)
    chances = {rate: chance_of_halt(recipients, rate, halting) for rate in _TRUE_RATES}
    if as_json:
        output.as_json([{"bounce_rate": rate, "chance_of_halt": chance} for rate, chance in chances.items()])
        return
    rows = [(f"{rate:.0%}", f"{chance:.3%}") for rate, chance in chances.items()]
    output.table([("true rate", "halts by chance"), *rows])
