"""Goes on with half as many frames at once where the device's memory does not suffice.

Owns: what is a shortage, and the number of frames that is known to fit. May not: know what is done with the frames.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch

from detector.core.detections import FrameDetections
from detector.core.errors import OutOfMemory
from detector.core.frames import FrameBatch

logger = logging.getLogger(__name__)

_CPU_SHORTAGE = "can't allocate memory"  # torch's CPU allocator raises a plain RuntimeError with this text


class Halving:
    """After running out of memory with several frames at once, half as many are taken for the rest of the process."""

    def __init__(self, device: torch.device, save_memory: Callable[[], object] = lambda: None) -> None:
        self._device = device
        self._save_memory = save_memory
        self.most_at_once = sys.maxsize

    def detected(
        self, batch: FrameBatch, detect: Callable[[FrameBatch], list[FrameDetections]]
    ) -> list[FrameDetections]:
        """What `detect` finds in parts of the batch, in order. Raises OutOfMemory where one frame is too many."""
        while True:
            parts = batch.parts(self.most_at_once)
            try:
                with self._as_current_device():
                    return [found for part in parts for found in detect(part)]
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                shortage = str(error).strip().partition("\n")[0]
            # Out of the except block: the error's traceback held the tensors of the failed attempt.
            self._halve(batch, len(parts[0].pixels), shortage)

    def _as_current_device(self) -> AbstractContextManager[object]:
        """Graphs and kernels run on the device that is current, which each thread has of its own."""
        return torch.cuda.device(self._device) if self._device.type == "cuda" else nullcontext()

    def _halve(self, batch: FrameBatch, tried: int, shortage: str) -> None:
        width, height = batch.size
        failed = f"out of memory on {self._device} with {tried} frames of {width} x {height} pixels at once"
        self._save_memory()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if tried == 1:
            raise OutOfMemory(f"{failed}; lower FRAME_WIDTH or FRAME_HEIGHT in the model's Environment ({shortage})")
        self.most_at_once = tried // 2
        logger.warning("%s; going on with %d: set BATCH_SIZE to that (%s)", failed, self.most_at_once, shortage)


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or _CPU_SHORTAGE in str(error)
