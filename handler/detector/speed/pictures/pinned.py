"""Allocates the host memory of a batch so that a GPU can take it by itself, while the host goes on.

Owns: the choice between pinned and plain memory. Whose memory it is: torch's. It gives a block out again only when
nothing refers to the array any more and the copies that were begun from its start have ended; so a batch is never
overwritten, however many of them wait. With three batches at once, four blocks of one size are all there ever are.
"""

from __future__ import annotations

import logging
import math

import torch

from detector.core.frames import Allocate, pageable
from detector.core.planes import Pixels

logger = logging.getLogger(__name__)

# Pinned memory is never given back to the system, so what only giant pictures need is not pinned.
_MOST_BYTES = 1 << 28


def allocator(device: torch.device) -> Allocate:
    """For batches that go to `device`."""
    return _pinned if device.type == "cuda" else pageable


def _pinned(shape: tuple[int, ...]) -> Pixels:
    """Plain memory where it is too much, or the system gives none."""
    if math.prod(shape) > _MOST_BYTES:
        return pageable(shape)
    try:
        block: Pixels = torch.empty(shape, dtype=torch.uint8, pin_memory=True).numpy()
    except RuntimeError as error:
        logger.warning("no pinned memory for a batch, so it is copied to the GPU more slowly: %s", error)
        return pageable(shape)
    return block
