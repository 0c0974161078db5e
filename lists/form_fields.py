"""How Prefect's pages show a field of a model in a form."""

from typing import Any


def may_be_empty(schema: dict[str, Any]) -> None:
    """Have a field that may be None shown as a plain field that is left empty.

    Otherwise the form has a switch between the value and None, which nobody understands. Goes into
    `Field(json_schema_extra=...)`. The model still takes None.
    """
    (value,) = [each for each in schema.pop("anyOf") if each != {"type": "null"}]
    schema.pop("default", None)
    schema.update(value)
