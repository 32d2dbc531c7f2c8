"""Lists commands under titles, in the order in which they are needed, and imports each one only when it is called.

A command is the function in the file of its name; that file's docstring is the command's help, so that it can be read
without an import.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from deploy.cli.program.signature import with_options
from deploy.core.errors import ConfigurationError

# The longest summary of a command in `--help`, in characters; most are shorter than a line.
_LONGEST = 90


class _Formatter(Protocol):
    """The part of Typer's formatter that is used here."""

    def section(self, name: str) -> AbstractContextManager[None]: ...

    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None: ...


@dataclass(frozen=True)
class Section:
    """Some commands under one title. Each is the function of its name in a module of `package`, or its Typer `app`."""

    title: str
    package: str
    names: tuple[str, ...]

    def commands(self) -> Iterator[tuple[str, LazyCommand]]:
        for name in self.names:
            yield name, LazyCommand(name, f"{self.package}.{name.replace('-', '_')}")


class LazyCommand(TyperCommand):
    """A command whose file is imported when the command runs or its own help is shown."""

    def __init__(self, name: str, module: str) -> None:
        super().__init__(name)
        self.module = module

    def get_short_help_str(self, limit: int = _LONGEST) -> str:
        self.help = docstring(self.module)
        return super().get_short_help_str(limit)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        return self.load().make_context(*args, **kwargs)

    def load(self) -> Any:
        """The real command or group; Any, because Typer keeps Click's classes to itself."""
        module = import_module(self.module)
        if hasattr(module, "app"):
            return get_command(module.app)
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        function = getattr(module, self.module.rpartition(".")[2])
        app.command(self.name, help=module.__doc__)(with_options(function))
        return get_command(app)


def docstring(module: str) -> str:
    """Read a module's docstring without importing it; a test compares it with the imported module's."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    return inspect.cleandoc(Path(spec.origin).read_text(encoding="utf-8").split('"""', 2)[1])


def sectioned(sections: Sequence[Section], elsewhere: Mapping[str, str] = MappingProxyType({})) -> type[TyperGroup]:
    """A command group that has these commands and whose help lists them under these titles.

    `elsewhere` answers for words that are no command here and that people type all the same.
    """

    class Sectioned(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands.update(command for section in sections for command in section.commands())

        def resolve_command(self, context: Any, arguments: list[str]) -> Any:
            if arguments[0] in elsewhere:
                context.fail(elsewhere[arguments[0]])
            return super().resolve_command(context, arguments)

        def format_commands(self, _: Any, formatter: _Formatter) -> None:
            width = max(len(name) for name in self.commands)
            for section in sections:
                with formatter.section(section.title):
                    rows = [(name.ljust(width), command.get_short_help_str()) for name, command in section.commands()]
                    formatter.write_dl(rows)

    return Sectioned


def refuse_strayed(context: typer.Context) -> None:
    """Refuse an option before the command, such as --env: it belongs to the plan, and the command does not get it."""
    sources = ((name, context.get_parameter_source(name)) for name in context.params)
    strayed = [name for name, source in sources if source is not None and source.name == "COMMANDLINE"]
    if strayed:
        spelled = {each.name: max(each.opts, key=len) for each in context.command.params}
        said = ", ".join(spelled[name] for name in strayed)
        raise ConfigurationError(
            f"{said} comes before `{context.invoked_subcommand}`, which would not heed it: write "
            f"`deploy {context.invoked_subcommand} ...` and the options after it"
        )
