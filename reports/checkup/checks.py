"""The list of all checks, and the names of their figures: docs/monitoring.md is held to both."""

from reports.checkup import amazon_checks, ledger_checks, machine_checks, prefect_checks, size_checks
from reports.checkup.finding import Check, Level

_ASK_LEDGER = "see that the database runs and that its disk answers"
_ASK_AWS = "check the AWS credentials, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL and the network"
_ASK_PREFECT = "see that the Prefect server at PREFECT_API_URL runs"

CHECKS = (
    Check("database", "The ledger", ledger_checks.database, _ASK_LEDGER, Level.ERROR),
    Check("schema", "The schema", ledger_checks.schema, _ASK_LEDGER),
    Check("settings", "What is set", amazon_checks.settings_to_send, "see the settings in README.md"),
    Check("ses", "Amazon SES", amazon_checks.ses, _ASK_AWS, Level.ERROR),
    Check("quota", "SES's quota", amazon_checks.quota, _ASK_AWS),
    Check("account", "The account's standing", ledger_checks.account_standing, _ASK_LEDGER),
    Check("breaker", "The breaker", ledger_checks.silence, _ASK_LEDGER),
    Check("mail", "What waits to be sent", ledger_checks.mail, _ASK_LEDGER),
    Check("queue", "The event queue", amazon_checks.queue, _ASK_AWS, Level.ERROR),
    Check("drained", "The collecting of events", ledger_checks.drained, _ASK_LEDGER),
    Check("dead_letters", "The dead-letter queue", amazon_checks.dead_letters, _ASK_AWS),
    Check("unread", "What could not be read", ledger_checks.unread_events, _ASK_LEDGER),
    Check("callbacks", "What receivers are owed", ledger_checks.callbacks, _ASK_LEDGER),
    Check("workers", "The Prefect server", prefect_checks.workers, _ASK_PREFECT, Level.ERROR),
    Check("late_runs", "Prefect's list of runs", prefect_checks.late_runs, _ASK_PREFECT),
    Check("deployments", "Prefect's list of deployments", prefect_checks.deployments, _ASK_PREFECT),
    Check(
        "certificate",
        "The address of CAMPAIGN_PUBLIC_URL",
        machine_checks.certificate,
        "see that the proxy before `campaign api` runs",
        Level.ERROR,
    ),
    Check("secrets", "The age of AWS's keys", machine_checks.secrets, "look at ~/.aws/credentials"),
    Check("keys", "The keys of the API", ledger_checks.keys, _ASK_LEDGER),
    Check("disk", "The free space", machine_checks.disk, "see that the disks answer", Level.ERROR),
    Check("files", "The files' modes", machine_checks.files, "run `campaign db files`"),
    Check("tables", "The size of the tables", size_checks.tables, _ASK_LEDGER),
    Check("python", "Python", machine_checks.python, "upgrade Python"),
)

# What can be looked at where a setting cannot be used.
WITHOUT_SETTINGS = frozenset({"ses", "workers", "late_runs", "deployments", "python"})

# Each figure's name, what it says, and the label that tells apart what it is of.
FIGURES = {
    "campaign_database_answer_seconds": ("Time the ledger took to answer.", ""),
    "campaign_database_bytes": ("Size of the ledger.", ""),
    "campaign_table_rows": ("Rows of the ledger's tables; on PostgreSQL about.", "table"),
    "campaign_events_lately": ("Events that came in within 24 hours.", ""),
    "campaign_oldest_queued_seconds": ("How long the oldest e-mail of the API has waited to be sent.", ""),
    "campaign_clock_ahead_seconds": ("How far the ledger's times are ahead of this machine's clock.", ""),
    "campaign_queue_messages": ("Events that wait on the queue.", ""),
    "campaign_queue_in_flight": ("Events of the queue that somebody is just reading.", ""),
    "campaign_queue_drained_seconds": ("How long ago the queue was last seen empty.", ""),
    "campaign_dead_letters": ("Events on the dead-letter queue.", ""),
    "campaign_unread_messages": ("Messages of the queue that were no events.", ""),
    "campaign_unread_oldest_seconds": ("How long the oldest of those has been kept.", ""),
    "campaign_callbacks_due": ("Callbacks that are due.", ""),
    "campaign_callbacks_oldest_seconds": ("How long the oldest of those has been due.", ""),
    "campaign_callbacks_failed_lately": ("Callbacks that were given up within 24 hours.", ""),
    "campaign_breaker_open": ("1 where SES gives no answers and single messages probe.", ""),
    "campaign_account_suspended": ("1 where our own rule has stopped the account.", ""),
    "campaign_owners_stopped": ("Owners whose single mail is stopped.", ""),
    "campaign_account_bounce_rate": (
        "The account's hard bounces over accepted messages of 30 days.",
        "",
    ),
    "campaign_ses_sending": ("1 where SES lets the account send.", ""),
    "campaign_quota_left": ("Messages that SES still takes in these 24 hours.", ""),
    "campaign_quota_limit": ("Messages that SES takes in 24 hours.", ""),
    "campaign_workers_online": ("Prefect workers that are there.", "pool"),
    "campaign_late_runs": ("Runs that should have begun more than five minutes ago.", ""),
    "campaign_deployments_missing": ("Deployments of prefect.yaml that are not on the server.", ""),
    "campaign_certificate_seconds_left": ("How long the certificate of CAMPAIGN_PUBLIC_URL holds.", ""),
    "campaign_aws_key_seconds": ("How long ago the file of AWS's keys was changed.", ""),
    "campaign_api_key_oldest_seconds": ("Age of the oldest key of the API that is good.", ""),
    "campaign_disk_free_bytes": ("Free space.", "place"),
    "campaign_files_open": ("Files with addresses that others on this machine can read.", ""),
}
