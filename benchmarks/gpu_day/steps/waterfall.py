"""Measures each part of a forward, by marks before and after the network's modules.

A mark is a CUDA event and the host's clock. What lies between two modules is named by both: between RPN head and
RoIAlign are the proposals. Where the handler replays a graph or calls a module otherwise, its marks are missing, and
its time is part of the span around it; the spans always add up to the whole. So it is measured without a graph.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from torch import nn

from benchmarks.gpu_day.measuring import clocks, handlers
from benchmarks.gpu_day.measuring.extent import Extent
from benchmarks.gpu_day.measuring.inputs import Inputs
from benchmarks.gpu_day.measuring.record import Record

_BETWEEN = "between the parts"
_SPANS = {
    ("start", "backbone"): "upload, preparation",
    ("RPN head", "RoIAlign"): "proposals",
    ("box predictor", "end"): "detections, to host",
    ("box predictor", "mask RoIAlign"): "detections",
    ("mask predictor", "end"): "masks pasted, RLE, to host",
    ("start", "end"): "everything",
    ("backbone", "RPN head"): _BETWEEN,
    ("RoIAlign", "box head"): _BETWEEN,
    ("box head", "box predictor"): _BETWEEN,
    ("mask RoIAlign", "mask head"): _BETWEEN,
    ("mask head", "mask predictor"): _BETWEEN,
}


@dataclass(frozen=True)
class Mark:
    name: str
    is_end: bool
    host: float
    event: Any


class Marks:
    def __init__(self, on_gpu: bool) -> None:
        self.on_gpu = on_gpu
        self.made: list[Mark] = []

    def mark(self, name: str, is_end: bool) -> None:
        event = clocks.cuda.Event(enable_timing=True) if self.on_gpu else None
        if event is not None:
            event.record()
        self.made.append(Mark(name, is_end, time.perf_counter(), event))


def measure(record: Record, inputs: Inputs, extent: Extent) -> None:
    """Batch 8 of boxes first, where the handler's default lies, then masks, then one picture."""
    largest = extent.usual_batch
    wanted = [(extent.half, largest, False), (extent.half, largest, True), (extent.half, 1, False)]
    for precision, size, with_masks in dict.fromkeys([*wanted, ("fp32", largest, False)]):
        service = handlers.service_of(inputs, extent, {"PRECISION": precision, "FORWARD": "batched"})
        batch = handlers.batch_of(inputs, extent, size)
        rounds: list[list[Mark]] = []
        with marked(parts_of(handlers.network_of(service)), extent.on_gpu) as marks:
            for _ in range(extent.warm_ups + extent.repeats):
                marks.made = []
                marks.mark("start", True)
                service.predictor.detect(batch, score_threshold=0.0, with_masks=with_masks)
                marks.mark("end", False)
                rounds.append(marks.made)
        name = f"{precision} {'masks' if with_masks else 'boxes'} x{size}"
        for part, figures in spans(rounds[extent.warm_ups :], extent.on_gpu, per=size).items():
            record.row(f"{name}: {part}", **figures)


def parts_of(network: Any) -> dict[str, nn.Module]:
    """The modules that are marked; a network without masks has fewer."""
    heads = network.roi_heads
    named = {
        "backbone": network.backbone,
        "RPN head": network.rpn.head,
        "RoIAlign": heads.box_roi_pool,
        "box head": heads.box_head,
        "box predictor": heads.box_predictor,
        "mask RoIAlign": heads.mask_roi_pool,
        "mask head": heads.mask_head,
        "mask predictor": heads.mask_predictor,
    }
    return {name: module for name, module in named.items() if module is not None}


@contextmanager
def marked(parts: Mapping[str, nn.Module], on_gpu: bool) -> Iterator[Marks]:
    """Marks at every call of the parts, until the context ends."""
    marks = Marks(on_gpu)
    hooks = []
    for name, module in parts.items():
        hooks.append(module.register_forward_pre_hook(lambda *_, name=name: marks.mark(name, False)))
        hooks.append(module.register_forward_hook(lambda *_, name=name: marks.mark(name, True)))
    try:
        yield marks
    finally:
        for hook in hooks:
            hook.remove()


def spans(rounds: Sequence[Sequence[Mark]], on_gpu: bool, per: int) -> dict[str, dict[str, float]]:
    """Medians over the rounds, in milliseconds a picture, and the share of the whole."""
    if on_gpu:
        torch.cuda.synchronize()
    found: dict[str, list[tuple[float, float]]] = {}
    for marks in rounds:
        totals: dict[str, tuple[float, float]] = {}
        for one, other in pairwise(marks):
            name = _span(one, other)
            wall = 1000 * (other.host - one.host) / per
            gpu = one.event.elapsed_time(other.event) / per if on_gpu else wall
            before = totals.get(name, (0.0, 0.0))
            totals[name] = (before[0] + wall, before[1] + gpu)
        for name, pair in totals.items():
            found.setdefault(name, []).append(pair)
    middle = {name: tuple(median(side) for side in zip(*pairs, strict=True)) for name, pairs in found.items()}
    whole = sum(gpu for _, gpu in middle.values()) or 1.0
    return {
        name: {"wall_ms": round(wall, 3), "gpu_ms": round(gpu, 3), "share": round(gpu / whole, 3)}
        for name, (wall, gpu) in middle.items()
    }


def _span(one: Mark, other: Mark) -> str:
    if one.name == other.name and not one.is_end and other.is_end:
        return one.name
    return _SPANS.get((one.name, other.name), f"{one.name} to {other.name}")
