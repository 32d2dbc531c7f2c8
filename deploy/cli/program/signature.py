"""Makes a command's options from dataclasses: an argument of such a type becomes the options in its fields.

So a group of options is written once and used by any command of any command line. May not: name any option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

Command = Callable[..., None]


def with_options(command: Command) -> Command:
    """The same command with options in place of dataclasses, in the order of the arguments and their fields.

    Typer reads a function's signature, so the wrapper has one that is made of the fields.
    """
    arguments = list(signature(command, eval_str=True).parameters.values())
    parameters = [option for argument in arguments for option in _options(argument)]

    @wraps(command)
    def run(**given: Any) -> None:
        command(**{each.name: _value(each.name, each.annotation, given) for each in arguments})

    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # read by inspect.signature
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _options(argument: Parameter) -> Iterator[Parameter]:
    if not is_dataclass(argument.annotation):
        yield argument.replace(kind=Parameter.KEYWORD_ONLY)
        return
    types = get_type_hints(argument.annotation, include_extras=True)
    for field in fields(argument.annotation):
        default = Parameter.empty if field.default is MISSING else field.default
        option = Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=types[field.name])
        yield from _options(option)


def _value(name: str, kind: Any, given: Mapping[str, Any]) -> Any:
    """The given value of an argument; a dataclass is made from the values of its fields."""
    if not is_dataclass(kind):
        return given[name]
    types = get_type_hints(kind, include_extras=True)
    made: Callable[..., Any] = kind  # type: ignore[assignment]  # is_dataclass is true of instances too
    return made(**{field.name: _value(field.name, types[field.name], given) for field in fields(kind)})
