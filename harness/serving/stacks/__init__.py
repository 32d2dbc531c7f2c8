"""What is served: a package for each serving stack, and the registry of them. A stack knows nothing of how it is run.

To add a stack: write a package beside `torchserve` whose value satisfies `stack.Stack`, enter it in `STACKS`, and run
`tests/harness/serving/stacks/test_contract.py`, which takes every registered stack through the contract.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.core.errors import ConfigurationError
from harness.serving.stacks.stack import LogDialect, Stack
from harness.serving.stacks.torchserve import TORCHSERVE

__all__ = ["STACKS", "LogDialect", "Stack", "default_stack", "stack_named"]

STACKS: Mapping[str, Stack] = {stack.name: stack for stack in (TORCHSERVE,)}


def stack_named(name: str) -> Stack:
    """Raises ConfigurationError for a name that is not registered."""
    if name in STACKS:
        return STACKS[name]
    raise ConfigurationError(f"there is no serving stack {name!r}; choose one of {', '.join(sorted(STACKS))}")


def default_stack() -> Stack:
    """The stack of a project that names none."""
    return TORCHSERVE
