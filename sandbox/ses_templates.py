"""Inline templates: `{{name}}`, nothing escaped, as SES substitutes."""

import json
import re
from typing import Any

# The model's limit of TemplateData and ReplacementTemplateData, in characters.
_LONGEST_DATA = 262_144
_PLACE = re.compile(r"\{\{\{\s*([\w.-]+)\s*\}\}\}|\{\{\s*([\w.-]+)\s*\}\}")


class MissingAttribute(Exception):
    """The data lacks an attribute; SES finds out after it has accepted the message."""


class Template:
    """A text with places for attributes.

    Raises ValueError for Handlebars blocks and helpers, which this stand-in does not have.
    """

    def __init__(self, text: str) -> None:
        self._literals: list[str] = []
        self._names: list[str] = []
        end = 0
        for place in _PLACE.finditer(text):
            self._literals.append(text[end : place.start()])
            self._names.append(place[1] or place[2])
            end = place.end()
        self._literals.append(text[end:])
        if any("{{" in literal for literal in self._literals):
            raise ValueError("The sandbox substitutes {{name}}; it has no blocks and helpers.")

    def render(self, data: dict[str, Any]) -> str:
        """Return the text with the attributes put in. Raises MissingAttribute with SES's text."""
        parts = [self._literals[0]]
        for name, literal in zip(self._names, self._literals[1:], strict=True):
            parts += (_value(name, data), literal)
        return "".join(parts)


def parse_data(text: object) -> dict[str, Any]:
    """Return TemplateData as a mapping. Raises ValueError where it is no JSON object or too long."""
    if text is None or text == "":
        return {}
    if not isinstance(text, str) or len(text) > _LONGEST_DATA:
        raise ValueError(f"Template data is longer than {_LONGEST_DATA} characters.")
    try:
        data = json.loads(text)
    except json.JSONDecodeError as err:
        raise ValueError("Template data is not valid JSON.") from err
    if not isinstance(data, dict):
        raise ValueError("Template data is not a JSON object.")
    return data


def _value(name: str, data: dict[str, Any]) -> str:
    value: Any = data
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            raise MissingAttribute(f"Attribute '{name}' is not present in the rendering data.")
        value = value[part]
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)
