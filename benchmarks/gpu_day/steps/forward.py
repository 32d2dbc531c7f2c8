"""Measures the network alone: batches that are made before, from pixels on the host to detections on the host."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from benchmarks.gpu_day.measuring import clocks, handlers
from benchmarks.gpu_day.measuring.extent import Extent
from benchmarks.gpu_day.measuring.inputs import Inputs
from benchmarks.gpu_day.measuring.record import Record
from detector.core.frames import FrameBatch
from detector.pipeline import Service


def measure(record: Record, inputs: Inputs, extent: Extent) -> None:
    """Boxes by batch size first, then launches and waits, masks, and the floor; the reduced precision before fp32."""
    counted = extent.usual_batch
    batches = {size: handlers.batch_of(inputs, extent, size) for size in {*extent.batch_sizes, counted}}
    for precision in extent.precisions:
        service = handlers.service_of(inputs, extent, {"PRECISION": precision})
        for with_masks in (False, True):
            for size in extent.batch_sizes:
                _time(record, extent, service, batches[size], precision, with_masks)
            work = partial(_detect, service, batches[counted], with_masks)
            name = f"{precision} {'masks' if with_masks else 'boxes'}, batch {counted}"
            record.fact(**{f"calls of {name}": clocks.counted(work, extent)})
        for size in sorted({1, counted}):
            _floor(record, extent, service, size, precision)


def _detect(service: Service, batch: FrameBatch, with_masks: bool) -> object:
    return service.predictor.detect(batch, score_threshold=0.0, with_masks=with_masks)


def _time(
    record: Record, extent: Extent, service: Service, batch: FrameBatch, precision: str, with_masks: bool
) -> None:
    count = len(batch.frame_indices)
    work = partial(_detect, service, batch, with_masks)
    found = clocks.timed(work, extent, per=count)
    name = f"{precision} {'masks' if with_masks else 'boxes'}, batch {count}"
    record.row(name, **found, peak_mib=clocks.peak_mib(work, extent))


def _floor(record: Record, extent: Extent, service: Service, size: int, precision: str) -> None:
    """Backbone and RPN head alone, on a GPU as one graph: no forward of this network can be faster."""
    network = handlers.network_of(service)
    pictures = torch.zeros(size, 3, *_input_size(network, extent), device=extent.device)
    work = partial(_backbone_and_head, network, pictures.contiguous(memory_format=torch.channels_last))
    with torch.inference_mode():
        replay = _graph(work).replay if extent.on_gpu else work
        found = clocks.timed(replay, extent, per=size)
    record.row(f"floor {precision}, batch {size}", **found)


def _input_size(network: Any, extent: Extent) -> tuple[int, int]:
    side = network.transform.min_size[-1] if extent.size else 96
    return side, side


def _backbone_and_head(network: Any, pictures: torch.Tensor) -> object:
    return network.rpn.head(list(network.backbone(pictures).values()))


def _graph(work: clocks.Work) -> Any:
    side = clocks.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = clocks.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph
