"""Chooses how pictures and maps of the network's convolutions lie in memory: the layout that the device is fastest in.

Owns: the choice by device, and by what a CPU's vectors can. Row pooling and the convolutions of the box head are not
chosen: they win, or cost nothing, in both layouts.

Time of channels last by that of contiguous pictures, torch 2.6 (oneDNN 3.5.3), 800 x 800 pixels, one thread, CPU time,
medians of alternated pairs on an AMD EPYC of the fourth generation; AVX2 and less by ATEN_CPU_CAPABILITY and
ONEDNN_MAX_CPU_ISA, which ONEDNN_VERBOSE confirms:

    ==============================  ========  ======  ======
    part                            AVX512    AVX2    NO AVX
    ==============================  ========  ======  ======
    backbone                        0.91      1.25
    RPN head                        1.03      2.02
    mask head                       0.90      1.05
    whole network with masks        0.95      1.23
    one 3 x 3 convolution           0.97      1.48    2.03
    ==============================  ========  ======  ======

A CPU that has AVX2 only says the same (1.11 and 1.92). The rest does not depend on it: torchvision's pooling takes 9.5
and 10.6 times as long as that of rows, of contiguous maps, and the box head's layers as convolutions take 1.0 of their
time as matrix products. Other architectures were not measured, and keep channels last, which their libraries prefer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

# What torch.backends.cpu.get_cpu_capability() calls x86 vectors for which oneDNN has no good kernel with channels last.
_CONTIGUOUS = ("AVX2", "NO AVX")


def chosen(device: torch.device, capability: str | None = None) -> torch.memory_format:
    """The layout for `device`; a GPU's tensor cores want channels last. `capability` is this machine's by default."""
    if device.type != "cpu":
        return torch.channels_last
    found = capability or torch.backends.cpu.get_cpu_capability()
    return torch.contiguous_format if found in _CONTIGUOUS else torch.channels_last


class Contiguous(nn.Module):
    """A module with the results of `inner`, which is given contiguous pictures and so makes contiguous maps."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, pictures: torch.Tensor) -> Any:
        return self.inner(pictures.contiguous())
