"""COMPILED=backbone answers the same, and answers when nothing can be compiled."""

from __future__ import annotations

import copy
import logging
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from detector import pipeline
from detector.core.settings import Compiled, Precision, Settings
from detector.model.maskrcnn.detector import Detector
from detector.model.maskrcnn.tuning import tuned
from detector.speed.compiling import CompiledModule
from detector.speed.precision import chosen
from tests.handler.networks import CPU, assert_same, batch_of, eager

needs_a_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="torch compiles for a CPU with g++")


@needs_a_compiler
def test_a_compiled_network_finds_the_same_whatever_the_batch(small_network: nn.Module) -> None:
    network = tuned(copy.deepcopy(small_network), CPU, chosen(Precision.FP32, CPU), Compiled.BACKBONE)
    detector = Detector(network, CPU, batch_size=2)
    for count in (2, 1, 3):
        batch = batch_of(2).parts(count)[0] if count < 2 else batch_of(count)
        found = detector.detect(batch, score_threshold=0.0, with_masks=True)
        expected = eager(small_network, batch)
        assert len(found) == len(batch.pixels) == len(expected)
        for frame, other in zip(found, expected, strict=True):
            assert len(frame.masks or ()) == len(frame) > 5
            assert_same(frame, other)


def test_what_cannot_be_compiled_is_said_once_and_computed_as_it_is(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._dynamo.exc import TorchDynamoException

    part, tried = CompiledModule(nn.Identity(), "backbone"), []

    def fails(value: torch.Tensor) -> torch.Tensor:
        tried.append(1)
        raise TorchDynamoException("no C++ compiler")

    monkeypatch.setattr(part, "_fast", [fails])
    with caplog.at_level(logging.WARNING):
        assert [part(torch.ones(1)).item() for _ in range(3)] == [1, 1, 1]
    assert len(tried) == 1
    (message,) = caplog.messages
    assert message.startswith("backbone is not compiled: ")
    assert "unset COMPILED" in message


def test_other_errors_are_not_taken_for_the_compilers(monkeypatch: pytest.MonkeyPatch) -> None:
    part = CompiledModule(nn.Identity(), "backbone")

    def fails(value: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("[enforce fail] can't allocate memory")

    monkeypatch.setattr(part, "_fast", [fails])
    with pytest.raises(RuntimeError, match="allocate"):
        part(torch.ones(1))


@needs_a_compiler
def test_with_a_known_size_the_start_waits_and_no_request_does(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []
    detect = Detector.detect

    def noted(self: Detector, batch: object, **given: object) -> object:
        ran.append(1)
        return detect(self, batch, **given)  # type: ignore[arg-type]  # handed through as it came

    monkeypatch.setattr(Detector, "detect", noted)
    pipeline.load(model_dir, Settings(frame_width=64, frame_height=48, compiled=Compiled.BACKBONE))
    assert len(ran) == 1
    pipeline.load(model_dir, Settings(compiled=Compiled.BACKBONE))
    assert len(ran) == 1
