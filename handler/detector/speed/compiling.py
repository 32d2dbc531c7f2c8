"""Compiles a part of a network with torch's compiler, where the setting COMPILED requires it.

Owns: the compilation, once for each shape of input, with the weights frozen in; and the fallback where a machine cannot
compile (most often it has no C++ compiler). The first request of each batch shape waits tens of seconds in every
process.
"""

from __future__ import annotations

import logging
from typing import Any

import torch
from torch import nn

logger = logging.getLogger(__name__)


class CompiledModule(nn.Module):
    """A module with the results of `inner`. After the first failure to compile, `inner` itself runs."""

    def __init__(self, inner: nn.Module, name: str) -> None:
        super().__init__()
        self.inner = inner
        self._name = name
        # In a list, because a submodule would own the weights twice.
        self._fast: list[Any] = [torch.compile(inner, dynamic=False, options={"freezing": True})]

    def forward(self, value: Any) -> Any:
        from torch._dynamo.exc import TorchDynamoException  # imported late: it is most of torch's start

        for fast in self._fast:
            try:
                return fast(value)
            except TorchDynamoException as error:
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                logger.warning("%s is not compiled: %s; unset COMPILED, or mend that", self._name, reason)
        self._fast.clear()
        return self.inner(value)
