"""The `campaign` command: errors become one sentence on stderr and an exit code.

Exit codes: 0 completed, 1 could not, 2 wrong usage or input, 3 halted or breached, 4 paused or done for
today's warm-up, 5 all sent but some in doubt.
"""

import os
import sys
import traceback

import click

from cli import (
    account,
    announcements,
    callbacks,
    campaigns,
    database,
    demo,
    erase,
    inactive,
    keys,
    lists,
    plumbing,
    resuming,
    senders,
    sending,
    services,
    simulate,
    suppress,
)

WRONG_INPUT = 2
COULD_NOT = 1


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="campaign-pipeline")
def campaign() -> None:
    """Send e-mail campaigns that mail nobody twice, forget nobody, and halt at 5 % hard bounces."""


for command in (
    demo.demo,
    lists.clean,
    lists.accept_suggestions,
    sending.preview,
    sending.send,
    campaigns.status,
    campaigns.halt,
    resuming.resume,
    campaigns.cancel,
    campaigns.in_doubt,
    campaigns.report,
    simulate.simulate,
    account.account,
    callbacks.callbacks,
    suppress.suppress,
    erase.erase,
    inactive.inactive,
    keys.keys,
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
        with announcements.shown():
            code = campaign.main(prog_name="campaign", standalone_mode=False)
    except click.exceptions.Abort:
        _fail("interrupted.", COULD_NOT)
    except click.exceptions.NoArgsIsHelpError as err:
        err.show()
        sys.exit(err.exit_code)
    except click.exceptions.ClickException as err:
        _fail(_in_one_line(err), err.exit_code)
    except Exception as err:  # noqa: BLE001 - the one place where every error becomes a sentence.
        if os.environ.get("CAMPAIGN_DEBUG"):
            traceback.print_exc()
        _fail(*_sentence(err))
    sys.exit(code if isinstance(code, int) else 0)


def _in_one_line(err: click.exceptions.ClickException) -> str:
    """Return what click says, with the way to the help where the wording of the command was wrong."""
    text = " ".join(err.format_message().split())
    if isinstance(err, click.exceptions.UsageError) and err.ctx is not None:
        return f"{text} See `{err.ctx.command_path} --help`."
    return text


def _sentence(err: Exception) -> tuple[str, int]:
    """Return what to tell the person, and the exit code."""
    from ledger.errors import LedgerError
    from lists.errors import ListError
    from mail.errors import MailError
    from settings import SettingsError

    if isinstance(err, LedgerError | ListError | MailError | SettingsError):
        return str(err), WRONG_INPUT
    from reports.errors import ReportError

    if isinstance(err, ReportError):
        return str(err), COULD_NOT
    # The text of a foreign error may quote a recipient; its name does not.
    return f"{type(err).__name__}: this should not happen; CAMPAIGN_DEBUG=1 shows where it did.", COULD_NOT


def _fail(sentence: str, code: int) -> None:
    click.echo(f"campaign: {sentence}", err=True)
    sys.exit(code)
