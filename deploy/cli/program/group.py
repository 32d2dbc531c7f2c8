"""Makes a Typer application of sections: the program itself, or a command that has subcommands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import typer

from deploy.cli.program.sections import Section, sectioned
from deploy.cli.program.signature import Command, with_options


def group(
    name: str,
    text: str | None,
    sections: Sequence[Section],
    callback: Command,
    *,
    runs_alone: bool = False,
    is_program: bool = False,
    elsewhere: Mapping[str, str] = MappingProxyType({}),
) -> typer.Typer:
    """`text` is its help; `callback` runs before a command, and without a command where the group `runs_alone`.

    A program can install shell completion. `elsewhere` answers for words that are no command.
    """
    app = typer.Typer(
        name=name,
        cls=sectioned(sections, elsewhere),
        help=text,
        invoke_without_command=runs_alone,
        no_args_is_help=not runs_alone,
        add_completion=is_program,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(with_options(callback))
    return app
