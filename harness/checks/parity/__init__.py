"""Parity: does the bundle's handler find what torchvision finds, with the same weights on the same frames?

    worker     runs in a process of its own: the bundle's handler, or plain torchvision eager in float32
    runner     unpacks a bundle and has both answer one clip
    drift      holds one answer against the other: lost objects, new objects, other labels, drift

Needs no truth and works with any weights: what is judged is the handler's decoding, scaling, precision and speed-ups.
"""

from __future__ import annotations

from harness.checks.parity.drift import REDUCED, SAME, Parity, Tolerance, judge
from harness.checks.parity.runner import Subject, run

__all__ = ["REDUCED", "SAME", "Parity", "Subject", "Tolerance", "judge", "run"]
