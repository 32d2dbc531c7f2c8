"""Chooses the floating-point format of the network's arithmetic.

Owns: the choice (`chosen`) and the wrapping of one part (`computing_in`). A family decides which parts gain from it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from detector.core.errors import SettingsError
from detector.core.settings import Precision

_TYPES = {Precision.FP32: torch.float32, Precision.FP16: torch.float16, Precision.BF16: torch.bfloat16}


def chosen(asked: Precision, device: torch.device) -> Precision:
    """`auto` is fp16 on CUDA and fp32 elsewhere. Raises SettingsError for a format that is slow on the device."""
    on_cuda = device.type == "cuda"
    if asked is Precision.AUTO:
        return Precision.FP16 if on_cuda else Precision.FP32
    if asked is Precision.FP16 and not on_cuda:
        raise SettingsError(f"PRECISION=fp16 needs a CUDA device, this is {device}; set auto, fp32 or bf16")
    if asked is Precision.BF16 and on_cuda and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise SettingsError("PRECISION=bf16 needs an Ampere GPU or a later one (a T4 is none); set auto, fp16 or fp32")
    return asked


def computing_in(module: nn.Module, precision: Precision, *, keeps_format: bool = False) -> nn.Module:
    """Wrap `module` so that it computes in `precision`; its outputs are float32, unless it keeps the format."""
    dtype = _TYPES[precision]
    return module if dtype is torch.float32 else InType(module, dtype, dtype if keeps_format else torch.float32)


class InType(nn.Module):
    """A module whose weights and arithmetic have another type; it takes any, and gives `result`."""

    def __init__(self, inner: nn.Module, dtype: torch.dtype, result: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.inner = inner.to(dtype)
        self._dtype, self._result = dtype, result

    def forward(self, value: Any) -> Any:
        return _cast(self.inner(_cast(value, self._dtype)), self._result)


def _cast(value: Any, dtype: torch.dtype) -> Any:
    """Cast tensors, and lists, tuples and dictionaries of them."""
    if isinstance(value, torch.Tensor):
        return value.to(dtype)
    if isinstance(value, dict):
        return {name: _cast(each, dtype) for name, each in value.items()}
    return type(value)(_cast(each, dtype) for each in value)
