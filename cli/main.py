"""The `campaign` command: errors become one sentence on stderr and an exit code.

Exit codes: 0 completed, 1 could not, 2 wrong usage or input, 3 halted or breached, 4 paused or done for
today's warm-up, 5 all sent but some in doubt.
"""

import os
import sys
import traceback
from collections.abc import Sequence

import click

from cli import (
    account,
    amendments,
    announcements,
    callbacks,
    campaigns,
    database,
    demo,
    doctor,
    erase,
    events,
    failures,
    inactive,
    keys,
    lists,
    messages,
    plumbing,
    readings,
    resuming,
    senders,
    sending,
    services,
    simulate,
    suppress,
    trials,
)
from mail import termination


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="campaign-pipeline")
def campaign() -> None:
    """Send e-mail campaigns that mail nobody twice, forget nobody, and halt at 5 % hard bounces."""


for command in (
    demo.demo,
    lists.clean,
    lists.accept_suggestions,
    sending.preview,
    trials.test_send,
    sending.send,
    campaigns.status,
    readings.list_campaigns,
    readings.compare,
    campaigns.halt,
    resuming.resume,
    amendments.change,
    campaigns.cancel,
    campaigns.in_doubt,
    campaigns.report,
    simulate.simulate,
    account.account,
    doctor.doctor,
    callbacks.callbacks,
    suppress.suppress,
    events.events,
    erase.erase,
    inactive.inactive,
    keys.keys,
    messages.messages,
    senders.senders,
    plumbing.collect,
    plumbing.setup,
    database.db,
    services.sandbox,
    services.api,
    services.ui,
):
    campaign.add_command(command)


def main() -> None:
    """Run the command line and exit."""
    try:
        _refuse_names_that_are_no_text(sys.argv[1:])
        with announcements.shown():
            code = campaign.main(prog_name="campaign", standalone_mode=False)
    except click.exceptions.Abort:
        _fail("interrupted.", failures.COULD_NOT)
    except click.exceptions.NoArgsIsHelpError as err:
        err.show()
        sys.exit(err.exit_code)
    except click.exceptions.ClickException as err:
        _fail(_in_one_line(err), err.exit_code)
    except termination.Terminated:
        click.echo("campaign: told to end: what was under way is recorded, and nothing is lost.", err=True)
        termination.end_by_signal()
    except BrokenPipeError:
        # Whoever read along has gone, as `head` does; Python's own flush at the end would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(failures.COULD_NOT)
    except Exception as err:  # noqa: BLE001 - the one place where every error becomes a sentence.
        from settings import is_on

        if is_on(os.environ.get("CAMPAIGN_DEBUG", "")):
            traceback.print_exc()
        _fail(*failures.told(err))
    sys.exit(code if isinstance(code, int) else 0)


def _refuse_names_that_are_no_text(arguments: Sequence[str]) -> None:
    """Refuse what cannot be stored or printed: it reaches a program as bytes that are no UTF-8."""
    for each in arguments:
        if not each.isascii() and each != each.encode("utf-8", "ignore").decode("utf-8"):
            raise click.UsageError(
                f"{failures.not_utf_8(each)} is not UTF-8: rename the file with letters in UTF-8."
            )


def _in_one_line(err: click.exceptions.ClickException) -> str:
    """Return what click says, with the way to the help where the wording of the command was wrong."""
    text = " ".join(err.format_message().split())
    if isinstance(err, click.exceptions.UsageError) and err.ctx is not None:
        return f"{text} See `{err.ctx.command_path} --help`."
    return text


def _fail(sentence: str, code: int) -> None:
    click.echo(f"campaign: {sentence}", err=True)
    sys.exit(code)
