"""`python -m sandbox`: prints the environment that points at it, then `ready`, and serves."""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sandbox.behaviour import Behaviour
from sandbox.errors import SandboxError
from sandbox.options import SandboxOptions
from sandbox.service import serve


def main(arguments: list[str] | None = None) -> int:
    """Serve, and return the exit status: 0 ended when told to, 1 could not start, 2 wrong options."""
    try:
        options = _options(_parser().parse_args(arguments))
    # Text that is not UTF-8 comes as a ValueError.
    except (ValidationError, OSError, yaml.YAMLError, ValueError) as err:
        sys.stderr.write(f"{' '.join(str(err).split())}\n")
        return 2
    try:
        serve(options)
    except SandboxError as err:
        sys.stderr.write(f"{err}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="Stand-ins for SES, SNS, SQS, S3 and DNS."
    )
    parser.add_argument("--port", type=int, help="HTTP port of SES, SNS, SQS and the inbox; 0 for any")
    parser.add_argument("--dns-port", type=int, help="UDP and TCP port of the DNS responder; 0 for any")
    parser.add_argument("--s3-port", type=int, help="HTTP port of S3; 0 for any")
    parser.add_argument("--no-s3", dest="s3", action="store_false", default=None, help="leave S3 away")
    parser.add_argument("--rate", type=float, help="sending rate in recipients a second")
    parser.add_argument("--daily-quota", type=int, help="recipients in 24 hours; -1 for no limit")
    parser.add_argument("--seed", type=int, help="decides outcomes, delays and duplicates")
    parser.add_argument("--zone", type=Path, help="YAML file with DNS names that win over the sandbox's own")
    parser.add_argument("--behaviour", type=Path, help="YAML or JSON file with fields of the behaviour")
    parser.add_argument("--verified", action="append", help="address or domain that may send; repeatable")
    parser.add_argument(
        "--exit-with-parent", action="store_true", default=None, help="end with the parent process"
    )
    parser.add_argument("--options", help="JSON file with all options, - for stdin; the others win over it")
    return parser


def _options(given: argparse.Namespace) -> SandboxOptions:
    options: dict[str, Any] = {}
    if given.options:
        text = sys.stdin.read() if given.options == "-" else Path(given.options).read_text("utf-8")
        options = SandboxOptions.model_validate_json(text).model_dump()
    behaviour: dict[str, Any] = options.get("behaviour", {})
    if given.behaviour:
        told = yaml.safe_load(given.behaviour.read_text("utf-8")) or {}
        if not isinstance(told, dict):
            raise ValueError(
                f"{given.behaviour} holds no fields of the behaviour: write NAME: VALUE, a line each."
            )
        behaviour |= told
    for name, value in (
        ("rate_per_second", given.rate),
        ("daily_quota", given.daily_quota),
        ("seed", given.seed),
    ):
        if value is not None:
            behaviour[name] = value
    for name in ("port", "dns_port", "s3_port", "s3", "zone", "exit_with_parent"):
        value = getattr(given, name)
        if value is not None:
            options[name] = value
    if given.verified:
        options["verified_identities"] = tuple(given.verified)
    return SandboxOptions.model_validate(options | {"behaviour": Behaviour.model_validate(behaviour)})


if __name__ == "__main__":
    sys.exit(main())
