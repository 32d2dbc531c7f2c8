"""What the steps count and say: differences of answers, the spans of a forward, levers that exist."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from benchmarks.gpu_day.measuring.extent import extent_of
from benchmarks.gpu_day.steps import answers, waterfall
from benchmarks.gpu_day.steps.pairs import variants_of
from benchmarks.gpu_day.steps.table import STEPS
from benchmarks.gpu_day.steps.waterfall import Mark
from detector.core.detections import FrameDetections
from detector.core.settings import from_environment

BOXES = np.array([[0, 0, 10, 10], [20, 20, 40, 40], [50, 0, 60, 10]], np.float32)


def found(boxes: np.ndarray, labels: list[int]) -> FrameDetections:  # type: ignore[type-arg]
    scores = np.linspace(0.9, 0.5, len(boxes), dtype=np.float32)
    return FrameDetections(0, 0.0, boxes.astype(np.float32), np.array(labels, np.int64), scores)


def expected(boxes: np.ndarray, labels: list[int]) -> dict[str, torch.Tensor]:  # type: ignore[type-arg]
    frame = found(boxes, labels)
    return {
        "boxes": torch.from_numpy(frame.boxes),
        "labels": torch.from_numpy(frame.label_ids),
        "scores": torch.from_numpy(frame.scores),
    }


def test_the_same_answers_are_the_same_whatever_their_order() -> None:
    turned = found(BOXES, [1, 2, 3])
    turned = FrameDetections(0, 0.0, turned.boxes[::-1], turned.label_ids[::-1], turned.scores[::-1])
    told = answers.compared([turned], [expected(BOXES, [1, 2, 3])])
    assert (told.same_frames, told.missing, told.extra, told.worst_px, told.objects) == (1, 0, 0, 0.0, 3)


def test_objects_that_overlap_are_each_found_again_once() -> None:
    crowd = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 9, 9], [30, 30, 40, 40]], np.float32)
    told = answers.compared([found(crowd, [1, 1, 1, 2])], [expected(crowd, [1, 1, 1, 2])])
    assert (told.same_frames, told.missing, told.extra) == (1, 0, 0)


def test_a_moved_box_is_measured_and_the_frame_is_no_longer_the_same() -> None:
    told = answers.compared([found(BOXES + 0.5, [1, 2, 3])], [expected(BOXES, [1, 2, 3])])
    assert (told.same_frames, told.missing, told.extra, told.worst_px) == (0, 0, 0, 0.5)


def test_another_label_is_an_object_missing_and_one_too_many() -> None:
    told = answers.compared([found(BOXES, [1, 2, 4])], [expected(BOXES, [1, 2, 3])])
    assert (told.same_frames, told.missing, told.extra, told.missing_scores) == (0, 1, 1, [0.5])


def test_an_empty_frame_is_the_same_as_an_empty_one() -> None:
    told = answers.compared([found(BOXES[:0], [])], [expected(BOXES[:0], [])])
    assert (told.same_frames, told.objects) == (1, 0)


def test_spans_are_named_by_what_lies_around_them_and_add_up() -> None:
    marks = [
        Mark("start", True, 0.0, None),
        Mark("backbone", False, 1.0, None),
        Mark("backbone", True, 3.0, None),
        Mark("RPN head", False, 3.0, None),
        Mark("RPN head", True, 4.0, None),
        Mark("end", False, 10.0, None),
    ]
    spans = waterfall.spans([marks], on_gpu=False, per=2)
    assert {name: each["wall_ms"] for name, each in spans.items()} == {
        "upload, preparation": 500.0,
        "backbone": 1000.0,
        "between the parts": 0.0,
        "RPN head": 500.0,
        "RPN head to end": 3000.0,
    }
    assert sum(each["share"] for each in spans.values()) == 1.0


def test_a_module_that_is_not_called_leaves_no_mark_and_hooks_end_with_their_context() -> None:
    called, silent = nn.Identity(), nn.Identity()
    with waterfall.marked({"called": called, "silent": silent}, on_gpu=False) as marks:
        called(torch.zeros(1))
    called(torch.zeros(1))
    assert [(mark.name, mark.is_end) for mark in marks.made] == [("called", False), ("called", True)]


def test_every_step_has_a_function_and_every_variant_is_a_setting_of_the_handler() -> None:
    assert all(callable(step.measure()) for step in STEPS)
    for device in ("cuda", "cpu"):
        for environment in variants_of(extent_of(device, quick=False)).values():
            from_environment(environment)
