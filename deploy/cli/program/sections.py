"""How `--help` reads: commands in the order in which they are needed, and no option that is silently dropped.

May not: know what a command does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import typer
from typer.core import TyperGroup

from deploy.core.errors import ConfigurationError

_LONGEST = 90
"""Of what a command does, in characters; most are shorter than a line."""


class _Formatter(Protocol):
    """As much of Typer's as is needed here."""

    def section(self, name: str) -> AbstractContextManager[None]: ...

    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None: ...


def grouped(groups: Mapping[str, Sequence[str]]) -> type[TyperGroup]:
    """A command group whose help lists its commands under these titles."""

    class Grouped(TyperGroup):
        def format_commands(self, _: Any, formatter: _Formatter) -> None:
            width = max(len(name) for name in self.commands)
            for title, names in groups.items():
                with formatter.section(title):
                    rows = [(name.ljust(width), self.commands[name].get_short_help_str(_LONGEST)) for name in names]
                    formatter.write_dl(rows)

    return Grouped


def refuse_strayed(context: typer.Context) -> None:
    """An option before the command belongs to the plan, and the command would not see it: another --env, say."""
    sources = ((name, context.get_parameter_source(name)) for name in context.params)
    strayed = [name for name, source in sources if source is not None and source.name == "COMMANDLINE"]
    if strayed:
        spelled = {each.name: max(each.opts, key=len) for each in context.command.params}
        said = ", ".join(spelled[name] for name in strayed)
        raise ConfigurationError(
            f"{said} stands before `{context.invoked_subcommand}`, which would not heed it: write "
            f"`deploy {context.invoked_subcommand} ...` and the options after it"
        )
