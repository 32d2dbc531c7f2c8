"""Backbone and RPN head through torch's compiler, where the setting COMPILED asks for it.

Owns: the compiling, for one shape of input after another, with the weights frozen in; and the way back when a machine
cannot do it (no C++ compiler, most often). What is not compiled stays: its shapes depend on what is in the picture.
"""

from __future__ import annotations

import logging
from typing import Any

import torch
from torch import nn

logger = logging.getLogger(__name__)


def compile_backbone(network: Any) -> None:
    """In place. Each shape of a batch costs its first user tens of seconds, once in the life of the process."""
    network.backbone = Compiled(network.backbone, "backbone")
    network.rpn.head = Compiled(network.rpn.head, "RPN head")


class Compiled(nn.Module):
    """What `inner` gives; as it is from the first time on that it cannot be compiled."""

    def __init__(self, inner: nn.Module, name: str) -> None:
        super().__init__()
        self.inner = inner
        self._name = name
        # Not a module of this one, which would own the weights twice.
        self._fast: list[Any] = [torch.compile(inner, dynamic=False, options={"freezing": True})]

    def forward(self, value: Any) -> Any:
        from torch._dynamo.exc import TorchDynamoException  # only now: it is most of torch's start

        for fast in self._fast:
            try:
                return fast(value)
            except TorchDynamoException as error:
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                logger.warning("%s is not compiled: %s; unset COMPILED, or mend that", self._name, reason)
        self._fast.clear()
        return self.inner(value)
