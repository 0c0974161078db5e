"""Report pages: Jinja2 templates that become one file each, with nothing to load from anywhere."""

import os
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ledger import private_files
from lists.output_files import refuse_address
from reports.errors import ReportError

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, **values: Any) -> str:
    """Return the page of a template in `reports/templates`, everything in it escaped."""
    return _environment().get_template(template).render(**values)


def write(path: Path, page: str) -> None:
    """Write a page so that it appears whole or not at all; raises ReportError where it cannot be written."""
    refuse_address(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        private_files.make_folder(path.parent)
        try:
            private_files.write_text(temporary, page)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as err:
        raise ReportError(
            f"{path} cannot be written ({err.strerror}): check permissions and free space."
        ) from err


def number(value: int | float) -> str:
    """Return a figure with its thousands apart: 12,345."""
    return f"{value:,}"


def percent(share: float, decimals: int = 1) -> str:
    """Return a fraction as per cent; what is neither nothing nor everything never rounds to either."""
    least = 10.0**-decimals
    value = share * 100
    if 0 < value < least:
        return f"< {least:.{decimals}f} %"
    if 100 - least < value < 100:
        return f"> {100 - least:.{decimals}f} %"
    return f"{value:.{decimals}f} %" if 0 < value < 100 else f"{value:.0f} %"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "percent": percent}
    return environment
