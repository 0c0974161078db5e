"""Which domain of the samples' world answers how."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.errors import SandboxError

_OWN = Path(__file__).with_name("zone.yaml")
_WITH_MAIL = ("example", "example.com", "example.net", "example.org", "simulator.amazonses.com")


class Answer(StrEnum):
    """How DNS answers for a domain."""

    MX = "mx"
    NXDOMAIN = "nxdomain"
    NULL_MX = "null_mx"
    ADDRESS_ONLY = "address_only"
    NO_DATA = "no_data"
    DANGLING_MX = "dangling_mx"
    PRIVATE_MX = "private_mx"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    ALIAS = "alias"


class _ZoneFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    mx: list[str] = []
    nxdomain: list[str] = []
    null_mx: list[str] = []
    address_only: list[str] = []
    no_data: list[str] = []
    dangling_mx: list[str] = []
    private_mx: list[str] = []
    servfail: list[str] = []
    refused: list[str] = []
    timeout: list[str] = []
    alias: dict[str, str] = {}


class Zone:
    """Answers by name; a listed name speaks for everything below it."""

    def __init__(self, listed: Mapping[str, Answer], aliases: Mapping[str, str]) -> None:
        self._listed = dict(listed)
        self._aliases = dict(aliases)

    def answer(self, name: str) -> Answer:
        """Return how the zone answers for a name, which is in A-label form or Unicode, in any case."""
        name = _canonical(name)
        labels = name.split(".")
        for start in range(len(labels)):
            found = self._listed.get(".".join(labels[start:]))
            if found is not None:
                return found
        if labels[-1] == "invalid":
            return Answer.NXDOMAIN
        if any(name == parent or name.endswith("." + parent) for parent in _WITH_MAIL):
            return Answer.MX
        # Nothing is known about the rest of the world, and nothing may leave this machine to find out.
        return Answer.REFUSED

    def alias_target(self, name: str) -> str | None:
        """Return where the CNAME of an alias leads."""
        return self._aliases.get(_canonical(name))


def load(extra: Path | None = None) -> Zone:
    """Read the zone that comes with the sandbox, and `extra` over it.

    Raises SandboxError where a file cannot be read or has another shape.
    """
    listed: dict[str, Answer] = {}
    aliases: dict[str, str] = {}
    for path in (_OWN, extra) if extra else (_OWN,):
        for kind, names in _read(path):
            for name in names:
                listed[_canonical(name)] = kind
            if isinstance(names, dict):
                aliases |= {_canonical(name): _canonical(target) for name, target in names.items()}
    return Zone(listed, aliases)


def _read(path: Path) -> list[tuple[Answer, list[str] | dict[str, str]]]:
    try:
        content = _ZoneFile.model_validate(yaml.safe_load(path.read_text("utf-8")) or {})
    except (OSError, yaml.YAMLError, ValidationError) as err:
        raise SandboxError(f"{path} is not a zone file: {err}") from err
    return [(answer, getattr(content, answer.value)) for answer in Answer]


def _canonical(name: str) -> str:
    name = name.rstrip(".").lower()
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name
