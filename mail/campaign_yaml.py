"""Reading a campaign file's YAML, and saying in one sentence what is wrong with it."""

import re
from collections.abc import Hashable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mail import yaml_values
from mail.errors import CampaignFileError

# A person mends a few faults at a time; more would bury the first.
_SHOWN_FAULTS = 3

_WANTED = {
    "less_than_equal": ("at most {le:g}", ""),
    "less_than": ("less than {lt:g}", ""),
    "greater_than_equal": ("at least {ge:g}", ""),
    "greater_than": ("more than {gt:g}", ""),
    "literal_error": ("{expected}", ""),
    "enum": ("{expected}", ""),
    "finite_number": ("a number", ""),
    "float_type": ("a number", ""),
    "float_parsing": ("a number", ""),
    "int_type": ("a whole number", ""),
    "int_parsing": ("a whole number", ""),
    "int_from_float": ("a whole number", ""),
    "bool_type": ("true or false", ""),
    "bool_parsing": ("true or false", ""),
    "string_type": ("text", "; put it in quotes"),
    "string_too_short": ("filled in", ""),
    "tuple_type": ("a list such as [a, b]", ""),
}


# A key and a value that begins with one of YAML's signs, or goes on behind its quotes or a colon.
_UNQUOTED = re.compile(r"""\s*[\w-]+:\s+(?:[\[{&*!|>%@`-]|["'].*["']\s*[^\s#]|[^\s"'].*: )""")


class _Loader(yaml.SafeLoader):
    """YAML's safe subset. The standard loader lets the last of two equal keys win, unseen."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"`{key.value}` stands there twice; keep one", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def read(file: Path, model: type[BaseModel]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the file's keys and values, not yet checked, and warnings. Raises CampaignFileError."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as err:
        raise CampaignFileError(f"{file}: there is no such file; check the path.") from err
    except IsADirectoryError as err:
        raise CampaignFileError(f"{file} is a folder; name the campaign file in it.") from err
    except OSError as err:
        raise CampaignFileError(f"{file} cannot be read: {err.strerror}.") from err
    except UnicodeDecodeError as err:
        raise CampaignFileError(f"{file} is not UTF-8 text; save it as UTF-8.") from err
    try:
        content = yaml.load(text, _Loader)
        root = yaml.compose(text, _Loader)
    except yaml.YAMLError as err:
        raise CampaignFileError(f"{file}{_place(err)}; mend it there{_quoting(err, text)}.") from err
    if not isinstance(content, dict):
        raise CampaignFileError(
            f"{file} is not a campaign file: it must hold keys, the first of them `name: ...`."
        )
    warnings = yaml_values.check(file, text, root, model)
    return {str(key): value for key, value in content.items()}, warnings


def explain(file: Path, model: type[BaseModel], error: ValidationError) -> str:
    """One sentence that names the file, each faulty key by its path, and what is allowed there."""
    faults = [_fault(model, fault) for fault in error.errors(include_url=False)]
    rest = len(faults) - _SHOWN_FAULTS
    more = f"; and {rest} more" if rest > 0 else ""
    return f"{file}: {'; '.join(faults[:_SHOWN_FAULTS])}{more}."


def _fault(model: type[BaseModel], fault: ErrorDetails) -> str:
    path = ".".join(str(part) for part in fault["loc"])
    key = f"`{path}`"
    value, context = fault["input"], fault.get("ctx", {})
    match fault["type"]:
        case "missing":
            return f"{key} is missing; add it"
        case "extra_forbidden":
            return f"{key} is not a key {_nearest(model, fault['loc'])}"
        case "value_error":
            return (
                f"{key} {context['error']}" if _is_clause(context["error"]) else f"{key}: {context['error']}"
            )
        case "model_type" | "model_attributes_type" | "dict_type":
            keys = _keys(model, fault["loc"])
            return f"{key} is {_shown(value)}, but must hold keys: {', '.join(keys)}"
        case kind if kind in _WANTED:
            wanted, mend = _WANTED[kind]
            # Left out is a value of its own, and nobody writes it down.
            wanted = wanted.format(**context).removeprefix("'', ").replace("'", "")
            return f"{key} is {_shown(value)}, but must be {wanted}{mend if value is not None else ''}"
        case _:
            return f"{key} is {_shown(value)}: {fault['msg'][:1].lower()}{fault['msg'][1:]}"


def _is_clause(error: object) -> bool:
    return str(error).startswith(("must ", "holds "))


def _nearest(model: type[BaseModel], path: tuple[int | str, ...]) -> str:
    allowed = _keys(model, path[:-1])
    near = get_close_matches(str(path[-1]).lower(), allowed, n=1, cutoff=0.5)
    return f"(did you mean `{near[0]}`?)" if near else f"(allowed are {', '.join(allowed)})"


def _keys(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys that are allowed at a path of the file."""
    for part in path:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        kinds = [fields[str(part)].annotation, *get_args(fields[str(part)].annotation)]
        model = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return [field.alias or name for name, field in model.model_fields.items()]


def _shown(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case dict():
            return "a set of keys"
        case list():
            return "a list"
        case str():
            return f"'{value}'" if len(value) <= 60 else f"'{value[:57]}...'"
        case _:
            return str(value)


def _place(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return f" is not YAML: {error}".replace("\n", " ")
    mark = error.problem_mark
    return f", line {mark.line + 1}, column {mark.column + 1}: {error.problem or error.context}"


def _quoting(error: yaml.YAMLError, text: str) -> str:
    """Return what else may help where a value without quotes broke off."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return ""
    lines = text.splitlines()
    line = lines[error.problem_mark.line] if error.problem_mark.line < len(lines) else ""
    return ", or put the whole value in quotes" if _UNQUOTED.match(line) else ""
