"""Parity: whether the bundle's handler finds what torchvision finds, with the same weights on the same frames.

    runner     unpacks a bundle and runs both on one clip
    worker     is the process that answers: the bundle's handler, or plain torchvision, eager in float32
    drift      compares the answers: lost objects, new objects, other labels, drift

Parity needs no truth and works with any weights. It judges the handler's decoding, scaling, precision and speed-ups.
"""

from __future__ import annotations

from harness.checks.parity.drift import REDUCED, SAME, Parity, Tolerance, judge
from harness.checks.parity.runner import Subject, run

__all__ = ["REDUCED", "SAME", "Parity", "Subject", "Tolerance", "judge", "run"]
