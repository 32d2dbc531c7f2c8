"""Are the steps that torch has no fast operation for, written in Triton for CUDA devices.

language     is Triton itself
regions      pools regions of interest from all levels at once
suppression  drops the boxes that a better one covers, for many groups at once

Importing a module imports Triton, which comes with torch for CUDA, and compiles with the machine's C compiler: ask
`are_usable` first. For each there is a way without Triton, with the same results, in `speed` or the model's family.
"""

from __future__ import annotations

import logging
from functools import cache

import torch

logger = logging.getLogger(__name__)


@cache
def are_usable(device: torch.device) -> bool:
    """Whether kernels can be compiled for `device` here; if not, the log says why."""
    if device.type != "cuda":
        return False
    try:
        _trial(device)
    except Exception as error:  # whatever a compiler, its C compiler or the driver can raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        logger.warning("Triton's kernels cannot be used, torch's own operations run instead: %s", reason)
        return False
    return True


def _trial(device: torch.device) -> None:
    from detector.speed.kernels import suppression

    same = torch.tensor([[[0.0, 0, 2, 2], [0, 0, 2, 2]]], device=device)
    stays = suppression.kept(same, torch.ones(1, 2, dtype=torch.bool, device=device), 0.5)
    if stays.tolist() != [[True, False]]:
        raise RuntimeError("a kernel gives a wrong answer")
