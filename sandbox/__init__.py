"""Stand-ins for the world on this machine: SES with its SNS and SQS, S3, DNS, and an inbox to look into."""

from sandbox.behaviour import Behaviour, EventType, Failure, FailureKind, OutcomeRule, Publishing
from sandbox.errors import SandboxError
from sandbox.options import SandboxOptions
from sandbox.process import RunningSandbox, start
from sandbox.service import serve

__all__ = [
    "Behaviour",
    "EventType",
    "Failure",
    "FailureKind",
    "OutcomeRule",
    "Publishing",
    "RunningSandbox",
    "SandboxError",
    "SandboxOptions",
    "serve",
    "start",
]
