"""Paths that a command writes to: on this machine, for only a file here appears whole or not at all."""

import os

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
        return super().convert(value, param, ctx)


def folder() -> click.ParamType:
    """Return the type of a folder to write to, there or not."""
    return _Output(file_okay=False)


def file() -> click.ParamType:
    """Return the type of a file to write, there or not."""
    return _Output(dir_okay=False)
