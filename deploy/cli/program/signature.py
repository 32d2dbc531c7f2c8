"""Options that several commands take, written once: for this command line and the harness's.

May not: know any option.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

Command = Callable[..., None]


def shared_options(maker: Callable[..., Any], without: Collection[str] = ()) -> Callable[[Command], Command]:
    """The command's first argument, which `maker` makes, becomes the options that `maker` takes.

    They come after the command's own and before its `output_format`. Typer reads a function's signature, so the
    wrapper carries one that is put together.
    """

    def wrapped(command: Command) -> Command:
        _, *own = _parameters(command)
        shared = [each for each in _parameters(maker) if each.name not in without]
        place = [each.name for each in own].index("output_format")
        parameters = [*own[:place], *shared, *own[place:]]

        @wraps(command)
        def run(**given: Any) -> None:
            made = maker(**{each.name: given.pop(each.name) for each in shared})
            command(made, **given)

        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect.signature
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return wrapped


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function, eval_str=True).parameters.values())
