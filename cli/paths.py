"""Paths that a command writes to: on this machine, for only a file here appears whole or not at all."""

import os
from pathlib import Path

import click


class _Output(click.Path):
    def convert(
        self, value: "str | os.PathLike[str]", param: click.Parameter | None, ctx: click.Context | None
    ) -> "str | bytes | os.PathLike[str]":
        from lists.output_files import is_address

        text = os.fspath(value)
        if is_address(text):
            self.fail(
                f"{text} is not on this machine: name a path here, and copy what is there afterwards.",
                param,
                ctx,
            )
        if not text.strip():
            self.fail("the path is blank: name one.", param, ctx)
        found = super().convert(value, param, ctx)
        if fault := _fault(Path(text)):
            self.fail(fault, param, ctx)
        return found


def _fault(path: Path) -> str:
    """Return why nothing can be made at a path, looking at what is there of it; "" where all is well."""
    for each in (path, *path.parents):
        try:
            each.lstat()
            if each != path and not each.is_dir():
                return f"{path} cannot be written (Not a directory): {each} is no folder."
            if each.is_dir() and not os.access(each, os.W_OK):
                return f"{path} cannot be written: check the permissions of {each}."
            return ""
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as err:
            return f"{path} cannot be written ({err.strerror}): name another place."
    return ""


def folder() -> click.Path:
    """Return the type of a folder to write to, there or not."""
    return _Output(file_okay=False)


def file() -> click.Path:
    """Return the type of a file to write, there or not."""
    return _Output(dir_okay=False)
