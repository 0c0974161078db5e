"""Configuration sets and where they publish events. SNS is the only kind of destination here."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.behaviour import EventType
from sandbox.errors import ApiError, bad_request, not_found

if TYPE_CHECKING:
    from sandbox.world import World

_TYPES = {kind.name: kind for kind in EventType}
# A valid choice in the API; this account has no contact lists that could cause it.
_NEVER_PUBLISHED = {"SUBSCRIPTION"}
# What SES writes to a topic when it becomes an event destination: plain text, not JSON.
_VALIDATED = "Successfully validated SNS topic for Amazon SES event publishing."


@dataclass
class Destination:
    """An event destination of a configuration set."""

    name: str
    enabled: bool
    types: list[str]
    topic_arn: str

    def wants(self, kind: EventType) -> bool:
        """Return whether events of this type go there."""
        return self.enabled and kind.name in self.types

    def as_json(self) -> dict[str, Any]:
        """Return the destination as the API shows it."""
        return {
            "Name": self.name,
            "Enabled": self.enabled,
            "MatchingEventTypes": self.types,
            "SnsDestination": {"TopicArn": self.topic_arn},
        }


@dataclass
class ConfigurationSet:
    """A configuration set; `options` holds what was given at its creation."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    sending_enabled: bool = True
    destinations: dict[str, Destination] = field(default_factory=dict)


def create(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """CreateConfigurationSet."""
    name = str(body.get("ConfigurationSetName") or "")
    if (
        not name
        or len(name) > 64
        or not name.isascii()
        or not name.replace("-", "").replace("_", "").isalnum()
    ):
        raise bad_request("A configuration set's name has 1 to 64 ASCII letters, digits, '_' and '-'.")
    if name in world.configuration_sets:
        raise ApiError(400, "AlreadyExistsException", f"Configuration set {name} already exists.")
    sending = body.get("SendingOptions", {}).get("SendingEnabled", True)
    world.configuration_sets[name] = ConfigurationSet(name, dict(body), bool(sending))
    return {}


def get(world: "World", name: str) -> dict[str, Any]:
    """GetConfigurationSet."""
    found = existing(world, name)
    return found.options | {
        "ConfigurationSetName": name,
        "SendingOptions": {"SendingEnabled": found.sending_enabled},
    }


def list_all(world: "World") -> dict[str, Any]:
    """ListConfigurationSets, whole."""
    return {"ConfigurationSets": list(world.configuration_sets)}


def delete(world: "World", name: str) -> dict[str, Any]:
    """DeleteConfigurationSet."""
    del world.configuration_sets[existing(world, name).name]
    return {}


def put_sending(world: "World", name: str, body: dict[str, Any]) -> dict[str, Any]:
    """PutConfigurationSetSendingOptions."""
    existing(world, name).sending_enabled = bool(body.get("SendingEnabled", False))
    return {}


def create_destination(world: "World", name: str, body: dict[str, Any]) -> dict[str, Any]:
    """CreateConfigurationSetEventDestination: tells the topic that it was validated."""
    found = existing(world, name)
    destination_name = str(body.get("EventDestinationName") or "")
    if destination_name in found.destinations:
        raise ApiError(
            400,
            "AlreadyExistsException",
            f"An event destination {destination_name} already exists in {name}.",
        )
    found.destinations[destination_name] = _parse(world, destination_name, body)
    return {}


def get_destinations(world: "World", name: str) -> dict[str, Any]:
    """GetConfigurationSetEventDestinations."""
    return {"EventDestinations": [d.as_json() for d in existing(world, name).destinations.values()]}


def update_destination(world: "World", name: str, destination: str, body: dict[str, Any]) -> dict[str, Any]:
    """UpdateConfigurationSetEventDestination."""
    _destination(world, name, destination)
    existing(world, name).destinations[destination] = _parse(world, destination, body)
    return {}


def delete_destination(world: "World", name: str, destination: str) -> dict[str, Any]:
    """DeleteConfigurationSetEventDestination."""
    _destination(world, name, destination)
    del existing(world, name).destinations[destination]
    return {}


def existing(world: "World", name: str) -> ConfigurationSet:
    """Return the configuration set, or raise NotFoundException."""
    found = world.configuration_sets.get(name)
    if found is None:
        raise not_found(f"Configuration set <{name}> does not exist.")
    return found


def _destination(world: "World", name: str, destination: str) -> Destination:
    found = existing(world, name).destinations.get(destination)
    if found is None:
        raise not_found(f"Event destination <{destination}> does not exist in configuration set <{name}>.")
    return found


def _parse(world: "World", name: str, body: dict[str, Any]) -> Destination:
    if not name:
        raise bad_request("EventDestinationName is missing.")
    given = body.get("EventDestination") or {}
    arn = (given.get("SnsDestination") or {}).get("TopicArn")
    if not arn:
        raise bad_request("The sandbox has SNS destinations only.")
    topic = world.topics.by_arn.get(arn)
    if topic is None:
        raise bad_request(f"SNS topic <{arn}> not found.")
    types = list(given.get("MatchingEventTypes") or [])
    unknown = set(types) - set(_TYPES) - _NEVER_PUBLISHED
    if unknown or not types:
        raise bad_request(f"MatchingEventTypes is empty or holds unknown values: {sorted(unknown)}.")
    world.topics.publish(topic, _VALIDATED, world.now(), subject="Amazon SES Email Event Notification")
    return Destination(name, bool(given.get("Enabled", False)), types, arn)
